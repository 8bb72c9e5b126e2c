/** A file that the player picked: known by its first bytes, and made smaller in the browser, so that it gets through at 3G. */

export const MAX_BYTES = 8 * 1024 * 1024; // that the server takes
export const MAX_PICKED = 25 * 1024 * 1024; // that is opened at all to be made smaller
export const MAX_SIDE = 1600; // pixels; the server keeps no more either
const SMALL_BYTES = 400 * 1024; // a file that needs no shrinking
const THUMB_SIDE = 240;
const QUALITY = 0.82;

/** What goes on its way; `preview` is a data URL, "" where the browser can't draw it. */
export interface Ready {
  body: Blob;
  preview: string;
}

/** Why a picture is not sent; the widget's strings have a sentence for each `code`. */
export class PictureRefused extends Error {
  constructor(
    readonly code: string,
    readonly status = 0, // of the server's answer; 0: it was not asked
  ) {
    super(code);
  }
}

/** Whether the bytes begin as a JPEG, PNG, GIF or WebP does; a file's name and type say nothing. */
export function isPicture(head: Uint8Array): boolean {
  const ascii = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  const jpeg = head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff;
  const png = head[0] === 0x89 && ascii(1, 8) === "PNG\r\n\x1a\n";
  const gif = /^GIF8[79]a$/.test(ascii(0, 6));
  const webp = ascii(0, 4) === "RIFF" && ascii(8, 12) === "WEBP";
  return jpeg || png || gif || webp;
}

/** The size of a picture of `width` by `height` once its longer side is at most `most`; whole pixels, at least one. */
export function fitted(width: number, height: number, most = MAX_SIDE): [number, number] {
  const scale = Math.min(1, most / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** Throws PictureRefused: `image_too_big`, or `bad_image` for what is no picture. */
export async function prepare(file: Blob): Promise<Ready> {
  if (!isPicture(new Uint8Array(await file.slice(0, 12).arrayBuffer()))) throw new PictureRefused("bad_image");
  if (file.size > MAX_PICKED) throw new PictureRefused("image_too_big");
  const { body, preview } = await redrawn(file);
  if (body.size > MAX_BYTES) throw new PictureRefused("image_too_big");
  return { body, preview };
}

/** A browser that can't draw the file leaves it as it is: the server decides. */
async function redrawn(file: Blob): Promise<Ready> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return { body: file, preview: "" };
  }
  try {
    const preview = drawn(bitmap, THUMB_SIDE)?.toDataURL("image/jpeg", QUALITY) ?? "";
    if (file.size <= SMALL_BYTES && Math.max(bitmap.width, bitmap.height) <= MAX_SIDE) return { body: file, preview };
    const smaller = await blob(drawn(bitmap, MAX_SIDE));
    return { body: smaller && smaller.size < file.size ? smaller : file, preview };
  } finally {
    bitmap.close();
  }
}

function drawn(bitmap: ImageBitmap, most: number): HTMLCanvasElement | null {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = fitted(bitmap.width, bitmap.height, most);
  const pen = canvas.getContext("2d");
  if (!pen) return null;
  pen.fillStyle = "#fff"; // a JPEG has nothing to show through
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function blob(canvas: HTMLCanvasElement | null): Promise<Blob | null> {
  return new Promise((resolve) => (canvas ? canvas.toBlob(resolve, "image/jpeg", QUALITY) : resolve(null)));
}
