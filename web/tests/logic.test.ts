import { describe, expect, it } from "vitest";
import { delay } from "../src/core/backoff";
import { isSendKey } from "../src/core/compose";
import { commandId } from "../src/core/ids";
import { clean, sendable, textLength } from "../src/core/text";
import { duration } from "../src/core/time";
import { LANGUAGES, pickLanguage } from "../src/strings";
import * as en from "../src/strings/en";
import * as zh from "../src/strings/zh";
import * as zhHant from "../src/strings/zhHant";
import { subject } from "../src/widget/token";

const key = (more: Partial<KeyboardEvent>): KeyboardEvent =>
  ({ key: "Enter", shiftKey: false, altKey: false, isComposing: false, keyCode: 13, ...more }) as KeyboardEvent;

describe("the field", () => {
  it("sends on Enter, but not while an input method composes", () => {
    expect(isSendKey(key({}))).toBe(true);
    expect(isSendKey(key({ shiftKey: true }))).toBe(false);
    expect(isSendKey(key({ isComposing: true }))).toBe(false);
    expect(isSendKey(key({ keyCode: 229 }))).toBe(false);
    expect(isSendKey(key({ key: "a" }))).toBe(false);
  });

  it("counts characters as the server does", () => {
    expect(textLength("  灵玉😀 ")).toBe(3);
    expect(sendable(" \n")).toBe(false);
    expect(sendable("字".repeat(2000))).toBe(true);
    expect(sendable("字".repeat(2001))).toBe(false);
  });

  it("sends no half characters", () => {
    expect(clean("a\uD83D b😀")).toBe("a\uFFFD b😀");
  });
});

describe("small things", () => {
  it("makes ids that the protocol allows", () => {
    expect(commandId()).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(commandId()).not.toBe(commandId());
  });

  it("waits longer each time, up to half a minute", () => {
    expect(delay(0, () => 1)).toBe(500);
    expect(delay(3, () => 1)).toBe(4000);
    expect(delay(3, () => 0)).toBe(2000);
    expect(delay(99, () => 1)).toBe(30_000);
  });

  it("writes durations", () => {
    expect([duration(0), duration(75_000), duration(3_675_000)]).toEqual(["0:00", "1:15", "1:01:15"]);
  });

  it("picks a language", () => {
    expect(pickLanguage([null, ""], ["fr", "en-US"])).toBe("en");
    expect(pickLanguage(["", "zh-TW"], ["en"])).toBe("zh");
    expect(pickLanguage([], ["fr"])).toBe("zh");
  });

  it.each([
    ["zh-TW", "zh-Hant"],
    ["zh-HK", "zh-Hant"],
    ["zh_MO", "zh-Hant"],
    ["zh-Hant-CN", "zh-Hant"],
    ["zh-Hans-HK", "zh"],
    ["zh-CN", "zh"],
    ["zh", "zh"],
    ["en-GB", "en"],
  ])("takes %s for %s where traditional Chinese is on offer", (tag, language) => {
    expect(pickLanguage([tag], [], LANGUAGES)).toBe(language);
  });

  it("reads whom a token names", () => {
    const payload = Buffer.from(JSON.stringify({ sub: "玩家1" })).toString("base64url");
    expect(subject(`x.${payload}.y`)).toBe("玩家1");
    expect(subject("nonsense")).toBe("");
  });
});

/** The paths of all leaves of a table of strings. */
function paths(table: object, prefix = ""): string[] {
  return Object.entries(table).flatMap(([name, value]) =>
    typeof value === "object" ? paths(value as object, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

describe("strings", () => {
  it("has every sentence in both languages", () => {
    for (const part of ["widget", "desk"] as const) {
      expect(paths(en[part]).sort()).toEqual(paths(zh[part]).sort());
    }
  });

  it("has every sentence of the chat in traditional characters", () => {
    expect(paths(zhHant.widget)).toEqual(paths(zh.widget));
    expect(zhHant.widget.connection.token).toContain("登入");
  });
});
