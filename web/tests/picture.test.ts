import { afterEach, describe, expect, it, vi } from "vitest";
import type { Image } from "../src/protocol";
import { widget as en } from "../src/strings/en";
import { widget as zh } from "../src/strings/zh";
import { lineWords } from "../src/desk/summaryWords";
import { desk } from "../src/strings/zh";
import { fitted, isPicture, MAX_BYTES, MAX_PICKED, PictureRefused, prepare } from "../src/widget/pictureFile";
import { problem } from "../src/widget/PictureUploads";
import { MOST_AT_ONCE, mayRetry, post, Uploader, type Upload } from "../src/widget/upload";
import { Refused } from "../src/core/link";

afterEach(() => vi.unstubAllGlobals());

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const file = (size = 100): Blob => new Blob([Uint8Array.from(PNG), new Uint8Array(size - PNG.length)]);
const image = (id: string): Image => ({ id, width: 4, height: 3 });
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("a picked file", () => {
  it("is known by its first bytes", () => {
    for (const head of ["\xff\xd8\xff\xe1..Exif....", "GIF89a......", "GIF87a......", "RIFF\x10\0\0\0WEBPVP8 "])
      expect(isPicture(bytes(head))).toBe(true);
    expect(isPicture(Uint8Array.from(PNG))).toBe(true);
    for (const head of ["", "<svg xmlns=", "<html>", "RIFF\x10\0\0\0WAVEfmt ", "%PDF-1.7", "BM......", "\xff\xd8", "GIF90a"])
      expect(isPicture(bytes(head))).toBe(false);
  });

  it("is refused before any upload when it is no picture, whatever its name says", async () => {
    const page = new File(["<html>"], "shot.png", { type: "image/png" });
    await expect(prepare(page)).rejects.toMatchObject({ code: "bad_image" });
    await expect(prepare(new Blob([]))).rejects.toMatchObject({ code: "bad_image" });
  });

  it("is refused before any upload when it is too big", async () => {
    await expect(prepare(file(MAX_PICKED + 1))).rejects.toMatchObject({ code: "image_too_big" });
    // This browser has no canvas: what it can't make smaller must be small enough as it is.
    await expect(prepare(file(MAX_BYTES + 1))).rejects.toMatchObject({ code: "image_too_big" });
  });

  it("goes as it is where the browser can't draw", async () => {
    const picked = file();
    expect(await prepare(picked)).toEqual({ body: picked, preview: "" });
  });

  it("is fitted into 1600 pixels in its proportions", () => {
    expect(fitted(4000, 3000)).toEqual([1600, 1200]);
    expect(fitted(1080, 2400)).toEqual([720, 1600]);
    expect(fitted(800, 600)).toEqual([800, 600]);
    expect(fitted(20000, 3)).toEqual([1600, 1]);
  });
});

/** An uploader whose server answers when the test says so. */
function uploader(): { up: Uploader; sent: { resolve(i: Image): void; reject(e: Error): void; progress(s: number): void }[]; taken: string[] } {
  const sent: ReturnType<typeof uploader>["sent"] = [];
  const taken: string[] = [];
  const up = new Uploader({
    prepare: async (body) => ({ body, preview: "data:," }),
    post: (_, progress) => new Promise((resolve, reject) => sent.push({ resolve, reject, progress })),
    taken: ({ id }) => taken.push(id),
  });
  return { up, sent, taken };
}

const states = (up: Uploader): string[] => up.store.state.uploads.map((upload) => upload.state);

