/** Asks the server how a question goes on as it is typed: lightly, one at a time, and never takes a late answer. */
import { Store } from "../core/store";
import { clean } from "../core/text";
import { MAX_PREFIX, type Completion, type Completions } from "../protocol";

/** What is on the list, and the text that it goes on from. */
export interface Offer {
  typed: string;
  items: readonly Completion[];
}

const NOTHING: Offer = { typed: "", items: [] };
const MOST = 8;
const DEBOUNCE_MS = 60;
const ANSWER_WITHIN_MS = 1500;

/** Whether a text can be the beginning of a question; a letter of several lines is none. */
export function completable(text: string): boolean {
  const trimmed = text.trim();
  return trimmed !== "" && !trimmed.includes("\n") && [...trimmed].length <= MAX_PREFIX;
}

export interface Piece {
  text: string;
  typed: boolean;
}

/** `text` cut where what was typed begins and ends; `spans` are of code points, end exclusive, and may be odd. */
export function pieces(text: string, spans: readonly (readonly [number, number])[] = []): Piece[] {
  const found: Piece[] = [];
  const add = (part: string, typed: boolean): void => {
    if (part) found.push({ text: part, typed });
  };
  const chars = [...text];
  let done = 0;
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(done, start);
    if (end <= from) continue;
    add(chars.slice(done, from).join(""), false);
    add(chars.slice(from, end).join(""), true);
    done = Math.min(end, chars.length);
  }
  add(chars.slice(done).join(""), false);
  return found;
}

/** The row that an arrow key makes active, -1 for none: past either end there is the field, then the other end. */
export function movedRow(active: number, count: number, down: boolean): number {
  const places = count + 1;
  return ((active + 1 + (down ? 1 : -1) + places) % places) - 1;
}

export class Completer {
  readonly store = new Store<Offer>(NOTHING);
  #wanted = "";
  #asked = "";
  #seq = 0;
  #waits = false; // for the answer to #seq
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lapse: ReturnType<typeof setTimeout> | undefined;

  /** `ask` sends; false: there is no connection. */
  constructor(private readonly ask: (seq: number, prefix: string) => boolean) {}

  /** The field has changed; `now`: no more keystrokes are to be expected at once. */
  type(text: string, now = false): void {
    if (!completable(text)) return this.clear();
    const wanted = clean(text);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    if (now) this.#send();
    else this.#timer = setTimeout(() => this.#send(), DEBOUNCE_MS);
  }

  clear(): void {
    this.#wanted = "";
    clearTimeout(this.#timer);
    if (this.store.state !== NOTHING) this.store.set(NOTHING);
  }

  /** The connection is gone, and what was on its way with it. */
  suspend(): void {
    this.#landed();
    this.clear();
  }

  answered(frame: Completions): void {
    if (!this.#waits || frame.seq !== this.#seq) return;
    this.#landed();
    if (this.#asked === this.#wanted) this.store.set({ typed: this.#asked, items: frame.items.slice(0, MOST) });
    else this.#send();
  }

  #send(): void {
    if (this.#waits || this.#wanted === "" || this.#wanted === this.store.state.typed) return;
    this.#asked = this.#wanted;
    if (!this.ask(++this.#seq, this.#asked)) return this.clear();
    this.#waits = true;
    this.#lapse = setTimeout(() => this.#lapsed(), ANSWER_WITHIN_MS);
  }

  /** No answer, as when the server has had too many questions: the next one may go. */
  #lapsed(): void {
    this.#landed();
    if (this.#asked === this.#wanted) this.store.set(NOTHING);
    else this.#send();
  }

  #landed(): void {
    this.#waits = false;
    clearTimeout(this.#lapse);
  }
}
