/** The colours of the widget can be read: WCAG 2.2, 1.4.3. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../src/widget/theme.css", import.meta.url), "utf-8");

type Palette = Record<string, string>;

function rule(selector: string): Palette {
  const start = css.indexOf(`\n${selector} {`);
  const body = css.slice(start, css.indexOf("\n}", start));
  return Object.fromEntries([...body.matchAll(/--([\w-]+): ([^;]+);/g)].map(([, name, value]) => [name, value]));
}

const light = rule(".root");
const dark = { ...light, ...rule('.root[data-theme="dark"]') };
const simple = { ...light, ...rule('.root[data-mode="simple"]') };
const simpleDark = { ...dark, ...rule('.root[data-mode="simple"]'), ...rule('.root[data-mode="simple"][data-theme="dark"]') };

/** Red, green, blue as parts of one; of `var(--x, #fff)` what holds when the page says nothing. */
function channels(colour: string): number[] {
  const hex = /#([0-9a-f]{3,6})/i.exec(colour)?.[1] ?? "";
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) / 255);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = channels(colour).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const READ: [words: string, grounds: string[]][] = [
  ["ink", ["paper", "card", "card-tint", "field", "sunken", "agent-card", "alert-pale"]],
  ["ink-soft", ["paper", "card", "card-tint", "agent-card", "sunken"]],
  ["ink-faint", ["field", "card"]],
  ["jade", ["paper", "card", "agent-card"]],
  ["jade-deep", ["paper", "card", "card-tint", "jade-pale"]],
  ["seal", ["paper", "card", "seal-pale", "agent-card"]],
  ["warn-ink", ["warn-pale"]],
  ["alert-ink", ["alert-pale"]],
  ["on-fill", ["fill", "fill-deep", "call", "call-deep", "seal-fill"]],
  ["call-ink", ["on-fill", "on-fill-tint"]],
];

const PALETTES: [name: string, palette: Palette, least: number][] = [
  ["light", light, 4.5],
  ["dark", dark, 4.5],
  ["simple", simple, 4.5],
  ["simple and dark", simpleDark, 4.5],
];

describe.each(PALETTES)("the %s palette", (_name, palette, least) => {
  it.each(READ.flatMap(([words, grounds]) => grounds.map((ground) => [words, ground] as const)))("shows %s on %s", (words, ground) => {
    expect(contrast(palette[words] ?? "", palette[ground] ?? "")).toBeGreaterThanOrEqual(least);
  });
});

describe("the simple mode", () => {
  it.each([simple, simpleDark])("has the contrast of level AAA for what is read", (palette) => {
    for (const [words, ground] of [["ink", "card"], ["ink-soft", "paper"], ["jade-deep", "card"], ["on-fill", "fill"]] as const) {
      expect(contrast(palette[words] ?? "", palette[ground] ?? "")).toBeGreaterThanOrEqual(7);
    }
  });
});

describe("the other styles", () => {
  it.each(["shell.css", "log.css", "cards.css", "menu.css", "simple.css", "suggest.css"])("%s names no colour of its own", (name) => {
    const text = readFileSync(new URL(`../src/widget/${name}`, import.meta.url), "utf-8");
    const own = text.replaceAll(/url\("data:[^"]*"\)/g, "").match(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/gi);
    expect(own).toBeNull();
  });
});
