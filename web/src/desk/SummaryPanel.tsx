/** What the bot tells the agent; every line leads to the messages it rests on. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import type { SummaryLine } from "../protocol";
import type { DeskStrings } from "../strings/zh";
import { useTools } from "./context";
import type { Followed } from "./state";

const ORDER: SummaryLine["kind"][] = ["risk", "wish", "scenario", "reason", "tone", "urgency", "quote", "fact", "answer"];

export function SummaryPanel({ conversation, onJump }: { conversation: Followed; onJump(n: number): void }): JSX.Element | null {
  const { strings } = useTools();
  const episode = conversation.snapshot?.episode;
  if (!episode) return null;
  const lines = episode.summary?.lines ?? [];
  const kinds = ORDER.filter((kind) => lines.some((line) => line.kind === kind));
  return (
    <details class="summary" open data-testid="summary">
      <summary>{strings.summary.title}</summary>
      {lines.length === 0 && <p class="soft summary-pending">{strings.summary.pending}</p>}
      <dl>
        {kinds.map((kind) => (
          <div key={kind} class={`summary-row ${kind}`}>
            <dt>{strings.summary.kinds[kind]}</dt>
            <dd>
              {lines
                .filter((line) => line.kind === kind)
                .map((line, i) => (
                  <Line key={i} line={line} onJump={onJump} />
                ))}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Line({ line, onJump }: { line: SummaryLine; onJump(n: number): void }): JSX.Element {
  const { strings } = useTools();
  const first = line.refs[0];
  const words = <Masked text={lineWords(line, strings)} names={strings.masked} />;
  return (
    <span class="summary-line" data-testid="summary-line" data-kind={line.kind}>
      {first === undefined ? (
        <span>{words}</span>
      ) : (
        <button class="summary-words" title={strings.summary.jump(first)} onClick={() => onJump(first)}>
          {words}
        </button>
      )}
      {line.refs.map((n) => (
        <button key={n} class="ref" aria-label={strings.summary.jump(n)} onClick={() => onJump(n)}>
          {n}
        </button>
      ))}
    </span>
  );
}

function lineWords(line: SummaryLine, strings: DeskStrings): string {
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
    case "fact":
      return `${words.facts[text("kind")] ?? text("kind")} ${text("value")}`;
    case "answer":
      return `${text("question")} · ${helpedWords(data["helped"], words)}`;
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

function helpedWords(helped: unknown, words: DeskStrings["summary"]): string {
  if (helped === true) return words.helped;
  return helped === false ? words.notHelped : words.noFeedback;
}
