import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Completions } from "../src/protocol";
import { completable, Completer, movedRow, pieces } from "../src/widget/completion";

const answer = (seq: number, ...texts: string[]): Completions => ({
  type: "completions",
  v: 1,
  seq,
  items: texts.map((text) => ({ id: `faq:${text}`, text })),
});

describe("what has completions", () => {
  it("is a text of one line, 1 to 64 characters", () => {
    expect(completable("充")).toBe(true);
    expect(completable("  ")).toBe(false);
    expect(completable("两行\n字")).toBe(false);
    expect(completable("𠮷".repeat(64))).toBe(true); // counted as the server counts
    expect(completable("𠮷".repeat(65))).toBe(false);
  });
});

describe("what is set off in a row", () => {
  const marked = (text: string, spans?: [number, number][]): string =>
    pieces(text, spans)
      .map((piece) => (piece.typed ? `[${piece.text}]` : piece.text))
      .join("");

  it("is what was typed", () => {
    expect(marked("充值没到账", [[0, 2]])).toBe("[充值]没到账");
    expect(marked("怎么充值到账", [[2, 4], [5, 6]])).toBe("怎么[充值]到[账]");
    expect(marked("没有标记")).toBe("没有标记");
  });

  it("counts characters, not halves of them", () => {
    expect(marked("𠮷祥礼包", [[1, 2]])).toBe("𠮷[祥]礼包");
  });

  it("never loses or doubles a character, however odd the spans are", () => {
    for (const spans of [[[3, 1]], [[-2, 2]], [[2, 99]], [[0, 3], [1, 2]], [[4, 5], [0, 1]], [[9, 12]]] as [number, number][][]) {
      expect(pieces("充值没到账", spans).map((piece) => piece.text).join("")).toBe("充值没到账");
    }
  });
});

describe("arrow keys on the list", () => {
  it("go round by way of the field", () => {
    expect(movedRow(-1, 3, true)).toBe(0);
    expect(movedRow(2, 3, true)).toBe(-1);
    expect(movedRow(-1, 3, false)).toBe(2);
    expect(movedRow(0, 3, false)).toBe(-1);
  });
});

describe("asking while somebody types", () => {
  let asked: [number, string][];
  let online: boolean;
  let completer: Completer;
  const rows = (): string[] => completer.store.state.items.map((item) => item.text);

  beforeEach(() => {
    vi.useFakeTimers();
    asked = [];
    online = true;
    completer = new Completer((seq, prefix) => {
      if (online) asked.push([seq, prefix]);
      return online;
    });
  });
  afterEach(() => vi.useRealTimers());

  it("waits for a pause between keystrokes", () => {
    completer.type("c");
    vi.advanceTimersByTime(30);
    completer.type("cz");
    expect(asked).toEqual([]);
    vi.advanceTimersByTime(60);
    expect(asked).toEqual([[1, "cz"]]);
  });

  it("asks at once for what an input method has composed", () => {
    completer.type("充值", true);
    expect(asked).toEqual([[1, "充值"]]);
  });

  it("has never more than one question on its way, and asks the newest next", () => {
    completer.type("充", true);
    completer.type("充值", true);
    completer.type("充值没", true);
    expect(asked).toEqual([[1, "充"]]);
    completer.answered(answer(1, "充值上限"));
    expect(rows()).toEqual([]); // the text has changed meanwhile
    expect(asked).toEqual([[1, "充"], [2, "充值没"]]);
    completer.answered(answer(2, "充值没到账"));
    expect(rows()).toEqual(["充值没到账"]);
    expect(completer.store.state.typed).toBe("充值没");
  });

  it("drops an answer to an older question", () => {
    completer.type("充", true);
    completer.answered(answer(1, "充值"));
    completer.type("封", true);
    completer.answered(answer(1, "充值"));
    completer.answered(answer(2, "封号"));
    completer.answered(answer(1, "充值"));
    expect(rows()).toEqual(["封号"]);
  });

  it("drops the answer when the field was emptied before it came", () => {
    completer.type("充", true);
    completer.clear();
    completer.answered(answer(1, "充值"));
    expect(rows()).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it("takes the list away when the text becomes empty or too long", () => {
    completer.type("充", true);
    completer.answered(answer(1, "充值"));
    completer.type("充".repeat(65));
    expect(rows()).toEqual([]);
  });

  it("shows eight rows at most", () => {
    completer.type("充", true);
    completer.answered(answer(1, ..."一二三四五六七八九十"));
    expect(rows()).toHaveLength(8);
  });

  it("asks on when an answer never comes, and not for the same text again", () => {
    completer.type("充", true);
    completer.type("充值", true);
    vi.advanceTimersByTime(1500);
    expect(asked).toEqual([[1, "充"], [2, "充值"]]);
    vi.advanceTimersByTime(60_000);
    expect(asked).toHaveLength(2);
  });

  it("is silent without a connection, and goes on after it is back", () => {
    completer.type("充", true);
    online = false;
    completer.suspend();
    completer.type("充值", true);
    expect(asked).toHaveLength(1);
    online = true;
    completer.type("充值没", true);
    expect(asked.map(([, prefix]) => prefix)).toEqual(["充", "充值没"]);
  });

  it("bears a hundred keystrokes a second", () => {
    for (let i = 1; i <= 100; i++) {
      completer.type("a".repeat((i % 60) + 1));
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);
    expect(asked).toHaveLength(1);
  });
});
