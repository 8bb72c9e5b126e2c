/** Where the player stands while waiting for a person, and what else they can do. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { duration } from "../core/time";
import { askToNotify } from "./attention";
import { useTools } from "./context";
import { waitWords } from "./events";
import { isWaiting, type ChatState } from "./state";
import { TicketForm } from "./TicketForm";

interface Props {
  state: ChatState;
  now: number;
  back: boolean; // the player was called and has come back
}

export function QueueCard({ state, now, back }: Props): JSX.Element {
  const { strings } = useTools();
  const [writing, setWriting] = useState(false);
  if (writing) return <TicketForm busy={isWaiting(state, "ticket")} onBack={() => setWriting(false)} />;
  const words = strings.queue;
  const nobody = state.agentsOnline === 0;
  const kept = !back && state.queue?.kept === true;
  const title = back ? words.titleBack : kept ? words.titleKept : nobody ? words.titleNobody : words.title;
  const hint = kept ? words.keptHint : nobody ? words.nobody : words.hint;
  return (
    <aside class="card queue-card" data-testid="queue-card" data-kept={kept} aria-label={title}>
      <div class="queue-head">
        <span class="queue-number" aria-hidden="true">
          {state.queue?.position || "…"}
        </span>
        <div>
          <p class="card-title">{title}</p>
          <Place state={state} now={now} nobody={nobody} />
        </div>
      </div>
      <p class="card-hint" data-testid="queue-hint" role="status">
        {hint}
      </p>
      <Actions state={state} keepable={!kept && !back} nobody={nobody} onTicket={() => setWriting(true)} />
    </aside>
  );
}

/** Only what the server says is announced, and only when it changes; the running clock never is. */
function Place({ state, now, nobody }: { state: ChatState; now: number; nobody: boolean }): JSX.Element {
  const { strings } = useTools();
  const words = strings.queue;
  const { position = 0, since = 0, p50_s = 0, p90_s = 0 } = state.queue ?? {};
  const expected = nobody ? "" : waitWords(p50_s, p90_s, strings.wait);
  return (
    <>
      <p class="queue-line" role="status" data-testid="queue-place">
        <span>{position === 1 && !nobody ? words.next : words.position(position)}</span>
        {position > 1 && <span>{words.ahead(position - 1)}</span>}
        {expected && <span class="queue-expected">{words.expected(expected)}</span>}
      </p>
      <p class="queue-line">
        {since > 0 && <span>{words.waited(duration(now + state.skew - since))}</span>}
        {!nobody && <span>{words.online(state.agentsOnline)}</span>}
      </p>
    </>
  );
}

interface ActionProps {
  state: ChatState;
  keepable: boolean;
  nobody: boolean;
  onTicket(): void;
}

function Actions({ state, keepable, nobody, onTicket }: ActionProps): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.queue;
  const keeping = isWaiting(state, "keep");
  const keep = (): void => {
    askToNotify();
    session.keep();
  };
  return (
    <div class="card-actions">
      {keepable && (
        <button class={nobody ? "button quiet" : "button"} data-testid="keep-place" disabled={keeping} onClick={keep}>
          {keeping ? words.keepPending : words.keep}
        </button>
      )}
      <button class={nobody ? "button" : "button quiet"} data-testid="leave-ticket" onClick={onTicket}>
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
  );
}
