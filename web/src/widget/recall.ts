/** What a tab keeps of a conversation over a reload, so that it stands there at once; the server then tells what is new. */
import { emptyLog } from "../core/log";
import type { ChatState } from "./state";

const LONGEST = 300_000; // characters; a longer conversation comes from the server again

type Kept = Pick<ChatState, "playerName" | "log" | "past" | "owner" | "agent" | "agentsOnline" | "queue" | "chips">;

const key = (scope: string): string => `yunlan:log:${scope}`;

export function remember(scope: string, state: ChatState): void {
  const { playerName, log, past, owner, agent, agentsOnline, queue, chips } = state;
  if (scope === "" || log.entries.length === 0) return;
  const kept: Kept = { playerName, log, past, owner, agent, agentsOnline, queue, chips };
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
