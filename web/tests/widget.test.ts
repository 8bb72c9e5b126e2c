import { afterEach, describe, expect, it, vi } from "vitest";
import type { Entry, EntryFrame, PlayerWelcome, Queue } from "../src/protocol";
import { widget as en } from "../src/strings/en";
import { widget as zh } from "../src/strings/zh";
import { Attention, type Page } from "../src/widget/attention";
import { eventWords, quotedText, waitWords } from "../src/widget/events";
import { initialState, ratingStage, received, unread, welcomed, type ChatState } from "../src/widget/state";
import { calledUntil, team, turnOf } from "../src/widget/turn";
import { waitRange } from "../src/widget/wait";

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

type Said = [event: string, data?: Record<string, unknown>, name?: string];

const status = (n: number, [event, data = {}, name = ""]: Said): Entry => ({
  n,
  at: 1000 * n,
  sender: "system",
  kind: "status",
  event,
  data,
  name,
});

/** The state after a log of status entries, live or told again after `welcome`. */
function after(said: Said[], greeting: Partial<PlayerWelcome> = {}): ChatState {
  let state: ChatState = { ...initialState(), ...welcomed(initialState(), welcome(greeting)), link: { kind: "online" } };
  for (const [i, one] of said.entries()) {
    const frame: EntryFrame = { type: "entry", v: 1, conversation: "c1", entry: status(i + 1, one) };
    const change = received(state, frame);
    if (change === "gap") throw new Error("gap");
    state = { ...state, ...change };
  }
  return state;
}

const moment = (at: number): string => `<${at}>`;
const says = (one: Said, strings = zh): string => eventWords(status(1, one), strings, moment);

describe("who serves the player", () => {
  const together: Said[] = [["queued"], ["accepted", {}, "Lin"], ["joined", {}, "Ning"], ["joined", {}, "Zhou"]];

  it("names the owner first and then the guests", () => {
    expect(team(after(together))).toEqual(["Lin", "Ning", "Zhou"]);
    expect(team(after([...together, ["left", {}, "Ning"]]))).toEqual(["Lin", "Zhou"]);
  });

  it("makes a guest who takes the conversation its owner, once", () => {
    for (const event of ["transferred", "taken_over"]) {
      const state = after([...together, [event, { from: "Lin" }, "Ning"]]);
      expect([state.owner, state.agent, team(state)]).toEqual(["agent", "Ning", ["Ning", "Zhou"]]);
    }
  });

  it("knows the guests after a reload, when only the log tells of them", () => {
    expect(team(after(together, { owner: "agent", agent: "Lin", last: 4 }))).toEqual(["Lin", "Ning", "Zhou"]);
  });

  it("forgets the guests of an earlier agent", () => {
    expect(team(after([...together, ["requeued"]]))).toEqual([]);
    expect(team(after([...together, ["requeued"], ["accepted", {}, "Yu"]]))).toEqual(["Yu"]);
  });
});

describe("an absent player's turn", () => {
  const kept: Said[] = [["queued"], ["kept"], ["your_turn", { until: 60_000 }]];

  it("is kept until the time is up, by the server's clock", () => {
    const state = after(kept);
    expect(calledUntil(state, 59_000)).toBe(60_000);
    expect(calledUntil(state, 60_000)).toBe(0);
    expect(calledUntil({ ...state, skew: 2000 }, 59_000)).toBe(0);
  });

  it("is over when an agent has the player, or nobody waits any more", () => {
    expect(turnOf(after(kept), 0)).toBe("called");
    expect(turnOf(after([...kept, ["accepted", {}, "Lin"]]), 0)).toBe("served");
    expect(turnOf(after([...kept, ["missed_turn", { number: "T1" }]]), 0)).toBe("none");
    expect(turnOf(after([...kept, ["cancelled"]]), 0)).toBe("none");
    expect(turnOf(after([...kept, ["accepted", {}, "Lin"], ["requeued"]]), 0)).toBe("waiting");
  });

  it("is still known to a client that comes back for it", () => {
    expect(turnOf(after(kept, { owner: "queue", last: 3 }), 0)).toBe("called");
  });

  it("counts as unread, like a question whether the player is there; a routine line does not", () => {
    expect(unread(after(kept))).toBe(1);
    expect(unread(after([["idle_ask"]]))).toBe(1);
    expect(unread(after([["still_waiting", { position: 2 }]]))).toBe(0);
  });
});

describe("what the new status entries change", () => {
  const place: Queue = { type: "queue", v: 1, position: 3 };

  it("shows a kept place at once", () => {
    const waiting = { ...after([["queued"]]), queue: place };
    const change = received(waiting, { type: "entry", v: 1, conversation: "c1", entry: status(2, ["kept"]) });
    expect(change).toMatchObject({ queue: { position: 3, kept: true } });
  });

  it("asks for a rating when the agent's part ended for want of an answer", () => {
    const state = after([["queued"], ["accepted", {}, "Lin"], ["idle_closed", { episode: "e1" }]]);
    expect([state.owner, state.rate, ratingStage(state)]).toEqual(["bot", "e1", "asked"]);
  });

  it("thanks for a rating until the conversation goes on", () => {
    const state = after([["closed", { episode: "e1" }], ["rated", { episode: "e1", score: 4 }]]);
    expect(ratingStage(state)).toBe("thanked");
    expect(ratingStage(after([["closed", { episode: "e1" }], ["rated", { score: 4 }], ["queued"]]))).toBe("none");
  });

  it("ends the wait of a closed group only when a ticket was left", () => {
    expect(after([["queued"], ["group_closed", { opens_at: 5, number: "T1" }]]).owner).toBe("bot");
    expect(after([["queued"], ["group_closed", { opens_at: 5, number: "" }]]).owner).toBe("queue");
  });
});

