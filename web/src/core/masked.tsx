/**
 * Plain text in which the server's tokens for what it masked stand as small labels: `[phone:****5678]` is shown as
 * 手机号 ****5678. Everything else stays the text it is.
 */
import type { ComponentChildren, JSX } from "preact";
import type { MaskedNames } from "../strings/zh";

type Kind = keyof MaskedNames;

// As common/privacy.py writes them; anything else in brackets is a person's own text.
const TOKEN = /\[(?:(phone|id_card|bank_card):(\*{4}[\dX]{4})|(email):([^\s\]]\*{3}@[\w.-]+)|(secret))\]/gi;

function label(match: RegExpExecArray, names: MaskedNames): { kind: Kind; words: string } {
  const kind = (match[1] ?? match[3] ?? match[5] ?? "secret").toLowerCase() as Kind;
  const value = match[2] ?? match[4] ?? "";
  return { kind, words: value ? `${names[kind]} ${value}` : names[kind] };
}

/** The same as plain text. */
export function maskedText(text: string, names: MaskedNames): string {
  return text.replaceAll(TOKEN, (...found) => label(found as unknown as RegExpExecArray, names).words);
}

export function Masked({ text, names }: { text: string; names: MaskedNames }): JSX.Element {
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const { kind, words } = label(match, names);
    parts.push(
      text.slice(end, match.index),
      <span class="masked" data-masked={kind}>
        {words}
      </span>,
    );
    end = match.index + match[0].length;
  }
  return <>{[...parts, text.slice(end)]}</>;
}
