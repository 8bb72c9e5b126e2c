/** The conversation as a text file that the player may keep. Pure but for `save`. */
import { maskedText } from "../core/masked";
import { plainText } from "../core/plain";
import type { Entry } from "../protocol";
import type { WidgetStrings } from "../strings/zh";
import { eventWords, quotedText } from "./events";
import type { ChatState } from "./state";

const BYTE_ORDER_MARK = "\uFEFF"; // by which old editors know UTF-8
const LINE_END = "\r\n";

/** Everything that the log shows, older part first; `now` in UTC milliseconds, times in the player's own zone. */
export function transcript(state: ChatState, strings: WidgetStrings, now: number): string {
  const words = strings.transcript;
  const older = paragraphs(state.past, strings);
  const parts = [
    `${words.title}\n${words.saved(stamp(now))}`,
    ...(older.length > 0 ? [`==== ${words.earlier} ====`, ...older, "===="] : []),
    ...paragraphs(state.log.entries, strings),
    ...unsent(state, strings),
  ];
  return BYTE_ORDER_MARK + parts.join("\n\n").replaceAll(/\r?\n/g, LINE_END) + LINE_END;
}

export function fileName(strings: WidgetStrings, now: number): string {
  return `${strings.transcript.file}-${stamp(now).replace(" ", "-").replace(":", "")}.txt`;
}

/** Hands the browser a file. */
export function save(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function paragraphs(entries: readonly Entry[], strings: WidgetStrings): string[] {
  return entries.map((entry) => paragraph(entry, strings)).filter((text) => text !== "");
}

function paragraph(entry: Entry, strings: WidgetStrings): string {
  if (entry.kind === "feedback") return "";
  if (entry.kind === "status") {
    const words = eventWords(entry, strings, stamp);
    const quoted = maskedText(quotedText(entry), strings.masked);
    return words && `${stamp(entry.at)}  * ${words}${quoted && `\n${quoted}`}`;
  }
  return `${stamp(entry.at)}  ${speaker(entry, strings)}\n${body(entry, strings)}`;
}

function speaker(entry: Entry, strings: WidgetStrings): string {
  if (entry.sender === "player") return strings.you;
  return entry.sender === "agent" ? entry.name || strings.agent : strings.bot;
}

function body(entry: Entry, strings: WidgetStrings): string {
  const { image } = strings.transcript;
  if (entry.kind === "image") return image;
  const text = entry.text ?? "";
  return entry.kind === "answer" ? plainText(text, image) : maskedText(text, strings.masked);
}

/** What has not reached the server is in sight too, and marked. */
function unsent(state: ChatState, strings: WidgetStrings): string[] {
  return state.pending.flatMap(({ frame, label }) => {
    const text = frame.type === "send" ? frame.text : frame.type === "pick" ? (label ?? "") : "";
    return text ? [`${strings.you} (${strings.transcript.unsent})\n${text}`] : [];
  });
}

/** Local time, `2026-11-24 12:03`. */
function stamp(at: number): string {
  const time = new Date(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
