/** Who serves the player and whether it is their turn, read from the log: a client that comes back late knows it too. */
import { dataNumber } from "./entry";
import type { ChatState } from "./state";

export type Turn = "none" | "waiting" | "called" | "served";

/** Until when an absent player's turn is kept, server's UTC milliseconds; 0 when they are not called. */
export function calledUntil(state: ChatState, now: number): number {
  if (state.owner !== "queue") return 0;
  const newest = state.log.entries.findLast(
    ({ event }) => event === "your_turn" || event === "queued" || event === "requeued",
  );
  if (newest?.event !== "your_turn") return 0;
  const until = dataNumber(newest, "until");
  return until > now + state.skew ? until : 0;
}

export function turnOf(state: ChatState, now: number): Turn {
  if (state.owner === "agent") return "served";
  if (state.owner !== "queue") return "none";
  return calledUntil(state, now) > 0 ? "called" : "waiting";
}

/** The owning agent and, after them, the colleagues they have invited; empty while no agent is there. */
export function team(state: ChatState): string[] {
  if (state.owner !== "agent") return [];
  let guests: string[] = [];
  for (const { event, name = "" } of state.log.entries) {
    if (event === "accepted") guests = [];
    else if (event === "joined") guests = [...guests.filter((other) => other !== name), name];
    else if (event === "left" || event === "transferred" || event === "taken_over") {
      guests = guests.filter((other) => other !== name);
    }
  }
  return [state.agent, ...guests].filter((name) => name !== "");
}
