/** It is the turn of a player who had left: a call with the time for which their place is still kept. */
import type { JSX } from "preact";
import { duration } from "../core/time";
import { useTools } from "./context";
import { isWaiting, type ChatState } from "./state";

interface Props {
  state: ChatState;
  leftMs: number;
  onBack(): void;
}

export function CallCard({ state, leftMs, onBack }: Props): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.call;
  return (
    <aside class="card call-card" data-testid="call-card" aria-label={words.title}>
      <div class="call-head">
        <div role="alert">
          <p class="call-title">{words.title}</p>
          <p>{words.hint}</p>
        </div>
        <span class="call-clock" role="timer" aria-label={words.left} data-testid="call-left">
          {duration(leftMs)}
        </span>
      </div>
      <div class="card-actions">
        <button class="button call" data-testid="call-back" onClick={onBack}>
          {words.back}
        </button>
        <button
          class="button ghost"
          data-testid="call-cancel"
          disabled={isWaiting(state, "cancel_human")}
          onClick={() => session.cancelHuman()}
        >
          {words.cancel}
        </button>
      </div>
    </aside>
  );
}
