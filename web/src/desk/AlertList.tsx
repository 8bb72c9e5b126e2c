/** What supervisors should see, each line leading to its conversation. */
import type { JSX } from "preact";
import { Stamp } from "./EntryRow";
import { Tag } from "./Tags";
import type { BoardAlert } from "./team";
import { useTools } from "./context";
import type { DeskState } from "./state";

export function AlertList({ alerts, state }: { alerts: readonly BoardAlert[]; state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.board;
  return (
    <section class="panel-box alerts" data-testid="board-alerts" aria-label={words.alerts}>
      <h2>{words.alerts}</h2>
      {alerts.length === 0 && <p class="nothing">{words.alertsEmpty}</p>}
      <ul>
        {alerts.map((one) => (
          <li key={one.id}>
            <button class="alert-button" data-testid="alert" data-code={one.code} onClick={() => session.select(one.conversation)}>
              <Tag tone={one.code.startsWith("late") ? "red" : "amber"}>{strings.alerts[one.code] ?? one.code}</Tag>
              <span class="soft">
                {state.names.agents[one.agent] ?? one.agent} <Stamp at={one.at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
