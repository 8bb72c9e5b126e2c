/** Pictures on their way to the server, one after the other, each with its progress, and again when that failed. */
import { commandId } from "../core/ids";
import { Refused } from "../core/link";
import { Store } from "../core/store";
import type { Image } from "../protocol";
import { PictureRefused, prepare, type Ready } from "./pictureFile";

export const MOST_AT_ONCE = 6; // files of one pick; the server takes eight pictures a minute

export interface Upload {
  id: string;
  file: Blob;
  name: string; // the file's, "" of a pasted one
  state: "waiting" | "preparing" | "sending" | "failed";
  share: number; // of the bytes that are sent, 0 to 1
  preview: string; // data URL, "" before it is drawn
  code: string; // why it failed
}

export interface UploaderOptions {
  post(body: Blob, progress: (share: number) => void): Promise<Image>; // throws PictureRefused
  taken(image: Image): void; // the server has it
  prepare?(file: Blob): Promise<Ready>;
}

/** What can't be mended by sending the same file again. */
const FINAL = new Set(["bad_image", "image_too_big", "image_too_many_pixels"]);

export const mayRetry = (upload: Upload): boolean => upload.state === "failed" && !FINAL.has(upload.code);

export class Uploader {
  readonly store = new Store<{ uploads: readonly Upload[] }>({ uploads: [] });
  #busy = false;

  constructor(private readonly options: UploaderOptions) {}

  /** Sends files in their order; of too many at once the first ones. */
  add(files: Iterable<Blob>): void {
    const fresh = [...files].slice(0, MOST_AT_ONCE).map((file): Upload => {
      const name = file instanceof File ? file.name : "";
      return { id: commandId(), file, name, state: "waiting", share: 0, preview: "", code: "" };
    });
    this.#set([...this.#uploads, ...fresh]);
    void this.#pump();
  }

  retry(id: string): void {
    this.#change(id, { state: "waiting", share: 0, code: "" });
    void this.#pump();
  }

  remove(id: string): void {
    this.#set(this.#uploads.filter((upload) => upload.id !== id));
  }

  /** Another player is here: what waits is not theirs. */
  clear(): void {
    this.#set([]);
  }

  get #uploads(): readonly Upload[] {
    return this.store.state.uploads;
  }

  async #pump(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    let next: Upload | undefined;
    while ((next = this.#uploads.find((upload) => upload.state === "waiting"))) await this.#send(next);
    this.#busy = false;
  }

  async #send({ id, file }: Upload): Promise<void> {
    try {
      this.#change(id, { state: "preparing" });
      const { body, preview } = await (this.options.prepare ?? prepare)(file);
      this.#change(id, { state: "sending", preview });
      const image = await this.options.post(body, (share) => this.#change(id, { share }));
      const wanted = this.#uploads.some((upload) => upload.id === id);
      this.remove(id);
      if (wanted) this.options.taken(image);
    } catch (error) {
      this.#change(id, { state: "failed", code: error instanceof PictureRefused ? error.code : "other" });
    }
  }

  #change(id: string, patch: Partial<Upload>): void {
    this.#set(this.#uploads.map((upload) => (upload.id === id ? { ...upload, ...patch } : upload)));
  }

  #set(uploads: readonly Upload[]): void {
    this.store.set({ uploads });
  }
}

export type TokenOf = (refused: boolean) => Promise<string>; // refused: the last one was

/** POSTs a picture to `server`, with a fresh token once when the first is refused. */
export async function post(
  server: string,
  token: TokenOf,
  body: Blob,
  progress: (share: number) => void,
): Promise<Image> {
  try {
    return await postOnce(server, await tokenFrom(token, false), body, progress);
  } catch (error) {
    if (!(error instanceof PictureRefused) || error.status !== 401) throw error;
    return postOnce(server, await tokenFrom(token, true), body, progress);
  }
}

async function tokenFrom(token: TokenOf, refused: boolean): Promise<string> {
  try {
    return await token(refused);
  } catch (error) {
    throw new PictureRefused(error instanceof Refused ? "bad_token" : "network");
  }
}

/** XMLHttpRequest, since `fetch` does not say how much of a body is sent. */
function postOnce(server: string, token: string, body: Blob, progress: (share: number) => void): Promise<Image> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL("/api/images", server).href);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.timeout = 120_000;
    request.upload.onprogress = (event) => event.total > 0 && progress(event.loaded / event.total);
    request.onerror = request.onabort = () => reject(new PictureRefused("network"));
    request.ontimeout = () => reject(new PictureRefused("image_timeout"));
    request.onload = () => {
      const answer = answerOf(request.responseText);
      if (request.status === 201 && answer.id) resolve(answer as Image);
      else reject(new PictureRefused(answer.code ?? "other", request.status));
    };
    request.send(body);
  });
}

function answerOf(text: string): Partial<Image> & { code?: string } {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Image> & { code?: string };
  } catch {
    return {};
  }
}
