/** Where the player stands while waiting for a person, and what else they can do. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { duration, useNow } from "../core/time";
import { useTools } from "./context";
import { isWaiting, type ChatState } from "./state";
import { TicketForm } from "./TicketForm";

export function QueueCard({ state }: { state: ChatState }): JSX.Element {
  const { session, strings } = useTools();
  const [writing, setWriting] = useState(false);
  const now = useNow(true);
  const words = strings.queue;
  if (writing) return <TicketForm busy={isWaiting(state, "ticket")} onBack={() => setWriting(false)} />;
  const position = state.queue?.position ?? 0;
  const since = state.queue?.since ?? 0;
  const nobody = state.agentsOnline === 0;
  return (
    <aside class="card queue-card" data-testid="queue-card" aria-label={words.title}>
      <div class="queue-head">
        <span class="queue-number" aria-hidden="true">
          {position > 0 ? position : "…"}
        </span>
        <div>
          <p class="card-title">{nobody ? words.titleNobody : words.title}</p>
          <p class="queue-line">
            <span role="status">{position === 1 && !nobody ? words.next : words.position(position)}</span>
            {since > 0 && <span>{words.waited(duration(now + state.skew - since))}</span>}
            {!nobody && <span>{words.online(state.agentsOnline)}</span>}
          </p>
        </div>
      </div>
      <p class="card-hint" data-testid="queue-hint">
        {nobody ? words.nobody : words.hint}
      </p>
      <div class="card-actions">
        <button class={nobody ? "button" : "button quiet"} data-testid="leave-ticket" onClick={() => setWriting(true)}>
          {words.ticket}
        </button>
        <button
          class="button quiet"
          data-testid="cancel-queue"
          disabled={isWaiting(state, "cancel_human")}
          onClick={() => session.cancelHuman()}
        >
          {words.cancel}
        </button>
      </div>
    </aside>
  );
}
