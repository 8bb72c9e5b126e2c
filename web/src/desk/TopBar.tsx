/** Who is logged in, whether they take conversations and how many, and how the connection is. */
import type { JSX } from "preact";
import { CloudMark } from "../core/icons";
import { useNow } from "../core/time";
import type { AgentStatus } from "../protocol";
import { conversations } from "./reservations";
import { useTools } from "./context";
import type { DeskState } from "./state";

const STATUSES: AgentStatus[] = ["online", "busy", "break", "offline"];
const MOST_AT_ONCE = 20;

export function TopBar({ state }: { state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  const changing = state.pending.some(({ frame }) => frame.type === "presence");
  const capacities = Array.from({ length: MOST_AT_ONCE }, (_, i) => i + 1);
  return (
    <header class="top-bar">
      <span class="product">
        <CloudMark size={24} />
        {strings.product}
      </span>
      <Connection state={state} />
      <div
        class="status-switch"
        role="radiogroup"
        aria-label={strings.status.label}
        aria-busy={changing}
        data-testid="status"
        data-status={state.status}
      >
        {STATUSES.map((status) => (
          <label key={status} class={status === state.status ? `chosen ${status}` : status} data-testid={`status-${status}`}>
            <input
              class="sr"
              type="radio"
              name="status"
              checked={status === state.status}
              onChange={() => session.present(status, state.capacity)}
            />
            <span class="lamp" />
            {strings.status[status]}
          </label>
        ))}
      </div>
      <label class="capacity">
        {strings.capacity}
        <select
          data-testid="capacity"
          value={state.capacity}
          onChange={(event) => session.present(state.status, Number(event.currentTarget.value))}
        >
          {capacities.map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
      <span class="load" data-testid="load">
        {strings.load(conversations(state.load), state.capacity)}
      </span>
      <span class="who" title={state.agent?.name}>
        {state.agent?.display}
      </span>
      <button class="button ghost small" data-testid="logout" onClick={() => void session.leave()}>
        {strings.logout}
      </button>
    </header>
  );
}

function Connection({ state }: { state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  const { link } = state;
  const now = useNow(link.kind === "waiting", 500);
  const words = strings.connection;
  return (
    <span class="desk-connection" data-testid="connection" data-state={link.kind} role="status">
      <span class="lamp" />
      <span>
        {link.kind === "waiting" && words.waiting(Math.ceil((link.until - now) / 1000))}
        {link.kind === "refused" && words[link.why]}
        {link.kind !== "waiting" && link.kind !== "refused" && words[link.kind]}
      </span>
      {(link.kind === "waiting" || link.kind === "refused") && (
        <button class="link-button" onClick={() => session.retry()}>
          {words.retryNow}
        </button>
      )}
    </span>
  );
}
