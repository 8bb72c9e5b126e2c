/** What a tab keeps of a conversation over a reload, so that it stands there at once; the server then tells what is new. */
import { emptyLog } from "../core/log";
import type { ChatState } from "./state";

const LONGEST = 300_000; // characters; a longer conversation comes from the server again

type Momentary = "link" | "foldAfter" | "rate" | "typing" | "pending" | "skew" | "seen" | "notice";
type Kept = Omit<ChatState, Momentary>;

const key = (scope: string): string => `yunlan:log:${scope}`;

export function remember(scope: string, state: ChatState): void {
  if (scope === "" || state.log.entries.length === 0) return;
  const { link, foldAfter, rate, typing, pending, skew, seen, notice, ...rest } = state;
  const kept: Kept = rest;
  const text = JSON.stringify(kept);
  try {
    if (text.length <= LONGEST) sessionStorage.setItem(key(scope), text);
    else sessionStorage.removeItem(key(scope));
  } catch {
    // Storage is full or forbidden: the server tells the conversation again.
  }
}

/** {} when nothing, or nothing usable, is kept. */
export function recall(scope: string): Partial<ChatState> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key(scope)) ?? "null") as Kept | null;
    return kept && isWhole(kept) ? kept : {};
  } catch {
    return {};
  }
}

export function drop(scope: string): void {
  try {
    sessionStorage.removeItem(key(scope));
  } catch {
    // Nothing could be kept either.
  }
}

/** A log with a hole would never be mended: the server is only asked for what comes after its end. */
function isWhole({ log }: Kept): boolean {
  const { conversation, entries } = { ...emptyLog(), ...log };
  return conversation !== "" && Array.isArray(entries) && entries.every((entry, i) => entry.n === i + 1);
}
