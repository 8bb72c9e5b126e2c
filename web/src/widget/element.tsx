/**
 * The custom element `<yunlan-support>`: the player's chat in a Shadow DOM, for any page. docs/EMBEDDING.md lists its
 * attributes, methods and events. The script adds the element by itself when its own tag has `data-token-url` or
 * `data-auto`; otherwise the page writes it where it likes.
 *
 *     <script src="https://support.example/widget.js" data-token-url="/my/token" defer></script>
 */
import { render } from "preact";
import { forget } from "../core/keep";
import { LANGUAGES, locale, pickLanguage, type Language } from "../strings";
import { widget as en } from "../strings/en";
import { widget as zh, type WidgetStrings } from "../strings/zh";
import { widget as zhHant } from "../strings/zhHant";
import { App } from "./App";
import { Attention, browserPage } from "./attention";
import { ToolsContext } from "./context";
import { Announcer, checkedEvent, make, takeCalls, type Call, type HostEvent, type HostEvents } from "./host";
import { asTheme, defaultsFrom, Preferred, type Preferences } from "./preferences";
import { drop, recall, remember } from "./recall";
import { Session } from "./session";
import { Sound } from "./sound";
import type { ChatState } from "./state";
import { subject } from "./token";
import { fileName, save, transcript } from "./transcript";
import { turnOf, type Turn } from "./turn";
import cards from "./cards.css?inline";
import log from "./log.css?inline";
import menu from "./menu.css?inline";
import picture from "./picture.css?inline";
import shell from "./shell.css?inline";
import simple from "./simple.css?inline";
import suggest from "./suggest.css?inline";
import theme from "./theme.css?inline";

const STRINGS: Record<Language, WidgetStrings> = { zh, "zh-Hant": zhHant, en };
const CSS_TEXT = theme + shell + log + menu + picture + suggest + cards + simple;
const TAG = "yunlan-support";
const SCRIPT_OPTIONS = ["token-url", "token-body", "player", "server", "lang", "theme", "type", "mode", "page", "open"];
const KEPT_AFTER_LOGOUT = ["prefer"];
const script = document.currentScript as HTMLScriptElement | null;
const scriptOrigin = script?.src ? new URL(script.src).origin : location.origin;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

class YunlanSupport extends HTMLElement {
  static readonly observedAttributes = ["open", "lang", "theme", "type", "mode", "page"];
  static #only: YunlanSupport | null = null; // a page has one player, so it has one chat
  #session: Session | null = null;
  #preferred: Preferred | null = null;
  #announcer = new Announcer();
  #token = "";
  #unwatch: () => void = () => {};
  #lastTurn: Turn = "none";
  #unread = 0;
  #sound = new Sound();
  #attention = new Attention(browserPage, () => this.open());

