import { describe, expect, it } from "vitest";
import type { Chip, Entry, EntryFrame, PlayerWelcome } from "../src/protocol";
import { widget as en } from "../src/strings/en";
import { widget as zh } from "../src/strings/zh";
import { botThinks, initialState, receipts, received, suggested, unread, welcomed, type ChatState } from "../src/widget/state";
import { besideCard, cardMark, cardWords, suggestionSpot, whyWords } from "../src/widget/suggestions";

const MINUTE = 60_000;
const chip = (more: Partial<Chip> = {}): Chip => ({ id: "faq:pay.x", text: "充值没到账怎么办？", ...more });
const pending = chip({ why: "order_pending", data: { order_tail: "1234" } });

const welcome = (more: Partial<PlayerWelcome> = {}): PlayerWelcome => ({
  type: "welcome",
  v: 1,
  conversation: "c1",
  player: { id: "p", name: "P" },
  owner: "bot",
  last: 0,
  reset: false,
  chips: [chip()],
  ...more,
});

/** A conversation of entries by these senders, a minute apart, after a welcome. */
function talk(senders: Entry["sender"][], greeting: Partial<PlayerWelcome> = {}): ChatState {
  let state: ChatState = { ...initialState(), ...welcomed(initialState(), welcome(greeting)), link: { kind: "online" } };
  for (const [i, sender] of senders.entries()) {
    const entry: Entry = { n: i + 1, at: MINUTE * (i + 1), sender, kind: "text", text: "…" };
    const frame: EntryFrame = { type: "entry", v: 1, conversation: "c1", entry };
    state = { ...state, ...(received(state, frame) as Partial<ChatState>) };
  }
  return state;
}

describe("where suggestions stand", () => {
  it("is under the greeting until something was said", () => {
    expect(suggestionSpot(talk([]), 0)).toBe("greeting");
    expect(suggestionSpot(talk(["player"]), MINUTE)).toBe("none");
    const sending: ChatState = {
      ...talk([]),
      pending: [{ frame: { type: "image", v: 1, id: "i", image: "x" }, order: 1, at: 0, state: "waiting" }],
    };
    expect(suggestionSpot(sending, 0)).toBe("none");
  });

  it("is nowhere in a conversation that goes on", () => {
    expect(suggestionSpot(talk(["player", "bot"], { last: 2 }), 3 * MINUTE)).toBe("none");
  });

  it("is the end of a conversation that rests, for a player who comes back", () => {
    const back = talk(["player", "bot"], { last: 2 });
    expect(suggestionSpot(back, 13 * MINUTE)).toBe("end");
    expect(suggestionSpot(talk(["player", "bot", "player"], { last: 2 }), 20 * MINUTE)).toBe("none");
  });

  it("is the end at once when a need is near certain or the page has changed", () => {
    const state = talk(["player", "bot"], { last: 2, card: pending });
    expect(suggestionSpot(state, 3 * MINUTE)).toBe("end");
    const talking = talk(["player", "bot"]);
    expect(suggestionSpot(talking, 3 * MINUTE)).toBe("none");
    const moved = { ...talking, ...suggested(talking, { type: "suggestions", v: 1, chips: [chip()] }) };
    expect(suggestionSpot(moved, 3 * MINUTE)).toBe("end");
  });

  it("is not beside a person, nor beside a rating", () => {
    expect(suggestionSpot({ ...talk([]), owner: "queue" }, 0)).toBe("none");
    expect(suggestionSpot({ ...talk(["bot"]), rate: "e1" }, 30 * MINUTE)).toBe("none");
  });

  it("has the card's question only once", () => {
    expect(besideCard([chip(), chip({ id: "faq:b" })], pending).map((one) => one.id)).toEqual(["faq:b"]);
    expect(besideCard([chip()], null)).toHaveLength(1);
  });
});

