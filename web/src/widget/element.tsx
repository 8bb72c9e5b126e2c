/**
 * The custom element `<yunlan-support>`: the player's chat in a Shadow DOM, for any page.
 *
 *     <script src="https://support.example/widget.js" data-token-url="/my/token" defer></script>
 *
 * The script adds the element by itself when its own tag has `data-token-url`; otherwise the page writes
 * `<yunlan-support>` where it likes. Attributes: token-url, token-body (JSON that is sent along), player (whom the page
 * believes to have, for what the browser keeps), server, lang (else the page's own, else the browser's), open.
 */
import { render } from "preact";
import { pickLanguage, type Language } from "../strings";
import { widget as en } from "../strings/en";
import { widget as zh } from "../strings/zh";
import { App } from "./App";
import { Attention, browserPage } from "./attention";
import { ToolsContext } from "./context";
import { Session } from "./session";
import { unread, type ChatState } from "./state";
import { turnOf, type Turn } from "./turn";
import cards from "./cards.css?inline";
import log from "./log.css?inline";
import shell from "./shell.css?inline";

const STRINGS = { zh, en };
const CSS_TEXT = shell + log + cards;
const TAG = "yunlan-support";
const script = document.currentScript as HTMLScriptElement | null;
const scriptOrigin = script?.src ? new URL(script.src).origin : location.origin;

class YunlanSupport extends HTMLElement {
  static readonly observedAttributes = ["open", "lang"];
  #session: Session | null = null;
  #token = "";
  #unwatch: () => void = () => {};
  #lastUnread = 0;
  #lastOwner = "bot";
  #lastTurn: Turn = "none";
  #attention = new Attention(browserPage, () => this.open());

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.#attach();
    if (!root.lastElementChild) return;
    const tokenUrl = this.getAttribute("token-url");
    this.#session = new Session({
      server: this.getAttribute("server") || scriptOrigin,
      source: {
        url: tokenUrl ? new URL(tokenUrl, location.href).href : "",
        body: this.getAttribute("token-body") ?? "",
      },
      scope: this.getAttribute("player") ?? "",
      needToken: () => this.#tell("token", {}),
    });
    if (this.#token) this.#session.setToken(this.#token);
    this.#unwatch = this.#session.store.watch(() => this.#announce());
    if (this.hasAttribute("open") || this.#session.known) this.#session.start();
    this.#draw();
  }

  disconnectedCallback(): void {
    this.#unwatch();
    this.#attention.calm();
    this.#session?.stop();
    this.#session = null;
    const host = this.shadowRoot?.lastElementChild;
    if (host) render(null, host);
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.#session || before === after) return;
    if (name === "open" && after !== null) this.#session.start();
    if (name === "open" && (before === null) !== (after === null)) this.#tell("open", { open: after !== null });
    this.#draw();
  }

  open(): void {
    this.setAttribute("open", "");
  }

  close(): void {
    this.removeAttribute("open");
  }

  /** Opens the chat and asks `text` in the player's name. */
  ask(text: string): void {
    this.open();
    this.#session?.send(text);
  }

  setToken(token: string): void {
    this.#token = token;
    this.#session?.setToken(token);
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
    root.append(document.createElement("div"));
    return root;
  }

  #draw(): void {
    const host = this.shadowRoot?.lastElementChild;
    if (!this.#session || !host) return;
    const language = this.#language();
    const tools = { session: this.#session, strings: STRINGS[language], language };
    render(
      <ToolsContext.Provider value={tools}>
        <App open={this.hasAttribute("open")} onOpen={() => this.open()} onClose={() => this.close()} />
      </ToolsContext.Provider>,
      host,
    );
  }

  /** Tells the page what it may want to show by itself. */
  #announce(): void {
    const state = this.#session?.store.state;
    if (!state) return;
    const count = unread(state);
    if (count !== this.#lastUnread) this.#tell("unread", { count });
    this.#lastUnread = count;
    if (state.owner !== this.#lastOwner) this.#tell("handoff", { owner: state.owner, agent: state.agent });
    this.#lastOwner = state.owner;
    this.#callBack(state);
  }

  /** A player who waits somewhere else is called when it is their turn. */
  #callBack(state: ChatState): void {
    const turn = turnOf(state, Date.now());
    const before = this.#lastTurn;
    this.#lastTurn = turn;
    if (turn === before) return;
    const { call } = STRINGS[this.#language()];
    if (turn === "called") this.#attention.call(call.title, call.body);
    else if (turn === "served" && before !== "none") this.#attention.call(call.title, call.served(state.agent));
    else this.#attention.calm();
  }

  #language(): Language {
    return pickLanguage([this.getAttribute("lang"), document.documentElement.lang]);
  }

  #tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(`yunlan:${name}`, { detail, bubbles: true, composed: true }));
  }
}

function addElement(tag: HTMLScriptElement): void {
  if (document.querySelector(TAG)) return;
  const element = document.createElement(TAG);
  for (const name of ["token-url", "token-body", "player", "server", "lang", "open"]) {
    const value = tag.getAttribute(`data-${name}`);
    if (value !== null) element.setAttribute(name, value);
  }
  document.body.append(element);
}

if (!customElements.get(TAG)) customElements.define(TAG, YunlanSupport);
if (script?.hasAttribute("data-token-url")) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => addElement(script));
  else addElement(script);
}
