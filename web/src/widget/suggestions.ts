/** Where 猜你想问 stands in the log and what is said of each suggestion. Pure. */
import { last } from "../core/log";
import type { Chip } from "../protocol";
import type { WidgetStrings } from "../strings/zh";
import { isBubble, type ChatState } from "./state";

/** `greeting`: under the welcome of an empty log; `end`: after a conversation that rests; `none`: not now. */
export type Spot = "greeting" | "end" | "none";

const RESTS_AFTER_MS = 10 * 60_000;

/** Suggestions are for before typing: what the player says after they came puts them away. */
export function suggestionSpot(state: ChatState, now: number): Spot {
  const { log, card } = state;
  if (state.owner !== "bot" || state.rate !== "" || state.pending.some(isBubble)) return "none";
  if (last(log) === 0) return "greeting";
  const said = log.entries.findLast((entry) => entry.sender === "player")?.n ?? 0;
  if (said > state.offeredAt) return "none";
  if (card !== null || state.offeredAnew) return "end";
  return now + state.skew - (log.entries.at(-1)?.at ?? now) > RESTS_AFTER_MS ? "end" : "none";
}

/** The chips without the one that stands on the card. */
export function besideCard(chips: readonly Chip[], card: Chip | null): readonly Chip[] {
  return card ? chips.filter((chip) => chip.id !== card.id) : chips;
}

/** Why a chip is shown; "" when the server gives no reason. `page`: where in the game the player is. */
export function whyWords(chip: Chip, words: WidgetStrings["suggest"], page: string): string {
  if (!chip.why) return "";
  if (chip.why === "page") return words.page(pageName(dataWord(chip, "page") || page, words.pages));
  if (chip.why === "calendar") return words.calendar(dataWord(chip, "name"));
  return known(words.why, chip.why) ?? words.whyOther; // operators add codes that no table knows
}

/** The sentence of the big card. */
export function cardWords(card: Chip, strings: WidgetStrings, page: string): string {
  const sentence = known(strings.card.sentences, card.why ?? "");
  if (sentence) return sentence((key) => dataWord(card, key));
  return strings.card.other(whyWords(card, strings.suggest, page), card.text);
}

/** The name of the longest known page that `page` lies in, "" for none. */
function pageName(page: string, names: Record<string, string>): string {
  for (let path = page; path !== ""; path = path.slice(0, Math.max(0, path.lastIndexOf("/")))) {
    const name = known(names, path);
    if (name) return name;
  }
  return "";
}

/** What makes a card the same card: a new failed order may bring the same question up again. */
export function cardMark(card: Chip): string {
  return JSON.stringify([card.id, card.why ?? "", card.data ?? {}]);
}

const LONGEST_WORD = 40;

function dataWord(chip: Chip, key: string): string {
  const value = chip.data?.[key];
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value.length <= LONGEST_WORD ? value : "";
}

function known<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
