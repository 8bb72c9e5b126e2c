/** The history of a ticket or a task, newest first: who did what, when, and their words. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import { Stamp } from "./EntryRow";
import { Tag } from "./Tags";
import type { Change } from "./tickets";
import { useTools } from "./context";

interface Props {
  history: readonly Change[];
  events: Readonly<Record<string, string>>;
}

export function Changes({ history, events }: Props): JSX.Element {
  return (
    <ol class="changes">
      {[...history].reverse().map((change, i) => (
        <ChangeRow key={i} change={change} name={events[change.event] ?? change.event} />
      ))}
    </ol>
  );
}

function ChangeRow({ change, name }: { change: Change; name: string }): JSX.Element {
  const { strings } = useTools();
  const words = strings.tickets;
  const [kind, id = ""] = change.by.split(":", 2);
  const who = { p: words.byPlayer, a: change.by_name || id }[kind ?? ""] ?? words.bySystem;
  return (
    <li data-testid="change" data-event={change.event}>
      <p class="entry-meta">
        <b>{who}</b>
        <Tag>{name}</Tag>
        <Stamp at={change.at} />
      </p>
      {change.text && (
        <p class="note-text">
          <Masked text={change.text} names={strings.masked} />
        </p>
      )}
    </li>
  );
}
