import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PlayerFrame, PlayerWelcome, ToPlayer } from "../src/protocol";
import { ReadMarks } from "../src/core/readMarks";
import { Session } from "../src/widget/session";

/** A server's end of a socket, and the browser's things that a session uses. */
class FakeSocket {
  static readonly OPEN = 1;
  static newest: FakeSocket;
  readyState = 1;
  sent: PlayerFrame[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor() {
    FakeSocket.newest = this;
  }
  send(data: string): void {
    this.sent.push(JSON.parse(data) as PlayerFrame);
  }
  close(): void {
    this.readyState = 3;
  }
  says(frame: ToPlayer): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

class FakeStorage {
  [key: string]: unknown;
  getItem(key: string): string | null {
    return (this[key] as string) ?? null;
  }
  setItem(key: string, value: string): void {
    this[key] = value;
  }
  removeItem(key: string): void {
    delete this[key];
  }
}

const token = `x.${btoa(JSON.stringify({ sub: "p" }))}.x`;
const card = { id: "faq:pay.x", text: "充值没到账怎么办？", why: "order_pending", data: { order_tail: "1234" } };
const welcome = (more: Partial<PlayerWelcome> = {}): PlayerWelcome => ({
  type: "welcome",
  v: 1,
  conversation: "c1",
  player: { id: "p", name: "P" },
  owner: "bot",
  last: 0,
  reset: false,
  chips: [],
  ...more,
});

let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("localStorage", new FakeStorage());
  vi.stubGlobal("document", { addEventListener: vi.fn(), removeEventListener: vi.fn(), visibilityState: "visible" });
  vi.stubGlobal("addEventListener", vi.fn());
  vi.stubGlobal("removeEventListener", vi.fn());
  session = make();
});
afterEach(() => {
  session.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function make(): Session {
  const made = new Session({ server: "http://support.test", source: { url: "", body: "" }, scope: "p", needToken: () => {} });
  made.setToken(token);
  return made;
}

/** Connects, with what `welcome` says. */
async function connect(more: Partial<PlayerWelcome> = {}, between: () => void = () => {}): Promise<FakeSocket> {
  session.start();
  await vi.advanceTimersByTimeAsync(0);
  const socket = FakeSocket.newest;
  socket.onopen?.();
  between();
  socket.says(welcome(more));
  return socket;
}

const sent = (socket: FakeSocket, type: string): PlayerFrame[] => socket.sent.filter((frame) => frame.type === type);

describe("the connection", () => {
  it("is tried again when the page's token address never answers", async () => {
    session.stop();
    const fetch = vi.fn(() => new Promise<Response>(() => {}));
    vi.stubGlobal("fetch", fetch);
    const source = { url: "http://game.test/token", body: "" };
    session = new Session({ server: "http://support.test", source, scope: "p", needToken: () => {} });
    session.start();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(session.store.state.link.kind).toBe("waiting");
    await vi.advanceTimersByTimeAsync(500);
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

describe("suggestions over the wire", () => {
  it("says where a chip was picked and what was typed", async () => {
    const socket = await connect();
    session.pick(card, "completion", "chongz");
    const [pick] = sent(socket, "pick");
    expect(pick).toMatchObject({ chip: card.id, place: "completion", typed: "chongz" });
    expect(session.store.state.pending[0]?.label).toBe(card.text);
  });

  it("tells what was shown before the connection was there, the newest of a place", async () => {
    session.shown("answer", ["faq:a"]);
    session.shown("answer", ["faq:b"]);
    const socket = await connect();
    expect(sent(socket, "shown")).toEqual([{ type: "shown", v: 1, place: "answer", chips: ["faq:b"] }]);
    session.shown("opening", ["faq:c"]);
    expect(sent(socket, "shown")).toHaveLength(2);
  });

  it("keeps a dismissed card away, also from the next visit, but not another order's", async () => {
    await connect({ card });
    expect(session.store.state.card).toEqual(card);
    session.dismissCard();
    expect(session.store.state.card).toBeNull();
    session.stop();
    session = make();
    const socket = await connect({ card });
    expect(session.store.state.card).toBeNull();
    const other = { ...card, data: { order_tail: "9999" } };
    socket.says({ type: "suggestions", v: 1, chips: [], card: other });
    expect(session.store.state.card).toEqual(other);
  });

  it("names the page in the hello, later changes in frames, and a bad name not at all", async () => {
    session.setPage("shop/recharge");
    const socket = await connect({}, () => session.setPage("market"));
    expect(sent(socket, "hello")).toMatchObject([{ page: "shop/recharge" }]);
    expect(sent(socket, "page")).toMatchObject([{ page: "market" }]);
    expect(session.setPage("集市")).toBe(false);
    expect(session.setPage("x".repeat(65))).toBe(false);
    session.setPage("market");
    expect(sent(socket, "page")).toHaveLength(1);
  });

  it("does not complete while an agent has the conversation, but in the queue", async () => {
    const socket = await connect({ owner: "agent", agent: "Lin" });
    session.completer.type("充", true);
    expect(sent(socket, "complete")).toEqual([]);
    session.store.set({ owner: "queue" });
    session.completer.type("充值", true);
    expect(sent(socket, "complete")).toMatchObject([{ prefix: "充值" }]);
  });
});

describe("pictures over the wire", () => {
  it("go through the outbox like a message and stay to be tried again when refused", async () => {
    const socket = await connect();
    session.image("a".repeat(32));
    const [first] = sent(socket, "image") as { id: string }[];
    expect(first).toMatchObject({ image: "a".repeat(32) });
    socket.says({ type: "error", v: 1, code: "unknown_image", message: "", id: first?.id ?? "" });
    expect(session.store.state.pending).toMatchObject([{ state: "failed", frame: { image: "a".repeat(32) } }]);
    session.retrySending(first?.id ?? "");
    expect(sent(socket, "image")).toHaveLength(2);
  });
});

describe("read marks over the wire", () => {
  it("raise how far the agent has read, and never lower it", async () => {
    const socket = await connect({ read: 3 });
    socket.says({ type: "read", v: 1, n: 2 });
    expect(session.store.state.read).toBe(3);
    socket.says({ type: "read", v: 1, n: 5 });
    expect(session.store.state.read).toBe(5);
  });

  it("tell how far the player has read at most once a second, the newest only", () => {
    const told: number[] = [];
    const marks = new ReadMarks((n) => told.push(n) > 0);
    for (const n of [1, 2, 3, 3, 2]) marks.reached("c1", n);
    expect(told).toEqual([1]);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([1, 3]);
    marks.reached("c1", 3);
    vi.advanceTimersByTime(5000);
    expect(told).toEqual([1, 3]);
    marks.reached("c2", 1);
    expect(told).toEqual([1, 3, 1]);
  });

  it("are told again when there was no connection", () => {
    const told: number[] = [];
    let online = false;
    const marks = new ReadMarks((n) => online && told.push(n) > 0);
    marks.reached("c1", 4);
    online = true;
    marks.reached("c1", 4);
    expect(told).toEqual([4]);
  });
});
