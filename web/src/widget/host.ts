/** What the page around the chat can do and is told: the names of events, and the calls made before the script came. */
import { last } from "../core/log";
import type { OwnerName } from "../protocol";
import { dataNumber, dataText } from "./entry";
import { unread, type ChatState } from "./state";

/** Everything the page can listen to, with what it is told. */
export interface HostEvents {
  open: { open: boolean };
  handoff: { owner: OwnerName; agent: string };
  unread: { count: number };
  message: { n: number; at: number; sender: string; kind: string; text: string };
  rating: { episode: string; score: number };
  error: { code: string };
  token: Record<string, never>; // a token is wanted: call setToken
  transcript: { name: string; text: string }; // may be prevented, by a web view that saves files its own way
}

export type HostEvent = keyof HostEvents;
const EVENTS: readonly string[] = ["open", "handoff", "unread", "message", "rating", "error", "token", "transcript"];

/** Of `expected`, or a TypeError that says what there is. */
export function checkedEvent(name: string): HostEvent {
  if (EVENTS.includes(name)) return name as HostEvent;
  throw new TypeError(`YunlanSupport.on: expected one of ${EVENTS.join(", ")}, got ${name}`);
}

export type News = { [Name in HostEvent]: [name: Name, detail: HostEvents[Name]] }[HostEvent];

/** Finds out what the page has not been told yet. What was in the log before this visit is no news. */
export class Announcer {
  #conversation = "";
  #told = 0;
  #unread = 0;
  #owner: OwnerName = "bot";
  #error = "";

  news(state: ChatState): News[] {
    return [...this.#entries(state), ...this.#counts(state), ...this.#errors(state)];
  }

  #entries(state: ChatState): News[] {
    const { log } = state;
    if (log.conversation === "") return [];
    if (log.conversation !== this.#conversation) {
      this.#conversation = log.conversation;
      this.#told = Math.max(state.foldAfter, state.link.kind === "online" ? 0 : last(log));
    }
    const fresh = log.entries.slice(this.#told);
    this.#told = Math.max(this.#told, last(log));
    return fresh.flatMap(({ n, at, sender, kind, text = "", ...entry }): News[] => {
      if (entry.event === "rated") {
        const rated = { n, at, sender, kind, ...entry };
        return [["rating", { episode: dataText(rated, "episode"), score: dataNumber(rated, "score") }]];
      }
      return kind === "status" || kind === "feedback" ? [] : [["message", { n, at, sender, kind, text }]];
    });
  }

  #counts(state: ChatState): News[] {
    const found: News[] = [];
    const count = unread(state);
    if (count !== this.#unread) found.push(["unread", { count }]);
    if (state.owner !== this.#owner) found.push(["handoff", { owner: state.owner, agent: state.agent }]);
    this.#unread = count;
    this.#owner = state.owner;
    return found;
  }

  #errors({ link, notice }: ChatState): News[] {
    const code = link.kind === "refused" ? link.why : notice;
    const before = this.#error;
    this.#error = code;
    return code && code !== before ? [["error", { code }]] : [];
  }
}

/** `["ask", "…"]`, or a function that is given the element. */
export type Call = readonly [method: string, ...args: unknown[]] | ((support: HTMLElement) => void);

const METHODS: readonly string[] = [
  "open",
  "close",
  "toggle",
  "ask",
  "on",
  "setUser",
  "setToken",
  "setPage",
  "setTheme",
  "setLanguage",
  "logout",
];

/** Makes one call; one that is wrong is said on the console and stops none after it. */
export function make(call: Call, support: HTMLElement): void {
  try {
    if (typeof call === "function") return call(support);
    const [method, ...args] = call;
    if (!METHODS.includes(method)) throw new TypeError(`expected one of ${METHODS.join(", ")}, got ${method}`);
    const methods = support as unknown as Record<string, (...args: unknown[]) => void>;
    methods[method]?.(...args);
  } catch (error) {
    console.error("YunlanSupport.push:", error);
  }
}

/** The calls that the page has made so far by `(window.YunlanSupport ||= []).push(…)`; from now on they go to `support`. */
export function takeCalls(support: HTMLElement): Call[] {
  const holder = window as unknown as { YunlanSupport?: unknown };
  const before = holder.YunlanSupport;
  const ours = before === undefined || Array.isArray(before) || before instanceof support.constructor;
  if (ours) holder.YunlanSupport = support;
  return Array.isArray(before) ? (before as Call[]) : [];
}
