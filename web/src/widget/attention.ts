/** Calls a player back who looks at something else: a system notification when they allow it, and the tab's title. */

export interface Page {
  title: string;
  readonly hidden: boolean;
  notify(title: string, body: string, onClick: () => void): void; // nothing without the player's permission
}

const FLASH_EVERY_MS = 1000;

export class Attention {
  #own = "";
  #words = "";
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly page: Page,
    private readonly comeBack: () => void, // the notification was clicked
  ) {}

  /** Does nothing while the player looks at the page. */
  call(words: string, body: string): void {
    this.calm();
    if (!this.page.hidden) return;
    this.page.notify(words, body, this.comeBack);
    this.#own = this.page.title;
    this.#words = words;
    this.#timer = setInterval(() => this.#flash(), FLASH_EVERY_MS);
    this.page.title = words;
  }

  calm(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    // The page may have given itself another title meanwhile.
    if (this.page.title === this.#words) this.page.title = this.#own;
  }

  #flash(): void {
    if (!this.page.hidden) return this.calm();
    if (this.page.title !== this.#words) this.#own = this.page.title;
    this.page.title = this.page.title === this.#words ? this.#own : this.#words;
  }
}

export const browserPage: Page = {
  get title() {
    return document.title;
  },
  set title(words) {
    document.title = words;
  },
  get hidden() {
    return document.hidden;
  },
  notify(title, body, onClick) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const notification = new Notification(title, { body, tag: "yunlan-support" });
      notification.onclick = () => {
        window.focus();
        notification.close();
        onClick();
      };
    } catch {
      // Chrome on Android has the constructor and throws: only service workers may notify there.
    }
  },
};

/** To be called from a press of the player's, for something that they want to be told about. */
export function askToNotify(): void {
  if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
}
