/** A conversation's log as a client holds it: entries 1, 2, 3 … without gaps. */
import type { Entry } from "../protocol";

export interface Log {
  readonly conversation: string;
  readonly entries: readonly Entry[];
}

export type Step = { kind: "appended"; log: Log } | { kind: "duplicate" } | { kind: "gap" };

export function emptyLog(conversation = ""): Log {
  return { conversation, entries: [] };
}

/** The number of the newest entry, 0 when there is none. */
export function last(log: Log): number {
  return log.entries.length;
}

export function append(log: Log, entry: Entry): Step {
  if (entry.n <= last(log)) return { kind: "duplicate" };
  if (entry.n > last(log) + 1) return { kind: "gap" };
  return { kind: "appended", log: { ...log, entries: [...log.entries, entry] } };
}
