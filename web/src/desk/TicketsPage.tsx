/** Tickets: the list on the left, the one that is worked on beside it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Masked } from "../core/masked";
import { DueTag } from "./DueTag";
import { Loaded } from "./Loaded";
import { usePolled } from "./polled";
import { Tag } from "./Tags";
import { TicketDetail } from "./TicketDetail";
import { TICKET_STATES, tickets, type Ticket, type TicketState } from "./tickets";
import { useTools } from "./context";
import type { DeskState } from "./state";

export function TicketsPage({ state }: { state: DeskState }): JSX.Element {
  const { strings } = useTools();
  const words = strings.tickets;
  const [wanted, setWanted] = useState<TicketState | "">("");
  const [mine, setMine] = useState(false);
  const [chosen, setChosen] = useState("");
  const polled = usePolled(() => tickets(wanted, mine), `${wanted}/${mine}`);
  return (
    <main class="page split" data-testid="tickets-page">
      <section class="split-list" aria-label={words.title}>
        <header class="page-head">
          <h1>{words.title}</h1>
          <label>
            <span class="sr">{words.state}</span>
            <select
              data-testid="ticket-state"
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value as TicketState | "")}
            >
              <option value="">{words.unfinished}</option>
              {TICKET_STATES.map((name) => (
                <option key={name} value={name}>
                  {words.states[name]}
                </option>
              ))}
            </select>
          </label>
          <label class="check">
            <input type="checkbox" data-testid="ticket-mine" checked={mine} onChange={() => setMine(!mine)} />
            {words.mine}
          </label>
        </header>
        <Loaded polled={polled}>
          {(items) => <TicketList items={items} state={state} chosen={chosen} onChoose={setChosen} />}
        </Loaded>
      </section>
      <section class="split-detail">
        {chosen ? (
          <TicketDetail key={chosen} number={chosen} state={state} onChange={polled.reload} />
        ) : (
          <p class="nothing">{words.choose}</p>
        )}
      </section>
    </main>
  );
}

interface ListProps {
  items: readonly Ticket[];
  state: DeskState;
  chosen: string;
  onChoose(number: string): void;
}

function TicketList({ items, state, chosen, onChoose }: ListProps): JSX.Element {
  const { strings } = useTools();
  if (items.length === 0) return <p class="nothing">{strings.tickets.empty}</p>;
  return (
    <ul class="rows">
      {items.map((one) => (
        <li key={one.number}>
          <button
            class={one.number === chosen ? "row-button selected" : "row-button"}
            data-testid="ticket-item"
            data-number={one.number}
            aria-current={one.number === chosen}
            onClick={() => onChoose(one.number)}
          >
            <span class="row-head">
              <b>{one.number}</b>
              <Tag>{strings.tickets.states[one.state] ?? one.state}</Tag>
              <DueTag ticket={one} skew={state.skew} />
            </span>
            <span class="row-preview">
              <Masked text={one.text} names={strings.masked} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
