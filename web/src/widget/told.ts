/** What the server is told without an acknowledgement: where in the game the player is, which suggestions they saw. */
import type { Place, PlayerFrame } from "../protocol";

const PAGE_NAME = /^[A-Za-z0-9_/.-]{1,64}$/;

export class Told {
  #page = "";
  #toldPage = "";
  #untold = new Map<Place, readonly string[]>();

  /** `send`; false: there is no connection, and the newest is told with the next one. */
  constructor(private readonly send: (frame: PlayerFrame) => boolean) {}

  get page(): string {
    return this.#page;
  }

  /** 1–64 letters, digits and `_ / . -`. Returns false when the name is none, and changes nothing. */
  setPage(name: string): boolean {
    if (!PAGE_NAME.test(name)) return false;
    this.#page = name;
    this.#tellPage();
    return true;
  }

  shown(place: Place, chips: readonly string[]): void {
    if (!this.send({ type: "shown", v: 1, place, chips: [...chips] })) this.#untold.set(place, chips);
  }

  /** The page for a `hello`. */
  greeting(): { page?: string } {
    this.#toldPage = this.#page;
    return this.#page ? { page: this.#page } : {};
  }

  /** The connection is there: what could not be told, or has changed since the `hello`. */
  catchUp(): void {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const [place, chips] of untold) this.shown(place, chips);
    this.#tellPage();
  }

  #tellPage(): void {
    const page = this.#page;
    if (page !== this.#toldPage && this.send({ type: "page", v: 1, page })) this.#toldPage = page;
  }
}
