import { describe, expect, it } from "vitest";
import { response } from "../src/desk/deadlines";
import { answered, conversations, offered, remaining, sentToBreak } from "../src/desk/reservations";
import { followedAnew, initialState, mine, named, withEntry, type Command, type DeskState, type Followed } from "../src/desk/state";
import { askable, freeSlots, onlineIn, type Colleague } from "../src/desk/team";
import { belongs, draftName, mayWrite, refusedCode, whispers, whispersWait } from "../src/desk/teamwork";
import type { Conversation, Entry, Note, OfferItem, OfferList } from "../src/protocol";

const offer = (id: string, more: Partial<OfferItem> = {}): OfferItem => ({
  id,
  conversation: `c-${id}`,
  kind: "queue",
  made_at: 100_000,
  expires_at: 120_000,
  ...more,
});

const offers = (items: OfferItem[], more: Partial<OfferList> = {}): OfferList => ({
  type: "offers",
  v: 1,
  items,
  status: "online",
  capacity: 3,
  load: 100,
  ...more,
});

const pending = (frame: Command): DeskState["pending"][number] => ({ frame, order: 1, at: 0, state: "waiting" });
const online = (): DeskState => ({ ...initialState(), status: "online" });
const after = (state: DeskState, frame: OfferList, now: number): DeskState => ({ ...state, ...offered(state, frame, now) });

describe("offers", () => {
  it("counts down to nothing and not below", () => {
    expect(remaining(offer("a"), 105_000)).toEqual({ seconds: 15, share: 0.75 });
    expect(remaining(offer("a"), 130_000)).toEqual({ seconds: 0, share: 0 });
    expect(remaining(offer("a"), 90_000)).toEqual({ seconds: 20, share: 1 });
  });

  it("tells an agent who was sent into a break how many offers passed", () => {
    let state = after(online(), offers([offer("a")]), 100_000);
    state = after(state, offers([offer("b", { expires_at: 140_000 })]), 120_100);
    expect(sentToBreak(state)).toBe(false);
    state = after(state, offers([], { status: "break" }), 140_100);
    expect([sentToBreak(state), state.missed]).toEqual([true, 2]);
  });

  it("does not call an offer missed that was taken away or answered", () => {
    const state = after(online(), offers([offer("a")]), 100_000);
    expect(after(state, offers([]), 110_000).missed).toBe(0);
    const answering = { ...state, pending: [pending({ type: "reject", v: 1, id: "command-1", offer: "a" })] };
    expect(after(answering, offers([]), 121_000).missed).toBe(0);
  });

  it("says nothing of a break that the agent chose", () => {
    expect(sentToBreak({ ...online(), status: "break" })).toBe(false);
  });

  it("starts counting anew after an answer", () => {
    const state = { ...after(online(), offers([offer("a"), offer("b")]), 100_000), missed: 1 };
    expect(answered(state, "a")).toEqual({ offers: [offer("b")], missed: 0 });
  });

  it("keeps the status that the agent has just chosen", () => {
    const choice = pending({ type: "presence", v: 1, id: "command-1", status: "busy", capacity: 5 });
    const state = after({ ...online(), status: "busy", capacity: 5, pending: [choice] }, offers([]), 0);
    expect([state.status, state.capacity, state.load]).toEqual(["busy", 5, 100]);
  });

  it("keeps its own capacity when the server has never heard of one", () => {
    expect(after(online(), offers([], { capacity: 0 }), 0).capacity).toBe(3);
  });

  it("writes load as conversations", () => {
    expect([0, 50, 100, 250].map(conversations)).toEqual(["0", "0.5", "1", "2.5"]);
  });
});

const snapshot = (more: Partial<Conversation> = {}): Conversation => ({
  type: "conversation",
  v: 1,
  conversation: "c1",
  player: { id: "p", name: "P" },
  owner: "agent",
  epoch: 2,
  last: 0,
  agent: "a1",
  agent_name: "小云",
  episode: { id: "e1", state: "active", reason: "button", urgency: 1, requested_at: 10_000 },
  ...more,
});
const followed = (more: Partial<Conversation> = {}, notes: Note[] = []): Followed => ({ ...followedAnew("c1"), snapshot: snapshot(more), notes });
const entry = (n: number, at: number, sender: Entry["sender"], kind: Entry["kind"] = "text"): Entry => ({ n, at, sender, kind, text: "…" });
const note = (n: number, at: number, kind: NonNullable<Note["kind"]>, data = {}): Note => ({ n, at, author: "system", text: "", kind, data });

function said(one: Followed, ...entries: Entry[]): Followed {
  return entries.reduce((before, next) => {
    const step = withEntry(before, next);
    if (step === "gap") throw new Error("gap");
    return step;
  }, one);
}

