/** What surrounds the conversation: settings, file, memory over a reload, sound, what the page is told. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forget, read, write } from "../src/core/keep";
import { plainText } from "../src/core/plain";
import type { Entry } from "../src/protocol";
import { widget as en } from "../src/strings/en";
import { widget as zh } from "../src/strings/zh";
import { Announcer, checkedEvent, make, takeCalls, type News } from "../src/widget/host";
import { defaultsFrom, Preferred } from "../src/widget/preferences";
import { drop, recall, remember } from "../src/widget/recall";
import { Sound } from "../src/widget/sound";
import { initialState, type ChatState } from "../src/widget/state";
import { fileName, transcript } from "../src/widget/transcript";
import { keepInMemory } from "./kept";

const AT = new Date(2026, 10, 24, 12, 3).getTime();

const entry = (n: number, more: Partial<Entry> = {}): Entry => ({
  n,
  at: AT,
  sender: "player",
  kind: "text",
  text: `text ${n}`,
  ...more,
});

const chat = (entries: Entry[], more: Partial<ChatState> = {}): ChatState => ({
  ...initialState(),
  link: { kind: "online" },
  log: { conversation: "c1", entries },
  ...more,
});

beforeEach(keepInMemory);
afterEach(() => void vi.unstubAllGlobals());

describe("the player's settings", () => {
  const usual = defaultsFrom(() => null, "zh");

  it("are the page's until the player chooses", () => {
    const attributes: Record<string, string> = { theme: "dark", type: "large", mode: "simple" };
    const page = defaultsFrom((name) => attributes[name] ?? null, "en");
    expect(page).toEqual({ theme: "dark", large: true, simple: true, sound: false, suggestions: true, language: "en" });
    const preferred = new Preferred("p1", page);
    preferred.choose({ theme: "light" });
    expect(preferred.store.state).toMatchObject({ theme: "light", large: true });
  });

  it("take a wrong attribute as none", () => {
    expect(defaultsFrom(() => "purple", "zh")).toEqual(usual);
  });

  it("are there again at the next visit, for that player alone", () => {
    new Preferred("p1", usual).choose({ large: true, language: "zh-Hant" });
    expect(new Preferred("p1", usual).store.state).toMatchObject({ large: true, language: "zh-Hant" });
    expect(new Preferred("p2", usual).store.state).toEqual(usual);
  });

  it("follow a change of the page only where the player has not chosen", () => {
    const preferred = new Preferred("p1", usual);
    preferred.choose({ theme: "light" });
    preferred.use("p1", { ...usual, theme: "dark", large: true });
    expect(preferred.store.state).toMatchObject({ theme: "light", large: true });
    preferred.use("p2", { ...usual, theme: "dark" });
    expect(preferred.store.state).toMatchObject({ theme: "dark", large: false });
  });

  it.each([["no table"], [[1, 2]], [{ theme: "purple", large: "yes", language: "fr", suggestions: 0 }]])(
    "take %j in the storage for nothing",
    (kept) => {
      write("prefer:p1", kept);
      expect(new Preferred("p1", usual).store.state).toEqual(usual);
    },
  );
});

describe("an answer as plain text", () => {
  it("keeps words, numbering and addresses, and drops the marks", () => {
    const markdown = "先**别急**：\n\n1. 看 `订单`\n2. 到[充值记录](https://y.example/orders)\n\n> 注意\n\n![图](/a.png)";
    expect(plainText(markdown, "[图片]").split("\n")).toEqual([
      "先别急：",
      "1. 看 订单",
      "2. 到充值记录 (https://y.example/orders)",
      "> 注意",
      "[图片] 图",
    ]);
  });

  it("writes a table by rows and an address once", () => {
    expect(plainText("|A|B|\n|-|-|\n|1|**2**|", "")).toBe("A | B\n1 | 2");
    expect(plainText("https://y.example/a", "")).toBe("https://y.example/a");
  });
});

describe("the file of a conversation", () => {
  const conversation = chat(
    [
      entry(1, { text: "我的手机 [phone:****5678]" }),
      entry(2, { sender: "bot", kind: "answer", text: "**好**的" }),
      entry(3, { kind: "feedback", entry: 2, helpful: true }),
      entry(4, { sender: "system", kind: "status", event: "accepted", name: "小岚" }),
      entry(5, { sender: "agent", name: "小岚", text: "您好\n请稍等" }),
      entry(6, { kind: "image", image: { id: "i", width: 1, height: 1 } }),
      entry(7, { sender: "system", kind: "status", event: "frobnicated" }),
    ],
    {
      past: [entry(1, { text: "上次的问题" })],
      pending: [{ order: 1, at: AT, state: "failed", frame: { type: "send", v: 1, id: "x", text: "没发出去" } }],
    },
  );
  const lines = transcript(conversation, zh, AT).split("\r\n");

  it("begins with a byte order mark and a title, and says when it was saved", () => {
    expect(lines.slice(0, 2)).toEqual([`\uFEFF${zh.transcript.title}`, zh.transcript.saved("2026-11-24 12:03")]);
  });

  it("shows who said what when, as the player sees it", () => {
    const text = lines.join("\n");
    expect(text).toContain("2026-11-24 12:03  我\n我的手机 手机号 ****5678");
    expect(text).toContain("云岚小助手\n好的");
    expect(text).toContain("* 小岚 已接入");
    expect(text).toContain("小岚\n您好\n请稍等");
    expect(text).toContain("我\n[图片]");
    expect(text).toContain("我 (未发送)\n没发出去");
    expect(text).not.toContain("frobnicated");
  });

  it("begins with the older conversation", () => {
    const text = lines.join("\n");
    expect(text.indexOf("上次的问题")).toBeGreaterThan(text.indexOf(zh.transcript.earlier));
    expect(text.indexOf("上次的问题")).toBeLessThan(text.indexOf("手机号"));
  });

  it("is named with its date, without a sign that a file name may not have", () => {
    expect(fileName(en, AT)).toBe("yunlan-support-2026-11-24-1203.txt");
  });
});

describe("a conversation over a reload", () => {
  it("stands there at once, for that player alone", () => {
    remember("p1", chat([entry(1), entry(2)], { owner: "queue" }));
    expect(recall("p1")).toMatchObject({ owner: "queue", log: { conversation: "c1", entries: [{ n: 1 }, { n: 2 }] } });
    expect(recall("p2")).toEqual({});
    drop("p1");
    expect(recall("p1")).toEqual({});
  });

  it("has its suggestions and read marks where they were", () => {
    const card = { id: "faq:a", text: "a", why: "order_pending", data: { order_tail: "1234" } };
    const kept = { card, chips: [card], offeredAt: 2, offeredAnew: true, read: 1 };
    remember("p1", chat([entry(1), entry(2)], kept));
    expect(recall("p1")).toMatchObject(kept);
  });

  it("is not kept without a player, without words, or when it is very long", () => {
    remember("", chat([entry(1)]));
    remember("p1", chat([]));
    expect([recall(""), recall("p1")]).toEqual([{}, {}]);
    remember("p1", chat([entry(1)]));
    remember("p1", chat([entry(1, { text: "x".repeat(300_000) })]));
    expect(recall("p1")).toEqual({});
  });

  it.each([
    ["{"],
    ["[]"],
    [JSON.stringify({ log: { conversation: "c1", entries: [entry(2)] } })],
    [JSON.stringify({ log: { conversation: "", entries: [] } })],
  ])("is told again by the server when %s is kept", (kept) => {
    sessionStorage.setItem("yunlan:log:p1", kept);
    expect(recall("p1")).toEqual({});
  });
});

describe("a player who logs out", () => {
  it("leaves nothing but the settings, and nothing of others is touched", () => {
    for (const key of ["draft:p1", "out:p1:m1", "prefer:p1", "draft:p10", "out:p10:m2"]) write(key, key);
    forget("p1", ["prefer"]);
    const left = ["draft:p1", "out:p1:m1", "prefer:p1", "draft:p10", "out:p10:m2"].filter((key) => read(key) !== null);
    expect(left).toEqual(["prefer:p1", "draft:p10", "out:p10:m2"]);
  });
});

describe("the sound", () => {
  function audio(state: AudioContextState) {
    const node = { connect: () => node, start: vi.fn(), stop: vi.fn(), frequency: { value: 0 } };
    const gain = { setValueAtTime: vi.fn(), exponentialRampToValueAtTime: vi.fn() };
    const made = { state, currentTime: 0, destination: {}, resume: vi.fn(), close: vi.fn() };
    return { ...made, node, createOscillator: () => node, createGain: () => ({ gain, connect: () => node }) };
  }

  it("is two tones after a press, and silence before one", () => {
    const device = audio("running");
    const sound = new Sound(() => device as unknown as AudioContext);
    sound.play();
    expect(device.node.start).not.toHaveBeenCalled();
    sound.unlock();
    sound.play();
    expect(device.node.start).toHaveBeenCalledTimes(2);
  });

  it("wakes a device that sleeps, and does without one", () => {
    const device = audio("suspended");
    const sound = new Sound(() => device as unknown as AudioContext);
    sound.unlock();
    expect(device.resume).toHaveBeenCalledOnce();
    const none = new Sound(() => {
      throw new Error("no device");
    });
    expect(() => (none.unlock(), none.play())).not.toThrow();
  });
});

describe("what the page is told", () => {
  const names = (news: News[]): string[] => news.map(([name]) => name);

  it("is what comes, not what was there", () => {
    const announcer = new Announcer();
    expect(announcer.news(initialState())).toEqual([]);
    const before = chat([entry(1)], { foldAfter: 2, seen: 2 });
    expect(announcer.news(before)).toEqual([]);
    expect(announcer.news(chat([entry(1), entry(2)], { foldAfter: 2, seen: 2 }))).toEqual([]);
    const now = chat([entry(1), entry(2), entry(3, { sender: "bot", kind: "answer", text: "好" })], { foldAfter: 2, seen: 2 });
    expect(announcer.news(now)).toEqual([
      ["message", { n: 3, at: AT, sender: "bot", kind: "answer", text: "好" }],
      ["unread", { count: 1 }],
    ]);
    expect(announcer.news(now)).toEqual([]);
  });

  it("is, after a reload, what came meanwhile", () => {
    const announcer = new Announcer();
    announcer.news(chat([entry(1)], { link: { kind: "connecting" } }));
    expect(names(announcer.news(chat([entry(1), entry(2)], { foldAfter: 2, seen: 2 })))).toEqual(["message"]);
  });

  it("is who has the conversation, and the player's rating", () => {
    const announcer = new Announcer();
    announcer.news(chat([]));
    expect(announcer.news(chat([], { owner: "agent", agent: "小岚" }))).toEqual([["handoff", { owner: "agent", agent: "小岚" }]]);
    const rated = entry(1, { sender: "system", kind: "status", event: "rated", data: { episode: "e1", score: 4 } });
    expect(announcer.news(chat([rated], { owner: "agent", agent: "小岚" }))).toEqual([["rating", { episode: "e1", score: 4 }]]);
  });

  it("is a fault once, and once more when it comes again", () => {
    const announcer = new Announcer();
    const faulty = chat([], { notice: "too_large" });
    expect(announcer.news(faulty)).toEqual([["error", { code: "too_large" }]]);
    expect(announcer.news(faulty)).toEqual([]);
    announcer.news(chat([]));
    expect(announcer.news(faulty)).toEqual([["error", { code: "too_large" }]]);
    expect(announcer.news(chat([], { link: { kind: "refused", why: "token" } }))).toEqual([["error", { code: "token" }]]);
  });

  it("has names that a wrong one is told apart from", () => {
    expect(checkedEvent("handoff")).toBe("handoff");
    expect(() => checkedEvent("hand-off")).toThrow(/expected one of .*handoff.*got hand-off/);
  });
});

describe("calls of the page", () => {
  class Support {
    asked: string[] = [];
    ask(text: string): void {
      this.asked.push(text);
    }
    secret(): void {
      this.asked.push("never");
    }
  }
  const call = (call: unknown, support: Support): void => make(call as never, support as unknown as HTMLElement);

  it("are made by name or by a function, and a wrong one stops nothing", () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const support = new Support();
    call(["ask", "一"], support);
    call(["secret"], support);
    call(() => {
      throw new Error("theirs");
    }, support);
    call((one: Support) => one.ask("二"), support);
    expect(support.asked).toEqual(["一", "二"]);
    expect(said).toHaveBeenCalledTimes(2);
    said.mockRestore();
  });

  it("that were made before the script came are handed over, and the name then is the chat's", () => {
    const page: { YunlanSupport?: unknown } = { YunlanSupport: [["open"]] };
    vi.stubGlobal("window", page);
    const support = new Support() as unknown as HTMLElement;
    expect(takeCalls(support)).toEqual([["open"]]);
    expect(page.YunlanSupport).toBe(support);
    expect(takeCalls(support)).toEqual([]);
  });

  it("leave something of the page's own by that name alone", () => {
    const page = { YunlanSupport: "the page's own" };
    vi.stubGlobal("window", page);
    expect(takeCalls(new Support() as unknown as HTMLElement)).toEqual([]);
    expect(page.YunlanSupport).toBe("the page's own");
  });
});
