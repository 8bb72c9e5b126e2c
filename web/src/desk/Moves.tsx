/** The buttons that take a ticket or a task a step further, with the words that a step needs. */
import type { JSX } from "preact";
import { useMoves } from "./moving";
import { TextDialog } from "./TextDialog";
import { refusal } from "./Toasts";
import type { Move, Words } from "./tickets";
import { useTools } from "./context";

interface Props<E extends string> {
  events: readonly E[];
  names: Readonly<Record<string, string>>;
  version: number;
  wordsOf(event: E): { needed: Words; hint?: string };
  label: string;
  post(event: E, move: Move): Promise<void>;
  onChange(): void;
}

export function Moves<E extends string>({ events, names, version, wordsOf, label, post, onChange }: Props<E>): JSX.Element {
  const { strings } = useTools();
  const moving = useMoves<E>(version, post, onChange);
  const { asking, problem } = moving;
  const words = problem ? [refusal(problem.code, "", strings), problem.who && strings.tickets.nowWith(problem.who)].filter(Boolean) : [];
  const trouble = problem ? strings.page.reason(words.join(" · ")) : "";
  const start = (event: E): void => {
    if (wordsOf(event).needed === "none") moving.go(event, "");
    else moving.ask(event);
  };
  const needs = asking ? wordsOf(asking) : { needed: "none" as const };
  return (
    <div class="moves">
      {events.map((event) => (
        <button key={event} class="button quiet small" data-testid={`do-${event}`} disabled={moving.busy} onClick={() => start(event)}>
          {names[event] ?? event}
        </button>
      ))}
      {!asking && trouble && (
        <p class="problem" role="alert">
          {trouble}
        </p>
      )}
      {asking && (
        <TextDialog
          testid="move-dialog"
          words={{ title: names[asking] ?? asking, label, submit: names[asking] ?? asking, ...(needs.hint ? { hint: needs.hint } : {}) }}
          required={needs.needed === "required"}
          busy={moving.busy}
          problem={trouble}
          onSubmit={(text) => moving.go(asking, text)}
          onCancel={moving.cancel}
        />
      )}
    </div>
  );
}
