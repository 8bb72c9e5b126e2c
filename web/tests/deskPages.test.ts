import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/desk/api";
import { invite, letGo, openTicket, transfer, whisper } from "../src/desk/commands";
import { MoveIds, refusalOf } from "../src/desk/moving";
import { tiles } from "../src/desk/OutcomesPage";
import { codeOf, Poller, type Reading } from "../src/desk/polled";
import { followedAnew } from "../src/desk/state";
import { digest, lineWords, ORDER } from "../src/desk/summaryWords";
import { followUpEvent, ticketEvents, tickets, ticketWords, timeLeft, type Ticket } from "../src/desk/tickets";
import type { Conversation, SummaryLine } from "../src/protocol";
import { desk as zh } from "../src/strings/zh";

/** A load that is answered by hand. */
function byHand() {
  const waiting: { resolve(value: number): void; reject(error: unknown): void }[] = [];
  const load = (): Promise<number> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  return { waiting, load };
}

describe("reading again and again", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const setUp = (hidden = { now: false }) => {
    const told: Reading<number>[] = [];
    const { waiting, load } = byHand();
    const poller = new Poller(load, (reading) => told.push(reading), () => hidden.now);
    return { told, waiting, poller, hidden };
  };
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  it("waits for the last answer before it asks again", async () => {
    const { told, waiting, poller } = setUp();
    poller.start();
    await pass(60_000);
    expect(waiting).toHaveLength(1);
    waiting[0]?.resolve(7);
    await pass(3000);
    expect([told, waiting.length]).toEqual([[{ value: 7 }], 2]);
    poller.stop();
  });

  it("stops with its page and tells nothing that comes later", async () => {
    const { told, waiting, poller } = setUp();
    poller.start();
    poller.stop();
    waiting[0]?.resolve(7);
    await pass(60_000);
    expect([told, waiting.length]).toEqual([[], 1]);
  });

  it("prefers a reading that was asked for to the one on its way", async () => {
    const { told, waiting, poller } = setUp();
    poller.start();
    poller.start();
    waiting[1]?.resolve(2);
    waiting[0]?.resolve(1);
    await pass(0);
    expect(told).toEqual([{ value: 2 }]);
    poller.stop();
  });

  it("rests while the browser shows another page, and goes on after a failure", async () => {
    const { told, waiting, poller, hidden } = setUp();
    poller.start();
    waiting[0]?.reject(new TypeError("network"));
    hidden.now = true;
    await pass(30_000);
    expect([told, waiting.length]).toEqual([[{ problem: "unreachable" }], 1]);
    hidden.now = false;
    await pass(3000);
    expect(waiting).toHaveLength(2);
    poller.stop();
  });

  it("names what the server said", () => {
    expect(codeOf(new ApiError(403, "forbidden", {}))).toBe("forbidden");
    expect(codeOf(new ApiError(502, "", {}))).toBe("other");
  });
});

const ticket = (more: Partial<Ticket> = {}): Ticket => ({
  number: "T20261124-0001",
  state: "open",
  conversation: "c1",
  player: "p",
  text: "订单未到账",
  group: "payment",
  created_at: 0,
  due_at: 100_000,
  assignee: "",
  version: 1,
  ...more,
});

describe("tickets", () => {
  it("offers only what the server would do", () => {
    expect(ticketEvents(ticket(), "a1")).toEqual(["take", "close", "note"]);
    expect(ticketEvents(ticket({ state: "in_progress", assignee: "a1" }), "a1")).toEqual(["ask", "solve", "close", "note"]);
    expect(ticketEvents(ticket({ state: "waiting_player", assignee: "a1" }), "a1")).toEqual(["resume", "solve", "close", "note"]);
    expect(ticketEvents(ticket({ state: "closed" }), "a1")).toEqual(["reopen", "note"]);
  });

  it("has to be taken from a colleague first", () => {
    expect(ticketEvents(ticket({ state: "in_progress", assignee: "a2" }), "a1")).toEqual(["take", "note"]);
  });

  it("asks for words where the player is to read some", () => {
    expect(ticketWords(ticket({ state: "in_progress" }), "solve")).toEqual({ words: "required", told: true });
    expect(ticketWords(ticket({ state: "solved" }), "close")).toEqual({ words: "optional", told: false });
    expect(ticketWords(ticket(), "take")).toEqual({ words: "none", told: false });
    expect(ticketWords(ticket(), "note")).toEqual({ words: "required", told: false });
  });

  it("is overdue after its time, unless it is finished or waits for the player", () => {
    expect(timeLeft(ticket(), 160_000)).toBe(-60_000);
    expect(timeLeft(ticket({ state: "waiting_player" }), 160_000)).toBeNull();
    expect(timeLeft(ticket({ state: "solved" }), 160_000)).toBeNull();
  });

  it("repeats a failed step under its id, and gives another step another", () => {
    const ids = new MoveIds();
    const first = ids.of("solve", "已补发", 3);
    expect(ids.of("solve", "已补发", 3)).toBe(first);
    expect(ids.of("solve", "已补发", 4)).not.toBe(first);
  });

  it("says who has it now", () => {
    expect(refusalOf(new ApiError(409, "outdated", { assignee: "a2", agent: "小石" }))).toEqual({ code: "outdated", who: "小石" });
    expect(refusalOf(new ApiError(409, "outdated", { assignee: "a2", agent: "" })).who).toBe("a2");
    expect(refusalOf(new TypeError("network"))).toEqual({ code: "unreachable", who: "" });
  });

  it("asks for a state and for one's own only when wanted", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string) => {
      asked.push(url);
      return new Response(JSON.stringify({ items: [] }));
    });
    await tickets("", false);
    await tickets("open", true);
    vi.unstubAllGlobals();
    expect(asked).toEqual(["/api/desk/tickets", "/api/desk/tickets?state=open&mine=1"]);
  });

  it("leads a low rating to the call back", () => {
    expect((["received", "analysing", "resolved", "called_back"] as const).map(followUpEvent)).toEqual([
      "analyse",
      "resolve",
      "call_back",
      null,
    ]);
  });
});

