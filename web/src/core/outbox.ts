/**
 * Commands on their way to the server, in order, each sent again with the same id until it is acknowledged.
 *
 * One command is in flight at a time: so the order in which a person wrote is the order in which it is stored, even
 * when one of the commands is refused for a moment.
 */
import { delay } from "./backoff";
import { commandId } from "./ids";

export interface Pending<F extends { id: string }> {
  frame: F;
  order: number;
  at: number; // when the person did it, local milliseconds
  state: "waiting" | "acked" | "failed";
  label?: string; // what to show of a command that has no text of its own
  n?: number; // the log number it got, once acknowledged
  code?: string; // why it failed
  data?: Record<string, unknown>;
}

export interface OutboxShelf<F extends { id: string }> {
  put(item: Pending<F>): void;
  remove(id: string): void;
  all(): Pending<F>[];
}

export interface OutboxOptions<F extends { id: string }> {
  transmit(frame: F): boolean; // false: no connection, try again at `resume`
  changed(items: readonly Pending<F>[]): void;
  keepFailed(frame: F): boolean; // whether a refused command stays to be seen and tried again
  stuck(): void; // no acknowledgement within the time: the connection is of no use
}

const ACK_WITHIN_MS = 10_000;
const TRIES = 5;
// Refusals that say nothing about the command itself.
const PASSING = new Set(["rate_limited", "storage", "internal", "unavailable"]);

export class Outbox<F extends { id: string }> {
  #items: Pending<F>[] = [];
  #shelf: OutboxShelf<F> | null = null;
  #inFlight = "";
  #tries = 0;
  #order = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pausedUntil = 0;

  constructor(private readonly options: OutboxOptions<F>) {}

  get items(): readonly Pending<F>[] {
    return this.#items;
  }

  /** Whose commands these are; those that an earlier page left on the shelf come first. */
  use(shelf: OutboxShelf<F>, keepCurrent: boolean): void {
    const current = keepCurrent ? this.#items : [];
    const known = new Set(current.map((item) => item.frame.id));
    this.#shelf = shelf;
    this.#items = [...shelf.all().filter((item) => !known.has(item.frame.id)), ...current];
    for (const item of current) shelf.put(item);
    this.#changed();
  }

  add(frame: F, label?: string): void {
    this.#order = Math.max(this.#order + 1, Date.now() * 1000);
    const item: Pending<F> = { frame, order: this.#order, at: Date.now(), state: "waiting" };
    if (label !== undefined) item.label = label;
    this.#items = [...this.#items, item];
    this.#shelf?.put(item);
    this.#changed();
    this.pump();
  }

  /** The connection is there (again): what was in flight is sent once more. */
  resume(): void {
    this.#inFlight = "";
    this.#pausedUntil = 0;
    this.pump();
  }

  /** The connection is gone. */
  suspend(): void {
    clearTimeout(this.#timer);
  }

  /** Stored. `awaited`: the log number of an entry that has not come yet; the command is shown until it does. */
  acked(id: string, awaited = 0): void {
    if (awaited > 0) this.#change(id, { state: "acked", n: awaited });
    else this.arrived(id);
    this.#tries = 0;
    this.#next(id);
  }

  /** The entry of command `id` is in the log. */
  arrived(id: string): void {
    if (!this.#items.some((item) => item.frame.id === id)) return;
    this.#items = this.#items.filter((item) => item.frame.id !== id);
    this.#shelf?.remove(id);
    this.#changed();
    this.#next(id);
  }

  /** The log has come to `n`; what was acknowledged up to there needs no place of its own any more. */
  reached(n: number): void {
    for (const item of this.#items) if (item.state === "acked" && (item.n ?? 0) <= n) this.drop(item.frame.id);
  }

  /** Returns true when the refusal is final. */
  refused(id: string, code: string, data: Record<string, unknown> = {}): boolean {
    const item = this.#items.find((one) => one.frame.id === id);
    if (!item || item.state === "failed") return false;
    if (PASSING.has(code) && (code === "rate_limited" || this.#tries < TRIES)) {
      const wait = typeof data["retry_after_ms"] === "number" ? data["retry_after_ms"] : delay(this.#tries + 1);
      this.#tries += 1;
      this.#pause(wait);
      return false;
    }
    if (this.options.keepFailed(item.frame)) this.#change(id, { state: "failed", code, data });
    else this.drop(id);
    this.#next(id);
    return true;
  }

  /** What is in flight can never be stored. */
  failInFlight(code: string): void {
    if (this.#inFlight) this.refused(this.#inFlight, code);
  }

  /** A failed command once more, as a new one: the server would refuse the old id for ever. */
  retry(id: string, renew: (frame: F) => F = (frame) => frame): void {
    const item = this.#items.find((one) => one.frame.id === id);
    if (!item) return;
    this.drop(id);
    this.add({ ...renew(item.frame), id: commandId() }, item.label);
  }

  drop(id: string): void {
    this.#items = this.#items.filter((item) => item.frame.id !== id);
    this.#shelf?.remove(id);
    this.#changed();
  }

  /** Acknowledged commands whose entry can't come any more, as their conversation is over. */
  forgetAcked(): void {
    for (const item of this.#items) if (item.state === "acked") this.drop(item.frame.id);
  }

  pump(): void {
    if (this.#inFlight || Date.now() < this.#pausedUntil) return;
    const head = this.#items.find((item) => item.state === "waiting");
    if (!head || !this.options.transmit(head.frame)) return;
    this.#inFlight = head.frame.id;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.options.stuck(), ACK_WITHIN_MS);
  }

  #pause(ms: number): void {
    this.#inFlight = "";
    this.#pausedUntil = Date.now() + ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pausedUntil = 0;
      this.pump();
    }, ms);
  }

  #next(id: string): void {
    if (this.#inFlight !== id) return;
    this.#inFlight = "";
    clearTimeout(this.#timer);
    this.pump();
  }

  #change(id: string, patch: Partial<Pending<F>>): void {
    this.#items = this.#items.map((item) => (item.frame.id === id ? { ...item, ...patch } : item));
    const item = this.#items.find((one) => one.frame.id === id);
    // A failed command stays on the shelf as failed; an acknowledged one needs no second sending.
    if (item?.state === "acked") this.#shelf?.remove(id);
    else if (item) this.#shelf?.put(item);
    this.#changed();
  }

  #changed(): void {
    this.options.changed(this.#items);
  }
}
