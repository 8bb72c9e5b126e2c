/** One ticket: what it is about, its history, and what can be done with it. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import { Changes } from "./Changes";
import { DueTag } from "./DueTag";
import { Stamp } from "./EntryRow";
import { TranscriptButton } from "./History";
import { Loaded } from "./Loaded";
import { Moves } from "./Moves";
import { usePolled } from "./polled";
import { Tag } from "./Tags";
import { moveTicket, ticket, ticketEvents, ticketWords, type Ticket } from "./tickets";
import { useTools } from "./context";
import type { DeskState } from "./state";

interface Props {
  number: string;
  state: DeskState;
  onChange(): void;
}

export function TicketDetail({ number, state, onChange }: Props): JSX.Element {
  const polled = usePolled(() => ticket(number), number);
  const changed = (): void => {
    polled.reload();
    onChange();
  };
  return <Loaded polled={polled}>{(one) => <Detail one={one} state={state} onChange={changed} />}</Loaded>;
}

function Detail({ one, state, onChange }: { one: Ticket; state: DeskState; onChange(): void }): JSX.Element {
  const { strings } = useTools();
  const words = strings.tickets;
  return (
    <article class="ticket" data-testid="ticket" data-state={one.state}>
      <header class="page-head">
        <h2>{one.number}</h2>
        <Tag tone={one.state === "solved" ? "green" : "blue"}>{words.states[one.state] ?? one.state}</Tag>
        <DueTag ticket={one} skew={state.skew} />
        <TranscriptButton conversation={one.conversation} />
      </header>
      <p class="ticket-words">
        <Masked text={one.text} names={strings.masked} />
      </p>
      <Facts one={one} state={state} />
      <Moves
        events={ticketEvents(one, state.agent?.id ?? "")}
        names={words.events}
        version={one.version}
        wordsOf={(event) => {
          const { words: needed, told } = ticketWords(one, event);
          return told ? { needed, hint: words.told } : { needed };
        }}
        label={words.words}
        post={(event, move) => moveTicket(one.number, event, move)}
        onChange={onChange}
      />
      <h3>{words.history}</h3>
      <Changes history={one.history ?? []} events={words.events} />
    </article>
  );
}

function Facts({ one, state }: { one: Ticket; state: DeskState }): JSX.Element {
  const words = useTools().strings.tickets;
  const assignee = one.assignee_name || one.assignee || words.nobody;
  return (
    <dl class="facts">
      <div>
        <dt>{words.player}</dt>
        <dd>{one.player}</dd>
      </div>
      <div>
        <dt>{words.group}</dt>
        <dd>{state.names.groups[one.group] ?? one.group}</dd>
      </div>
      <div>
        <dt>{words.assignee}</dt>
        <dd data-testid="assignee">{assignee}</dd>
      </div>
      <div>
        <dt>{words.created}</dt>
        <dd>
          <Stamp at={one.created_at} />
        </dd>
      </div>
      <div>
        <dt>{words.dueAt}</dt>
        <dd>
          <Stamp at={one.due_at} />
        </dd>
      </div>
    </dl>
  );
}