describe("commands", () => {
  const one = { ...followedAnew("c1"), snapshot: { epoch: 4 } as Conversation };

  it("names the conversation, its epoch and one receiver", () => {
    expect(transfer(one, { group: "payment" }, " 请核实 ")).toMatchObject({ type: "transfer", conversation: "c1", epoch: 4, group: "payment", note: "请核实" });
    expect(transfer(one, { agent: "a2" }, "…")).not.toHaveProperty("group");
    expect(invite(one, "a2", "")).toMatchObject({ type: "invite", epoch: 4, agent: "a2", note: "" });
    expect(letGo(one, "a2")).toMatchObject({ type: "dismiss", agent: "a2" });
    expect(whisper("c1", "先道歉")).toMatchObject({ type: "whisper", conversation: "c1", text: "先道歉" });
    expect(openTicket(one, "x").id).not.toBe(openTicket(one, "x").id);
  });
});

describe("the summary's words", () => {
  const line = (kind: SummaryLine["kind"], data: Record<string, unknown>, text = ""): SummaryLine => ({ kind, refs: [], data, text });
  const words = (one: SummaryLine): string => lineWords(one, zh, "zh-CN");

  it("says why a question is open and what came of an answer", () => {
    expect(words(line("question", { state: "unanswered" }, "几天能到"))).toBe("“几天能到” · 还没有回答");
    expect(words(line("answer", { question: "到账要多久", helped: false, result: "asked_again" }))).toBe("到账要多久 · 之后又问了一遍");
    expect(words(line("answer", { question: "到账要多久", helped: null }))).toBe("到账要多久 · 未反馈");
  });

  it("says who promised what, and how earlier episodes ended", () => {
    expect(words(line("promise", { agent: "小云", at: 0 }, "明天补发"))).toBe("明天补发 · 小云");
    const earlier = line("earlier", { at: 1_795_000_000_000, name: "充值未到账", end: "closed", disposition: "follow_up", score: 2, complaint: true });
    expect(words(earlier)).toMatch(/^\d+\/\d+ \d\d:\d\d · 充值未到账 · 需要跟进 · 评分 2 · 曾投诉$/);
    expect(words(line("earlier", { name: "封号申诉", end: "missed", score: 0 }))).toBe("封号申诉 · 玩家错过接入");
  });

  it("finds a model's rewriting on the wish", () => {
    expect(digest([line("wish", { rewritten: "玩家充了 648 元没到账。" })])).toBe("玩家充了 648 元没到账。");
    expect(digest([line("wish", {})])).toBe("");
  });

  it("has a place and a name for every kind", () => {
    expect([...ORDER].sort()).toEqual(Object.keys(zh.summary.kinds).sort());
  });
});

describe("outcomes", () => {
  it("does not show a figure of nothing as a bad one", () => {
    const none = { count: 0, wait_p50_s: null, wait_p90_s: null, responded_in_time: null, missed_offers: 0, reask_rate: null, reopened: null, weighted: null, late: {} };
    const shown = Object.fromEntries(tiles(none, { count: 0, within_p90: 0 }, zh));
    expect([shown["及时首响"], shown["等待在 P90 内"], shown["加权评分"]]).toEqual(["暂无", "暂无", "暂无"]);
  });

  it("writes shares, times and what was late", () => {
    const some = { count: 40, wait_p50_s: 75, wait_p90_s: 240, responded_in_time: 0.925, missed_offers: 3, reask_rate: 0, reopened: 0.1, weighted: 4.256, late: { first: 3 } };
    const shown = Object.fromEntries(tiles(some, { count: 50, within_p90: 0.9 }, zh));
    expect(shown).toMatchObject({ "等待 P50": "1:15", "及时首响": "93%", "等待在 P90 内": "90%", "重复追问": "0%", "加权评分": "4.26", "首次响应超时": "3" });
  });
});