describe("the uploader", () => {
  it("sends one picture after the other, in their order", async () => {
    const { up, sent, taken } = uploader();
    up.add([file(), file()]);
    await settle();
    expect([sent.length, states(up)]).toEqual([1, ["sending", "waiting"]]);
    sent[0]?.resolve(image("one"));
    await settle();
    expect([sent.length, states(up), taken]).toEqual([2, ["sending"], ["one"]]);
    sent[1]?.resolve(image("two"));
    await settle();
    expect([states(up), taken]).toEqual([[], ["one", "two"]]);
  });

  it("tells how far it is", async () => {
    const { up, sent } = uploader();
    up.add([file()]);
    await settle();
    sent[0]?.progress(0.4);
    expect(up.store.state.uploads[0]).toMatchObject({ share: 0.4, preview: "data:," });
  });

  it("keeps what failed, goes on with the next, and tries again when asked", async () => {
    const { up, sent, taken } = uploader();
    up.add([file(), file()]);
    await settle();
    sent[0]?.reject(new PictureRefused("network"));
    await settle();
    expect(states(up)).toEqual(["failed", "sending"]);
    sent[1]?.resolve(image("two"));
    up.retry(up.store.state.uploads[0]?.id ?? "");
    await settle();
    sent[2]?.resolve(image("one"));
    await settle();
    expect([states(up), taken]).toEqual([[], ["two", "one"]]);
  });

  it("sends nothing into the chat that was taken back meanwhile", async () => {
    const { up, sent, taken } = uploader();
    up.add([file()]);
    await settle();
    up.remove(up.store.state.uploads[0]?.id ?? "");
    sent[0]?.resolve(image("one"));
    await settle();
    expect([states(up), taken]).toEqual([[], []]);
  });

  it("takes so many at once", () => {
    const { up } = uploader();
    up.add(Array.from({ length: MOST_AT_ONCE + 3 }, () => file()));
    expect(states(up)).toHaveLength(MOST_AT_ONCE);
  });

  it("offers another try only where it can help", () => {
    const failed = (code: string): Upload => ({ id: "", file: file(), name: "", state: "failed", share: 0, preview: "", code });
    expect(["network", "rate_limited", "image_timeout", "other"].every((code) => mayRetry(failed(code)))).toBe(true);
    expect(["bad_image", "image_too_big", "image_too_many_pixels"].some((code) => mayRetry(failed(code)))).toBe(false);
  });
});

/** An XMLHttpRequest that answers at once. */
function server(...answers: [status: number, body: string][]): { tokens: string[]; urls: string[] } {
  const seen = { tokens: [] as string[], urls: [] as string[] };
  class Request {
    upload: { onprogress?: (event: object) => void } = {};
    onload = (): void => {};
    onerror = (): void => {};
    status = 0;
    responseText = "";
    open(_: string, url: string): void {
      seen.urls.push(url);
    }
    setRequestHeader(_: string, value: string): void {
      seen.tokens.push(value);
    }
    send(body: Blob): void {
      const answer = answers.shift();
      this.upload.onprogress?.({ loaded: body.size / 2, total: body.size });
      if (!answer) return this.onerror();
      [this.status, this.responseText] = answer;
      this.onload();
    }
  }
  vi.stubGlobal("XMLHttpRequest", Request);
  return seen;
}

const tokens = async (refused: boolean): Promise<string> => (refused ? "fresh" : "stale");
const TAKEN = '{"id":"aa","width":4,"height":3}';

describe("posting a picture", () => {
  it("sends the player's token to the server of the chat and tells how far it is", async () => {
    const seen = server([201, TAKEN]);
    const shares: number[] = [];
    expect(await post("https://support.example", tokens, file(), (share) => shares.push(share))).toEqual(image("aa"));
    expect(seen).toEqual({ tokens: ["Bearer stale"], urls: ["https://support.example/api/images"] });
    expect(shares).toEqual([0.5]);
  });

  it("fetches a fresh token once", async () => {
    const seen = server([401, '{"code":"bad_token"}'], [201, TAKEN]);
    expect(await post("https://s.example", tokens, file(), () => {})).toEqual(image("aa"));
    expect(seen.tokens).toEqual(["Bearer stale", "Bearer fresh"]);
    server([401, '{"code":"bad_token"}'], [401, '{"code":"bad_token"}']);
    await expect(post("https://s.example", tokens, file(), () => {})).rejects.toMatchObject({ code: "bad_token" });
  });

  it("turns every failure into a code that has a sentence", async () => {
    const refusals: [[number, string][], string][] = [
      [[[413, '{"code":"image_too_big"}']], "image_too_big"],
      [[[415, '{"code":"bad_image"}']], "bad_image"],
      [[[502, "<html>bad gateway</html>"]], "other"],
      [[[200, "null"]], "other"],
      [[], "network"],
    ];
    for (const [answers, code] of refusals) {
      server(...answers);
      await expect(post("https://s.example", tokens, file(), () => {})).rejects.toMatchObject({ code });
      for (const strings of [zh, en]) expect(problem(code, strings)).toMatch(/[。.]$/);
    }
    const noToken = async (): Promise<string> => {
      throw new Refused("token");
    };
    await expect(post("https://s.example", noToken, file(), () => {})).rejects.toMatchObject({ code: "bad_token" });
    expect(problem("bad_token", zh)).toBe(zh.connection.token);
  });
});

it("keeps the name of a file to tell which one failed", async () => {
  const { up } = uploader();
  up.add([new File(["<html>"], "截图.png"), file()]);
  expect(up.store.state.uploads.map((upload) => upload.name)).toEqual(["截图.png", ""]);
});

it("the agent's summary says how many pictures there are", () => {
  expect(lineWords({ kind: "fact", refs: [3, 5], data: { kind: "picture", value: "2" } }, desk, "zh-CN")).toBe("2 张图片");
});
