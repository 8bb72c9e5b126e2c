/** Low ratings that a supervisor follows up, from the player's words to the call back. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import { Changes } from "./Changes";
import { Stamp } from "./EntryRow";
import { TranscriptButton } from "./History";
import { Loaded } from "./Loaded";
import { Moves } from "./Moves";
import { usePolled } from "./polled";
import { Tag } from "./Tags";
import { followUpEvent, followUps, followUpWords, moveFollowUp, type FollowUp } from "./tickets";
import { useTools } from "./context";

export function FollowUpsPage(): JSX.Element {
  const words = useTools().strings.followUps;
  const polled = usePolled(followUps, "follow_ups");
  return (
    <main class="page" data-testid="follow-ups-page">
      <header class="page-head">
        <h1>{words.title}</h1>
      </header>
      <Loaded polled={polled}>
        {(items) =>
          items.length === 0 ? (
            <p class="nothing">{words.empty}</p>
          ) : (
            <ul class="cards">
              {items.map((one) => (
                <Task key={one.id} one={one} onChange={polled.reload} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </main>
  );
}

function Task({ one, onChange }: { one: FollowUp; onChange(): void }): JSX.Element {
  const { strings } = useTools();
  const words = strings.followUps;
  const event = followUpEvent(one.state);
  return (
    <li class="panel-box" data-testid="follow-up" data-state={one.state}>
      <p class="row-head">
        <Tag tone="red">{words.score(one.score)}</Tag>
        {one.weighted > 0 && <Tag tone="amber">{words.weighted(one.weighted.toFixed(1))}</Tag>}
        <Tag tone="blue">{words.states[one.state] ?? one.state}</Tag>
        <span class="row-time">
          <Stamp at={one.created_at} />
        </span>
      </p>
      <p class="follow-up-words">{one.text ? <Masked text={one.text} names={strings.masked} /> : words.noText}</p>
      <p class="entry-meta">
        {one.agent && <span>{words.about(one.agent_name || one.agent)}</span>}
        {one.by && <span>{words.by(one.by_name || one.by)}</span>}
        <TranscriptButton conversation={one.conversation} />
      </p>
      <Moves
        events={event ? [event] : []}
        names={words.events}
        version={one.version}
        wordsOf={(which) => ({ needed: followUpWords(which) })}
        label={words.words}
        post={(which, move) => moveFollowUp(one.id, which, move)}
        onChange={onChange}
      />
      <Changes history={one.history ?? []} events={words.events} />
    </li>
  );
}