describe("why a chip is shown", () => {
  const why = (one: Partial<Chip>, page = ""): string => whyWords(chip(one), zh.suggest, page);

  it("is said for the codes of the server", () => {
    expect(why({ why: "order_pending" })).toContain("未到账");
    expect(why({ why: "popular" })).toBe("大家都在问");
    expect(why({})).toBe("");
  });

  it("is said in general for a code of the operator's own", () => {
    expect(why({ why: "dragon_seen" })).toBe(zh.suggest.whyOther);
    expect(why({ why: "constructor" })).toBe(zh.suggest.whyOther);
  });

  it("names the page the player is on, or the one it lies in", () => {
    expect(why({ why: "page" }, "shop/recharge")).toContain("充值页");
    expect(why({ why: "page" }, "shop/skins")).toContain("商城");
    expect(why({ why: "page", data: { page: "mail" } }, "shop")).toContain("邮件页");
    expect(why({ why: "page" }, "moon")).toBe(zh.suggest.page(""));
  });

  it("names what the calendar says", () => {
    expect(why({ why: "calendar", data: { name: "元旦" } })).toContain("元旦");
    expect(why({ why: "calendar", data: { name: 7 } })).not.toContain("undefined");
  });
});

describe("the big card", () => {
  it("says what has happened", () => {
    expect(cardWords(pending, zh, "")).toBe("您的订单 …1234 还未到账，要查一下吗？");
    expect(cardWords(chip({ why: "order_pending" }), zh, "")).toBe("您的订单还未到账，要查一下吗？");
    expect(cardWords(pending, en, "")).toContain("…1234");
  });

  it("falls back on the question itself", () => {
    expect(cardWords(chip({ why: "ban" }), zh, "")).toMatch(/封停.*充值没到账怎么办？/);
    expect(cardWords(chip({ why: "dragon_seen" }), zh, "")).toContain("充值没到账怎么办？");
    expect(cardWords(chip(), zh, "")).toContain("充值没到账怎么办？");
  });

  it("bears data of a wrong type", () => {
    for (const tail of [{ a: 1 }, ["x"], null, "x".repeat(500)]) {
      const odd = chip({ why: "order_pending", data: { order_tail: tail } });
      expect(cardWords(odd, zh, "")).toBe("您的订单还未到账，要查一下吗？");
      expect(cardWords(odd, en, "")).not.toMatch(/undefined|object|null|xxx/);
    }
  });

  it("is another one for another order", () => {
    expect(cardMark(pending)).not.toBe(cardMark(chip({ why: "order_pending", data: { order_tail: "9999" } })));
    expect(cardMark(pending)).toBe(cardMark({ ...pending, text: "another wording" }));
  });

  it("comes with the welcome and goes with suggestions that have none", () => {
    const state = talk([], { card: pending });
    expect(state.card).toEqual(pending);
    expect(suggested(state, { type: "suggestions", v: 1, chips: [] }).card).toBeNull();
  });
});

describe("read marks", () => {
  it("stand at the newest message that an agent has read", () => {
    const state = { ...talk(["player", "bot", "player", "agent"], { owner: "agent", read: 3 }) };
    expect([...receipts(state)]).toEqual([[3, "read"]]);
  });

  it("tell a stored message from a read one while an agent is there", () => {
    const senders: Entry["sender"][] = ["player", "agent", "player"];
    expect([...receipts(talk(senders, { owner: "agent", read: 2 }))]).toEqual([[3, "sent"], [1, "read"]]);
    expect([...receipts(talk(senders))]).toEqual([]);
  });

  it("say nothing of a new conversation", () => {
    const state = talk(["player"], { read: 9 });
    const entry: Entry = { n: 1, at: 0, sender: "bot", kind: "text" };
    const change = received(state, { type: "entry", v: 1, conversation: "c2", entry });
    expect(change).toMatchObject({ read: 0, offeredAt: 0 });
  });
});

describe("a picture", () => {
  it("is something said: the bot owes an answer, and from an agent it is unread", () => {
    const of = (sender: Entry["sender"]): ChatState => ({
      ...talk([]),
      log: { conversation: "c1", entries: [{ n: 1, at: 0, sender, kind: "image", image: { id: "a", width: 1, height: 1 } }] },
    });
    expect(botThinks(of("player"), 1000)).toBe(true);
    expect(unread(of("agent"))).toBe(1);
  });
});
