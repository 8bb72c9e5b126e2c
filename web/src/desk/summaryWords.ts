/** What a line of the summary says. Pure. */
import { dayAndTime } from "../core/time";
import type { SummaryLine } from "../protocol";
import type { DeskStrings } from "../strings/zh";

/** In the order in which an agent needs them. */
export const ORDER: SummaryLine["kind"][] = [
  "risk",
  "promise",
  "wish",
  "question",
  "scenario",
  "reason",
  "tone",
  "urgency",
  "quote",
  "fact",
  "answer",
  "earlier",
];

/** The sentences into which a model has rewritten the summary, "" when none has. */
export function digest(lines: readonly SummaryLine[]): string {
  const rewritten = lines.find((line) => line.kind === "wish")?.data?.["rewritten"];
  return typeof rewritten === "string" ? rewritten : "";
}

export function lineWords(line: SummaryLine, strings: DeskStrings, locale: string): string {
  const words = strings.summary;
  const data = line.data ?? {};
  const text = (key: string): string => (data[key] === undefined || data[key] === null ? "" : String(data[key]));
  switch (line.kind) {
    case "wish":
      return line.text || text("name");
    case "scenario":
      return `${text("name") || text("scenario")} · ${words.confidence(Math.round(Number(data["confidence"] ?? 0) * 100))}`;
    case "quote":
      return `“${line.text ?? ""}”`;
    case "question":
      return joined([`“${line.text ?? ""}”`, words.questionStates[text("state")]]);
    case "promise":
      return joined([line.text, text("agent"), when(data["at"], locale)]);
    case "earlier":
      return earlierWords(data, strings, locale) || (line.text ?? "");
    case "fact":
      if (data["kind"] === "picture") return strings.picture.count(Number(data["value"]));
      return `${words.facts[text("kind")] ?? text("kind")} ${text("value")}`;
    case "answer":
      return `${text("question")} · ${words.results[text("result")] ?? helpedWords(data["helped"], words)}`;
    case "tone":
      return words.emotions[text("emotion")] ?? text("emotion");
    case "urgency":
      return strings.urgency[Number(data["level"] ?? 0)] ?? text("level");
    case "risk":
      return words.risks[text("kind")] ?? text("kind");
    case "reason":
      return strings.reasons[text("code")] ?? text("code");
  }
}

/** When it was, what about, how it ended, and what the player thought of it. */
function earlierWords(data: Record<string, unknown>, strings: DeskStrings, locale: string): string {
  const end = strings.dispositions[String(data["disposition"])] ?? strings.endReasons[String(data["end"])];
  const score = Number(data["score"] ?? 0);
  return joined([
    when(data["at"], locale),
    String(data["name"] || data["scenario"] || ""),
    end,
    score > 0 ? strings.earlier.score(Math.round(score * 10) / 10) : "",
    data["complaint"] === true ? strings.earlier.complaint : "",
  ]);
}

function joined(parts: (string | undefined)[]): string {
  return parts.filter(Boolean).join(" · ");
}

function when(at: unknown, locale: string): string {
  return typeof at === "number" && at > 0 ? dayAndTime(at, locale) : "";
}

function helpedWords(helped: unknown, words: DeskStrings["summary"]): string {
  if (helped === true) return words.helped;
  return helped === false ? words.notHelped : words.noFeedback;
}
