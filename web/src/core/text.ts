/** What counts as a message. */
import { MAX_TEXT } from "../protocol";

/** Characters as the server counts them: code points after trimming. */
export function textLength(text: string): number {
  return [...text.trim()].length;
}

export function sendable(text: string): boolean {
  const length = textLength(text);
  return length > 0 && length <= MAX_TEXT;
}

/** Trimmed, and without half characters, which no JSON reader on the other side accepts. */
export function clean(text: string): string {
  const whole = [...text.trim()].map((char) => (char >= "\uD800" && char <= "\uDFFF" && char.length === 1 ? "\uFFFD" : char));
  return whole.join("");
}
