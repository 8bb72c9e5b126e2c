/** Offers: what this agent is asked to take, how long they have, and how many they have let pass. Pure. */
import type { OfferItem, OfferList } from "../protocol";
import type { DeskState } from "./state";

const CLOCK_SLACK_MS = 1000; // an offer that goes so shortly before its time was missed, not taken away

export interface Remaining {
  seconds: number;
  share: number; // of the whole time, 1 at the start
}

export function remaining(offer: OfferItem, now: number): Remaining {
  const whole = Math.max(1, offer.expires_at - offer.made_at);
  const left = Math.min(whole, Math.max(0, offer.expires_at - now));
  return { seconds: Math.ceil(left / 1000), share: left / whole };
}

/** Whether an answer to this offer is on its way. */
export function isAnswering(state: DeskState, offer: string): boolean {
  return state.pending.some(({ frame }) => (frame.type === "take" || frame.type === "reject") && frame.offer === offer);
}

/**
 * The newest list of offers. Those that ran out of time without an answer are counted, so that an agent who is sent
 * into a break learns why. A status of the agent's own that is on its way outlasts the server's; a capacity of 0 was never set.
 */
export function offered(state: DeskState, frame: OfferList, now: number): Partial<DeskState> {
  const still = new Set(frame.items.map((offer) => offer.id));
  const missed = state.offers.filter(
    (offer) => !still.has(offer.id) && !isAnswering(state, offer.id) && now >= offer.expires_at - CLOCK_SLACK_MS,
  );
  const choosing = state.pending.some(({ frame: one }) => one.type === "presence");
  return {
    offers: frame.items,
    load: frame.load,
    missed: state.missed + missed.length,
    ...(choosing ? {} : { status: frame.status, capacity: frame.capacity || state.capacity }),
  };
}

/** An offer that the agent has answered: it is gone, and the row of missed ones is broken. */
export function answered(state: DeskState, offer: string): Partial<DeskState> {
  return { offers: state.offers.filter((one) => one.id !== offer), missed: 0 };
}

/** Whether missed offers, and not the agent, chose the break. */
export function sentToBreak(state: DeskState): boolean {
  return state.status === "break" && state.missed > 0;
}

/** Units of load as conversations: 150 → "1.5". */
export function conversations(units: number): string {
  return String(Math.round(units / 10) / 10);
}
