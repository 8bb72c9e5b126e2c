/** How long to wait before trying again: exponential with jitter, so that a restart is not met by everybody at once. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Milliseconds before attempt `attempt` (0 is the first again), between half and all of the exponential step. */
export function delay(attempt: number, random: () => number = Math.random): number {
  const step = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(step / 2 + (step / 2) * random());
}
