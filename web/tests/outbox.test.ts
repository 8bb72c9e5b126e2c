import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outbox, type Pending } from "../src/core/outbox";

interface Message {
  id: string;
  text: string;
}

function setUp() {
  const sent: Message[] = [];
  const kept = new Map<string, Pending<Message>>();
  const world = { online: true, stuck: 0 };
  const outbox = new Outbox<Message>({
    transmit: (frame) => world.online && sent.push(frame) > 0,
    changed: () => undefined,
    keepFailed: () => true,
    stuck: () => void (world.stuck += 1),
  });
  const shelf = {
    put: (item: Pending<Message>) => void kept.set(item.frame.id, item),
    remove: (id: string) => void kept.delete(id),
    all: () => [...kept.values()].sort((a, b) => a.order - b.order),
  };
  outbox.use(shelf, false);
  return { outbox, sent, kept, shelf, world };
}

const say = (id: string): Message => ({ id, text: `text of ${id}` });
const ids = (messages: Message[]): string[] => messages.map((message) => message.id);

describe("outbox", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("sends the next command only when the one before it is acknowledged", () => {
    const { outbox, sent } = setUp();
    outbox.add(say("a"));
    outbox.add(say("b"));
    expect(ids(sent)).toEqual(["a"]);
    outbox.acked("a", 1);
    expect(ids(sent)).toEqual(["a", "b"]);
  });

  it("sends what was in flight once more, with the same id, after a reconnect", () => {
    const { outbox, sent } = setUp();
    outbox.add(say("a"));
    outbox.suspend();
    outbox.resume();
    expect(sent).toEqual([say("a"), say("a")]);
  });

  it("keeps an acknowledged message until its entry is in the log, but does not send it again", () => {
    const { outbox, sent, kept } = setUp();
    outbox.add(say("a"));
    outbox.acked("a", 1);
    expect(outbox.items.map((item) => item.state)).toEqual(["acked"]);
    expect(kept.size).toBe(0);
    outbox.resume();
    expect(ids(sent)).toEqual(["a"]);
    outbox.arrived("a");
    expect(outbox.items).toEqual([]);
  });

  it("forgets an acknowledged command when the log has come to its number, whatever the entry looks like", () => {
    const { outbox } = setUp();
    outbox.add(say("a"));
    outbox.acked("a", 7);
    outbox.reached(6);
    expect(outbox.items).toHaveLength(1);
    outbox.reached(7);
    expect(outbox.items).toEqual([]);
  });

  it("takes an entry that comes before its acknowledgement for one", () => {
    const { outbox, sent } = setUp();
    outbox.add(say("a"));
    outbox.add(say("b"));
    outbox.arrived("a");
    expect(ids(sent)).toEqual(["a", "b"]);
  });

  it("waits as long as a rate limit says and keeps the order", () => {
    const { outbox, sent } = setUp();
    outbox.add(say("a"));
    outbox.add(say("b"));
    expect(outbox.refused("a", "rate_limited", { retry_after_ms: 700 })).toBe(false);
    vi.advanceTimersByTime(699);
    expect(ids(sent)).toEqual(["a"]);
    vi.advanceTimersByTime(2);
    outbox.acked("a");
    expect(ids(sent)).toEqual(["a", "a", "b"]);
  });

  it("gives up a passing failure after some tries", () => {
    const { outbox } = setUp();
    outbox.add(say("a"));
    for (let i = 0; i < 5; i++) {
      expect(outbox.refused("a", "storage")).toBe(false);
      vi.advanceTimersByTime(60_000);
    }
    expect(outbox.refused("a", "storage")).toBe(true);
    expect(outbox.items[0]?.state).toBe("failed");
  });

  it("goes on with the next command after a final refusal, and sends the failed one anew under another id", () => {
    const { outbox, sent } = setUp();
    outbox.add(say("a"));
    outbox.add(say("b"));
    expect(outbox.refused("a", "bad_text")).toBe(true);
    outbox.acked("b");
    outbox.retry("a");
    expect(ids(sent).slice(0, 2)).toEqual(["a", "b"]);
    expect(sent[2]?.text).toBe("text of a");
    expect(sent[2]?.id).not.toBe("a");
  });

  it("finds what an earlier page left, in order, and sends it first", () => {
    const { outbox, kept, shelf, world } = setUp();
    world.online = false;
    outbox.add(say("a"));
    outbox.add(say("b"));
    expect(kept.size).toBe(2);
    const sent: Message[] = [];
    const next = new Outbox<Message>({
      transmit: (frame) => sent.push(frame) > 0,
      changed: () => undefined,
      keepFailed: () => true,
      stuck: () => undefined,
    });
    next.use(shelf, false);
    next.resume();
    next.acked("a");
    expect(ids(sent)).toEqual(["a", "b"]);
  });

  it("says that the connection is stuck when no acknowledgement comes", () => {
    const { outbox, world } = setUp();
    outbox.add(say("a"));
    vi.advanceTimersByTime(10_001);
    expect(world.stuck).toBe(1);
  });
});
