/** A WebSocket that says hello, keeps itself alive and comes back. */
import { delay } from "./backoff";

export type LinkState =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "online" }
  | { kind: "waiting"; until: number }
  | { kind: "refused"; why: Refusal };

export type Refusal = "token" | "forbidden";

/** Thrown by `hello` when there is no point in trying again. */
export class Refused extends Error {
  constructor(readonly why: Refusal) {
    super(why);
  }
}

export interface LinkOptions<Out, In> {
  url(): string;
  hello(fresh: boolean): Promise<Out>; // fresh: the last credentials were refused
  onFrame(frame: In): void;
  onState(state: LinkState): void;
  onClose?(code: number): void;
}

const WELCOME_WITHIN_MS = 15_000; // the time to get a token included
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
const CLOSE_FORBIDDEN = 4403;
const CLOSE_TOKEN = 4401;

export class Link<Out extends { type: string }, In extends { type: string }> {
  state: LinkState = { kind: "idle" };
  #socket: WebSocket | null = null;
  #attempt = 0;
  #tokenRefused = 0;
  #generation = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: LinkOptions<Out, In>) {}

  start(): void {
    if (this.state.kind !== "idle") return;
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    void this.#connect();
  }

  stop(): void {
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#abandon();
    this.#set({ kind: "idle" });
  }

  /** Tries now, also after a refusal. */
  retry(): void {
    this.#tokenRefused = 0;
    this.#abandon();
    void this.#connect();
  }

  /** This connection is of no use: another one, after the usual wait. */
  restart(): void {
    this.#lost();
  }

  send(frame: Out): boolean {
    if (this.state.kind !== "online" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  readonly #hurry = (): void => {
    if (this.state.kind === "waiting" && document.visibilityState !== "hidden") this.retry();
  };

  async #connect(): Promise<void> {
    const generation = ++this.#generation;
    this.#set({ kind: "connecting" });
    this.#later(WELCOME_WITHIN_MS, () => this.state.kind === "connecting" && this.#lost());
    let hello: Out;
    try {
      hello = await this.options.hello(this.#tokenRefused > 0);
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof Refused) this.#refuse(error.why);
      else this.#lost();
      return;
    }
    if (generation === this.#generation) this.#open(hello);
  }

  #open(hello: Out): void {
    const socket = new WebSocket(this.options.url());
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = (event) => this.#receive(JSON.parse(String(event.data)) as In);
    socket.onclose = (event) => this.#closed(event.code);
  }

  #receive(frame: In): void {
    if (frame.type === "pong") {
      clearTimeout(this.#pongTimer);
      this.#pongTimer = undefined;
      this.#attempt = 0; // the connection has proved itself
    }
    if (frame.type === "welcome") {
      this.#tokenRefused = 0;
      this.#set({ kind: "online" });
      this.options.onFrame(frame);
      this.#ping();
      return;
    }
    this.options.onFrame(frame);
  }

  #ping(): void {
    this.send({ type: "ping", v: 1 } as unknown as Out);
    if (this.#pongTimer === undefined) this.#pongTimer = setTimeout(() => this.#lost(), PONG_WITHIN_MS);
    this.#later(PING_EVERY_MS, () => this.#ping());
  }

  #closed(code: number): void {
    this.options.onClose?.(code);
    if (code === CLOSE_FORBIDDEN) return this.#refuse("forbidden");
    if (code !== CLOSE_TOKEN) return this.#lost();
    this.#tokenRefused += 1;
    if (this.#tokenRefused > 1) return this.#refuse("token");
    this.#abandon();
    void this.#connect();
  }

  #lost(): void {
    this.#abandon();
    const wait = delay(this.#attempt);
    this.#attempt += 1;
    this.#set({ kind: "waiting", until: Date.now() + wait });
    this.#later(wait, () => void this.#connect());
  }

  #refuse(why: Refusal): void {
    this.#abandon();
    this.#set({ kind: "refused", why });
  }

  #abandon(): void {
    this.#generation += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #set(state: LinkState): void {
    this.state = state;
    this.options.onState(state);
  }
}

/** `https://x.example` → `wss://x.example/ws/player`. */
export function socketUrl(server: string, path: string): string {
  const url = new URL(path, server);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
