/** What the bot tells the agent; every line leads to the messages it rests on. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import type { SummaryLine } from "../protocol";
import { locale } from "../strings";
import { useTools } from "./context";
import type { Followed } from "./state";
import { digest, lineWords, ORDER } from "./summaryWords";

export function SummaryPanel({ conversation, onJump }: { conversation: Followed; onJump(n: number): void }): JSX.Element | null {
  const { strings } = useTools();
  const episode = conversation.snapshot?.episode;
  if (!episode) return null;
  const lines = episode.summary?.lines ?? [];
  const rewritten = digest(lines);
  const kinds = ORDER.filter((kind) => lines.some((line) => line.kind === kind));
  return (
    <details class="summary" open data-testid="summary">
      <summary>{strings.summary.title}</summary>
      {lines.length === 0 && <p class="soft summary-pending">{strings.summary.pending}</p>}
      {rewritten && (
        <p class="digest" data-testid="digest">
          <Masked text={rewritten} names={strings.masked} />
          <span class="soft">{strings.digest}</span>
        </p>
      )}
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
  const { strings, language } = useTools();
  const first = line.refs[0];
  const words = <Masked text={lineWords(line, strings, locale(language))} names={strings.masked} />;
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