describe("how long the player has waited", () => {
  it("counts from the request until an agent has written", () => {
    const one = said(followed({ mine: true }), entry(1, 9_000, "player"), entry(2, 11_000, "system", "status"));
    expect(response(one, 70_000)).toEqual({ kind: "first", ms: 60_000, urgency: "calm" });
    const replied = said(one, entry(3, 40_000, "agent"));
    expect(response(replied, 70_000)).toEqual({ kind: "answered", ms: 30_000, urgency: "calm" });
  });

  it("counts from the oldest message that is not answered", () => {
    const one = said(followed(), entry(1, 20_000, "agent"), entry(2, 30_000, "player"), entry(3, 40_000, "player", "pick"));
    expect(response(one, 60_000)).toEqual({ kind: "next", ms: 30_000, urgency: "calm" });
  });

  it("does not take an agent of an earlier episode for the answer", () => {
    const one = said(followed(), entry(1, 5_000, "agent"), entry(2, 9_000, "player"));
    expect(response(one, 20_000)?.kind).toBe("first");
  });

  it("grows urgent with the alerts of this wait, not of an earlier one", () => {
    const old = note(1, 25_000, "alert", { code: "late_next" });
    const one = said(followed({}, [old]), entry(1, 20_000, "agent"), entry(2, 30_000, "player"));
    expect(response(one, 60_000)?.urgency).toBe("calm");
    const warned = { ...one, notes: [old, note(2, 50_000, "alert", { code: "warn_next" })] };
    expect(response(warned, 60_000)?.urgency).toBe("warned");
    const late = { ...warned, notes: [...warned.notes, note(3, 55_000, "alert", { code: "late_next" })] };
    expect(response(late, 60_000)?.urgency).toBe("late");
  });

  it("is nobody's business while the bot or the queue has the conversation", () => {
    expect(response(followed({ owner: "queue" }), 60_000)).toBeNull();
  });
});

describe("working together", () => {
  const guests = [{ id: "a2", display: "小石" }];

  it("lets owner and guests write, and nobody else", () => {
    expect(mayWrite(followed({ mine: true }), "a1")).toBe(true);
    expect(mayWrite(followed({ guests }), "a2")).toBe(true);
    expect(mayWrite(followed({ guests }), "a3")).toBe(false);
    expect(mayWrite(followed({ mine: true, owner: "bot" }), "a1")).toBe(false);
  });

  it("lists what the agent owns and what they help with", () => {
    const state = (id: string): DeskState => ({
      ...initialState(),
      agent: { id, name: id, display: id, role: "agent" },
      followed: { c1: followed({ guests }) },
    });
    expect(mine(state("a2")).map((one) => one.id)).toEqual(["c1"]);
    expect(mine(state("a3"))).toEqual([]);
    expect(belongs(followed({ mine: true, guests }), "a1")).toBe(true);
  });

  it("shows the whispers of this episode until they are read", () => {
    const notes = [note(1, 9_000, "whisper"), note(2, 20_000, "whisper"), note(3, 21_000, "note"), note(4, 30_000, "whisper")];
    const one = followed({}, notes);
    expect(whispers(one, 0).map(({ n }) => n)).toEqual([2, 4]);
    expect(whispers(one, 2).map(({ n }) => n)).toEqual([4]);
    expect(whispersWait(one)).toBe(true);
    expect(whispersWait(said(one, entry(1, 31_000, "agent")))).toBe(false);
  });

  it("tells a colleague's full desk from one's own", () => {
    const ask: Command = { type: "transfer", v: 1, id: "command-1", conversation: "c1", epoch: 1, note: "…", agent: "a2" };
    expect(refusedCode(ask, "capacity_full")).toBe("colleague_capacity_full");
    expect(refusedCode(ask, "stale_epoch")).toBe("stale_epoch");
    expect(refusedCode({ type: "accept", v: 1, id: "command-1", conversation: "c1" }, "capacity_full")).toBe("capacity_full");
  });

  it("keeps the words of a command under what it is and where", () => {
    expect(draftName({ type: "whisper", v: 1, id: "command-1", conversation: "c1", text: "…" })).toBe("whisper:c1");
    expect(draftName({ type: "accept", v: 1, id: "command-1", conversation: "c1" })).toBe("");
  });
});

describe("whom to ask", () => {
  const colleague = (id: string, more: Partial<Colleague> = {}): Colleague => ({
    id,
    display: id,
    role: "agent",
    status: "online",
    capacity: 3,
    load: 0,
    skills: {},
    me: false,
    ...more,
  });

  it("has no place free unless online, nor for half a conversation", () => {
    expect(freeSlots(colleague("a", { load: 150 }))).toBe(1);
    expect(freeSlots(colleague("a", { load: 250 }))).toBe(0);
    expect(freeSlots(colleague("a", { status: "break" }))).toBe(0);
    expect(freeSlots(colleague("a", { load: 400 }))).toBe(0);
  });

  it("puts the free and the skilled first and leaves out oneself and the guests", () => {
    const team = [
      colleague("busy", { status: "busy", skills: { payment: 5 } }),
      colleague("new"),
      colleague("expert", { skills: { payment: 5 } }),
      colleague("me", { me: true }),
      colleague("guest"),
    ];
    expect(askable(team, "payment", ["guest"]).map((one) => one.id)).toEqual(["expert", "new", "busy"]);
    expect(onlineIn(team, "payment")).toBe(1);
  });

  it("remembers what ids are called", () => {
    const names = named({ agents: [colleague("a1", { display: "小云" })], groups: [{ id: "payment", name: "充值" }] });
    expect(names).toEqual({ agents: { a1: "小云" }, groups: { payment: "充值" } });
  });
});
