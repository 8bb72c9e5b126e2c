/** Tells the server how far its reader has come, at most once a second, and only what it does not know yet. */
const EVERY_MS = 1000;

export class ReadMarks {
  #conversation = "";
  #told = 0;
  #newest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `tell` sends; false: there is no connection, and the mark is told with the next one. */
  constructor(private readonly tell: (n: number, conversation: string) => boolean) {}

  /** Entry `n` of a conversation has been in sight. */
  reached(conversation: string, n: number): void {
    if (conversation !== this.#conversation) {
      this.#conversation = conversation;
      this.#told = this.#newest = 0;
    }
    this.#newest = Math.max(this.#newest, n);
    if (this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#newest <= this.#told || !this.tell(this.#newest, this.#conversation)) return;
    this.#told = this.#newest;
    this.#timer = setTimeout(() => this.#flush(), EVERY_MS);
  }
}