  connectedCallback(): void {
    if (YunlanSupport.#only && YunlanSupport.#only !== this) return this.#refuse();
    YunlanSupport.#only = this;
    const root = this.shadowRoot ?? this.#attach();
    if (!root.lastElementChild) return;
    this.#begin();
    systemIsDark.addEventListener("change", this.#draw);
    addEventListener("pagehide", this.#remember);
    for (const name of ["click", "keydown"]) document.addEventListener(name, this.#unlockSound, true);
    for (const call of takeCalls(this)) make(call, this);
  }

  disconnectedCallback(): void {
    if (YunlanSupport.#only !== this) return;
    YunlanSupport.#only = null;
    this.#end();
    systemIsDark.removeEventListener("change", this.#draw);
    removeEventListener("pagehide", this.#remember);
    for (const name of ["click", "keydown"]) document.removeEventListener(name, this.#unlockSound, true);
    this.#sound.close();
    const host = this.shadowRoot?.lastElementChild;
    if (host) render(null, host);
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.#session || before === after) return;
    if (name === "page") return this.setPage(after ?? "");
    if (name !== "open") return this.#preferred?.use(this.#scope, this.#defaults());
    if (after !== null) this.#session.start();
    if ((before === null) !== (after === null)) this.#tell("open", { open: after !== null });
    this.#draw();
  }

  open(): void {
    this.setAttribute("open", "");
  }

  close(): void {
    this.removeAttribute("open");
  }

  toggle(): void {
    this.toggleAttribute("open");
  }

  /** Opens the chat and asks `text` in the player's name. */
  ask(text: string): void {
    this.open();
    this.#session?.send(text);
  }

  /** Who plays, from now on. `token` may be left out where the page has a `token-url`. */
  setUser({ token = "", player = subject(token) }: { token?: string; player?: string }): void {
    if (!token && !player) throw new TypeError("YunlanSupport.setUser: expected {token, player} or one of them");
    if (player !== this.#scope || token !== this.#token) this.#exchange(token, player);
  }

  /** A fresh token of the same player. */
  setToken(token: string): void {
    this.#token = token;
    this.#session?.setToken(token);
  }

  /** Where in the game the player is; suggestions follow. */
  setPage(name: string): void {
    if (name && this.#session?.setPage(name) === false) {
      throw new TypeError(`YunlanSupport.setPage: expected 1–64 letters, digits or _ / . -, got ${name}`);
    }
  }

  /** As if the player had chosen it: `system`, `light` or `dark`. */
  setTheme(name: string): void {
    const chosen = asTheme(name);
    if (!chosen) throw new TypeError(`YunlanSupport.setTheme: expected system, light or dark, got ${name}`);
    this.#preferred?.choose({ theme: chosen });
  }

  /** As if the player had chosen it; any tag of a language that the chat speaks. */
  setLanguage(tag: string): void {
    this.#preferred?.choose({ language: pickLanguage([tag], [], LANGUAGES) });
  }

  /** Forgets the player, and what this browser keeps of the conversation. */
  logout(): void {
    const scope = this.#scope;
    this.close();
    this.#exchange("", "");
    forget(scope, KEPT_AFTER_LOGOUT);
    drop(scope);
  }

  /** Calls `listener` at each event of that name; the answer takes it back. */
  on<Name extends HostEvent>(name: Name, listener: (detail: HostEvents[Name]) => void): () => void {
    const type = `yunlan:${checkedEvent(name)}`;
    const hear = (event: Event): void => listener((event as CustomEvent<HostEvents[Name]>).detail);
    this.addEventListener(type, hear);
    return () => this.removeEventListener(type, hear);
  }

  push(...calls: Call[]): void {
    for (const call of calls) make(call, this);
  }

  get #scope(): string {
    return this.getAttribute("player") ?? "";
  }

  #begin(): void {
    const tokenUrl = this.getAttribute("token-url");
    const session = new Session({
      server: this.getAttribute("server") || scriptOrigin,
      source: {
        url: tokenUrl ? new URL(tokenUrl, location.href).href : "",
        body: this.getAttribute("token-body") ?? "",
      },
      scope: this.#scope,
      needToken: () => this.#tell("token", {}),
    });
    this.#session = session;
    this.#preferred = new Preferred(this.#scope, this.#defaults());
    this.#announcer = new Announcer();
    if (this.#token) session.setToken(this.#token);
    session.setPage(this.getAttribute("page") ?? "");
    session.store.set(recall(this.#scope));
    const unwatch = [session.store.watch(() => this.#announce()), this.#preferred.store.watch(this.#draw)];
    this.#unwatch = () => unwatch.forEach((stop) => stop());
    if (this.hasAttribute("open") || session.known) session.start();
    this.#draw();
  }

  #end(): void {
    this.#unwatch();
    this.#attention.calm();
    this.#session?.stop();
    this.#session = null;
  }

  /** Another player, or none. */
  #exchange(token: string, player: string): void {
    this.#remember();
    this.#end();
    this.#token = token;
    if (token) this.removeAttribute("token-url");
    if (player) this.setAttribute("player", player);
    else this.removeAttribute("player");
    if (YunlanSupport.#only === this) this.#begin();
  }

  #refuse(): void {
    console.warn("yunlan-support: this page has a chat already; a second one stays empty");
    this.#tell("error", { code: "second_element" });
  }

  #defaults(): Preferences {
    const language = pickLanguage([this.getAttribute("lang"), document.documentElement.lang], navigator.languages, LANGUAGES);
    return defaultsFrom((name) => this.getAttribute(name), language);
  }

  #attach(): ShadowRoot {
    const root = this.attachShadow({ mode: "open" });
    if ("adoptedStyleSheets" in root) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS_TEXT);
      root.adoptedStyleSheets = [sheet];
    } else {
      (root as ShadowRoot).append(Object.assign(document.createElement("style"), { textContent: CSS_TEXT }));
    }
    root.append(Object.assign(document.createElement("div"), { className: "root" }));
    return root;
  }

  readonly #draw = (): void => {
    const host = this.shadowRoot?.lastElementChild as HTMLElement | null | undefined;
    const [session, preferred] = [this.#session, this.#preferred];
    if (!session || !preferred || !host) return;
    const preferences = preferred.store.state;
    dress(host, preferences);
    const tools = {
      session,
      strings: this.#strings(),
      language: preferences.language,
      preferences,
      choose: (change: Partial<Preferences>) => preferred.choose(change),
      download: () => this.#download(),
    };
    render(
      <ToolsContext.Provider value={tools}>
        <App key={this.#scope} open={this.hasAttribute("open")} onOpen={() => this.open()} onClose={() => this.close()} />
      </ToolsContext.Provider>,
      host,
    );
  };

  #strings(): WidgetStrings {
    const { language, simple } = this.#preferred?.store.state ?? this.#defaults();
    const strings = STRINGS[language];
    return simple ? { ...strings, ...strings.simple } : strings;
  }

  #download(): void {
    const state = this.#session?.store.state;
    if (!state) return;
    const now = Date.now();
    const file = { name: fileName(this.#strings(), now), text: transcript(state, this.#strings(), now) };
    if (this.#tell("transcript", file)) save(file.text, file.name);
  }

  /** Tells the page what it may want to show by itself. */
  #announce(): void {
    const state = this.#session?.store.state;
    if (!state) return;
    for (const [name, detail] of this.#announcer.news(state)) {
      this.#tell(name, detail);
      if (name === "unread") this.#ring(detail.count);
    }
    this.#callBack(state);
  }

  #ring(count: number): void {
    const more = count > this.#unread;
    this.#unread = count;
    const away = !this.hasAttribute("open") || document.hidden;
    if (more && away && this.#preferred?.store.state.sound) this.#sound.play();
  }

  /** A player who waits somewhere else is called when it is their turn. */
  #callBack(state: ChatState): void {
    const turn = turnOf(state, Date.now());
    const before = this.#lastTurn;
    this.#lastTurn = turn;
    if (turn === before) return;
    const { call } = this.#strings();
    if (turn === "called") this.#attention.call(call.title, call.body);
    else if (turn === "served" && before !== "none") this.#attention.call(call.title, call.served(state.agent));
    else this.#attention.calm();
  }

  readonly #remember = (): void => {
    if (this.#session) remember(this.#scope, this.#session.store.state);
  };

  readonly #unlockSound = (): void => {
    if (this.#preferred?.store.state.sound) this.#sound.unlock();
  };

  /** False when a listener has prevented what usually follows. */
  #tell<Name extends HostEvent>(name: Name, detail: HostEvents[Name]): boolean {
    return this.dispatchEvent(new CustomEvent(`yunlan:${name}`, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

function dress(host: HTMLElement, { theme, large, simple, language }: Preferences): void {
  const dark = theme === "dark" || (theme === "system" && systemIsDark.matches);
  host.dataset["theme"] = dark ? "dark" : "light";
  host.dataset["type"] = large ? "large" : "usual";
  host.dataset["mode"] = simple ? "simple" : "usual";
  host.lang = language === "zh-Hant" ? language : locale(language);
}

function addElement(tag: HTMLScriptElement): void {
  if (document.querySelector(TAG)) return;
  const element = document.createElement(TAG);
  for (const name of SCRIPT_OPTIONS) {
    const value = tag.getAttribute(`data-${name}`);
    if (value !== null) element.setAttribute(name, value);
  }
  document.body.append(element);
}

if (!customElements.get(TAG)) customElements.define(TAG, YunlanSupport);
if (script?.hasAttribute("data-token-url") || script?.hasAttribute("data-auto")) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => addElement(script));
  else addElement(script);
}
