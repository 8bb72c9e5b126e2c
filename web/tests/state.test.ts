import { describe, expect, it } from "vitest";
import type { Entry, EntryFrame, PlayerWelcome } from "../src/protocol";
import { botThinks, initialState, judgements, received, unread, welcomed, type ChatState } from "../src/widget/state";

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

const entry = (n: number, more: Partial<Entry> = {}): Entry => ({ n, at: 1000 * n, sender: "bot", kind: "text", text: `t${n}`, ...more });
const frame = (one: Entry, conversation = "c1"): EntryFrame => ({ type: "entry", v: 1, conversation, entry: one });

function after(state: ChatState, ...frames: EntryFrame[]): ChatState {
  return frames.reduce((before, one) => {
    const change = received(before, one);
    if (change === "gap") throw new Error("gap");
    return { ...before, ...change };
  }, state);
}

const fresh = (): ChatState => ({ ...initialState(), ...welcomed(initialState(), welcome()), link: { kind: "online" } });

describe("the player's log", () => {
  it("ignores an entry that it has", () => {
    const state = after(fresh(), frame(entry(1)), frame(entry(1)));
    expect(state.log.entries).toHaveLength(1);
  });

  it("notices a missing entry", () => {
    expect(received(fresh(), frame(entry(2)))).toBe("gap");
  });

  it("drops its copy when the server says so", () => {
    const state = after(fresh(), frame(entry(1)), frame(entry(2)));
    expect(welcomed(state, welcome({ reset: true })).log?.entries).toEqual([]);
    expect(welcomed(state, welcome({ last: 2 })).log?.entries).toHaveLength(2);
  });

  it("shows an older conversation above a new one", () => {
    const state = after(fresh(), frame(entry(1)), frame(entry(1), "c2"));
    expect(state.log).toEqual({ conversation: "c2", entries: [entry(1)] });
    expect(state.past).toHaveLength(1);
  });
});

describe("what status entries say", () => {
  const status = (n: number, event: string, data = {}, name = ""): EntryFrame =>
    frame(entry(n, { sender: "system", kind: "status", event, data, name }));

  it("follows a handoff from the queue to the rating", () => {
    let state = after(fresh(), status(1, "queued", { agents_online: 0 }));
    expect([state.owner, state.agentsOnline]).toEqual(["queue", 0]);
    state = after(state, status(2, "accepted", {}, "Lin"));
    expect([state.owner, state.agent]).toEqual(["agent", "Lin"]);
    state = after(state, status(3, "closed", { episode: "e1" }));
    expect([state.owner, state.rate]).toEqual(["bot", "e1"]);
    expect(after(state, status(4, "rated", { episode: "e1", score: 5 })).rate).toBe("");
  });

  it("does not replay what the welcome has already told", () => {
    const state = { ...fresh(), ...welcomed(fresh(), welcome({ owner: "agent", agent: "Lin", last: 2 })) };
    expect(after(state, status(1, "queued"), status(2, "accepted", {}, "Lin")).owner).toBe("agent");
    expect(after(state, status(1, "closed", { episode: "e1" })).rate).toBe("");
  });
});

describe("what is derived", () => {
  const asked = entry(1, { sender: "player" });

  it("thinks while the newest word is the player's", () => {
    const state = after(fresh(), frame(asked));
    expect(botThinks(state, 2000)).toBe(true);
    expect(botThinks(after(state, frame(entry(2))), 2000)).toBe(false);
    expect(botThinks({ ...state, owner: "agent" }, 2000)).toBe(false);
    expect(botThinks(state, 100_000)).toBe(false);
  });

  it("counts what others have said since the player looked", () => {
    const state = after(fresh(), frame(asked), frame(entry(2)), frame(entry(3, { kind: "status", sender: "system" })));
    expect(unread(state)).toBe(1);
    expect(unread({ ...state, seen: 2 })).toBe(0);
  });

  it("marks an answer that the player has judged", () => {
    const state = after(fresh(), frame(entry(1)), frame(entry(2, { sender: "player", kind: "feedback", entry: 1, helpful: true })));
    expect(judgements(state).get(1)).toBe(true);
  });
});
