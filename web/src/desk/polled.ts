/** What a page reads again and again while it is shown. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "./api";

const EVERY_MS = 3000;

/** An answer, or why there is none: an error's code. */
export type Reading<T> = { value: T } | { problem: string };

/** Reads one thing at a time: the next reading begins a while after the last one has ended. */
export class Poller<T> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0; // an answer of an earlier turn comes too late
  #running = false;

  constructor(
    private readonly load: () => Promise<T>,
    private readonly tell: (reading: Reading<T>) => void,
    private readonly hidden: () => boolean = () => document.visibilityState === "hidden",
  ) {}

  /** Reads now and from now on; whatever is on its way is of no use any more. */
  start(): void {
    this.#running = true;
    clearTimeout(this.#timer);
    void this.#read(++this.#turn);
  }

  stop(): void {
    this.#running = false;
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  async #read(turn: number): Promise<void> {
    const reading = await this.load().then(
      (value): Reading<T> => ({ value }),
      (error: unknown): Reading<T> => ({ problem: codeOf(error) }),
    );
    if (!this.#running || turn !== this.#turn) return;
    this.tell(reading);
    this.#later(turn);
  }

  #later(turn: number): void {
    this.#timer = setTimeout(() => {
      if (this.hidden()) this.#later(turn);
      else void this.#read(turn);
    }, EVERY_MS);
  }
}

/** The server's code of a failed call; "unreachable" when there was no answer. */
export function codeOf(error: unknown): string {
  return error instanceof ApiError ? error.code || "other" : "unreachable";
}

export interface Polled<T> {
  value: T | null;
  problem: string; // "" when the last reading came; a value read before is still there
  reload(): void;
}

/** `load` every few seconds for as long as the component is there; a new `key` starts anew. */
export function usePolled<T>(load: () => Promise<T>, key: string): Polled<T> {
  const [state, setState] = useState<{ key: string; value: T | null; problem: string }>({ key, value: null, problem: "" });
  const poller = useMemo(
    () =>
      new Poller(load, (reading) =>
        setState((before) =>
          "value" in reading
            ? { key, value: reading.value, problem: "" }
            : { key, value: before.key === key ? before.value : null, problem: reading.problem },
        ),
      ),
    [key],
  );
  useEffect(() => {
    poller.start();
    return () => poller.stop();
  }, [poller]);
  const current = state.key === key ? state : { value: null, problem: "" };
  return { value: current.value, problem: current.problem, reload: () => poller.start() };
}