describe("the sentences of status entries", () => {
  it("says nothing of an event of a later server", () => {
    expect(says(["frobnicated", { number: "T1" }])).toBe("");
  });

  it("translates a compensation, and never shows an unknown code", () => {
    expect(says(["late", { kind: "first", compensation: "lingyu_50" }])).toContain("50 灵玉");
    const unknown = says(["late", { kind: "first", compensation: "moon_7" }]);
    expect(unknown).not.toContain("moon_7");
    expect(unknown).toContain(zh.late.givenSomething);
    expect(says(["late", { kind: "next", compensation: "" }])).toBe(zh.late.kinds["next"]);
    expect(says(["late", { kind: "unheard_of" }])).toBe(zh.late.other);
  });

  it("names the ticket, the hour and the people", () => {
    expect(says(["missed_turn", { number: "T9" }])).toContain("T9");
    expect(says(["your_turn", { until: 77 }])).toContain("<77>");
    expect(says(["group_closed", { opens_at: 88_000, number: "" }])).toContain("<88000>");
    expect(says(["transferred", { from: "小云" }, "小岚"])).toMatch(/小云.*小岚/);
    expect(says(["ticket_update", { number: "T9", state: "solved" }])).toMatch(/T9.*已解决/);
    expect(says(["ticket_update", { number: "T9", state: "brand_new" }])).toContain(zh.ticketMoved);
  });

  it("does not call a group closed that is only full", () => {
    expect(says(["group_closed", { opens_at: 0, number: "T9" }])).not.toContain("服务时间");
    expect(says(["group_closed", { opens_at: 1000, number: "" }])).not.toContain("服务时间"); // the entry's own time
    expect(says(["group_closed", { opens_at: 88_000, number: "T9" }])).toContain("服务时间");
  });

  it("claims no wait that nobody knows", () => {
    const still = says(["still_waiting", { position: 2, p50_s: 0, p90_s: 0 }]);
    expect(still).toContain("第 2 位");
    expect(still).not.toContain("分钟");
    expect(says(["still_waiting", { position: 2, p50_s: 120, p90_s: 360 }])).toContain("大约 2–6 分钟");
  });

  it("quotes what people wrote in a ticket, its answer and a promise", () => {
    expect(quotedText(status(1, ["ticket_update", { text: "已补发" }]))).toBe("已补发");
    expect(quotedText(status(1, ["promised", { text: "今晚补发", agent: "小云" }]))).toBe("今晚补发");
    expect(quotedText(status(1, ["late", { text: "x" }]))).toBe("");
  });

  it("bears data of a wrong type", () => {
    const odd = { kind: 7, compensation: [], until: "soon", number: null, position: "2", p50_s: {}, text: 3 };
    for (const event of ["late", "your_turn", "missed_turn", "still_waiting", "ticket_update", "promised", "group_closed"]) {
      expect(says([event, odd])).not.toMatch(/NaN|undefined|null|object/);
      expect(says([event, odd], en)).not.toMatch(/NaN|undefined|null|object/);
    }
  });
});

describe("the expected wait", () => {
  it("is a range of minutes, or of hours when it is long", () => {
    expect(waitRange(110, 350)).toEqual({ low: 2, high: 6, unit: "minute" });
    expect(waitRange(3600, 9000)).toEqual({ low: 1, high: 3, unit: "hour" });
  });

  it("is never less than a minute, and one number when both ends are the same", () => {
    expect(waitRange(5, 40)).toEqual({ low: 1, high: 1, unit: "minute" });
    expect(waitWords(5, 40, zh.wait)).toBe("大约 1 分钟");
  });

  it("is not said when it is not known", () => {
    expect(waitRange(0, 300)).toBeNull();
    expect(waitRange(60, 0)).toBeNull();
    expect(waitWords(0, 0, zh.wait)).toBe("");
  });

  it("keeps its ends in order when the estimate is odd", () => {
    expect(waitRange(900, 60)).toEqual({ low: 1, high: 1, unit: "minute" });
  });
});

describe("calling a player back", () => {
  afterEach(() => vi.useRealTimers());

  function page(hidden: boolean): { -readonly [K in keyof Page]: Page[K] } {
    return { title: "Game", hidden, notify: vi.fn() };
  }

  it("leaves a player alone who looks at the page", () => {
    const seen = page(false);
    new Attention(seen, () => {}).call("Your turn", "…");
    expect(seen.notify).not.toHaveBeenCalled();
    expect(seen.title).toBe("Game");
  });

  it("notifies and flashes the title until the player looks", () => {
    vi.useFakeTimers();
    const away = page(true);
    const comeBack = vi.fn();
    new Attention(away, comeBack).call("Your turn", "…");
    expect(away.notify).toHaveBeenCalledExactlyOnceWith("Your turn", "…", comeBack);
    expect(away.title).toBe("Your turn");
    vi.advanceTimersByTime(1000);
    expect(away.title).toBe("Game");
    vi.advanceTimersByTime(1000);
    expect(away.title).toBe("Your turn");
    away.hidden = false;
    vi.advanceTimersByTime(1000);
    expect(away.title).toBe("Game");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps a title that the page has set meanwhile", () => {
    vi.useFakeTimers();
    const away = page(true);
    const attention = new Attention(away, () => {});
    attention.call("Your turn", "…");
    away.title = "Level 7";
    attention.calm();
    expect(away.title).toBe("Level 7");
  });
});
