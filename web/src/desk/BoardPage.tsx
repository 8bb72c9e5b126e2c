/** The supervisors' board: who waits, who works, what needs a look, and how to step in. */
import type { JSX } from "preact";
import { duration, useNow } from "../core/time";
import { AlertList } from "./AlertList";
import { Loaded } from "./Loaded";
import { conversations } from "./reservations";
import { usePolled } from "./polled";
import { Table } from "./Table";
import { LateTags, MatterTags, Tag, UrgencyTag, VipTag } from "./Tags";
import { board, type Board, type BoardConversation, type BoardGroup, type Colleague } from "./team";
import { WatchButtons } from "./WatchButtons";
import { useTools } from "./context";
import type { DeskState } from "./state";

export function BoardPage({ state }: { state: DeskState }): JSX.Element {
  const words = useTools().strings.board;
  const polled = usePolled(board, "board");
  return (
    <main class="page" data-testid="board-page">
      <header class="page-head">
        <h1>{words.title}</h1>
      </header>
      <Loaded polled={polled}>{(found) => <Sections found={found} state={state} />}</Loaded>
    </main>
  );
}

function Sections({ found, state }: { found: Board; state: DeskState }): JSX.Element {
  const words = useTools().strings.board;
  const { count, within_p90 } = found.waits;
  return (
    <>
      <p class="soft" data-testid="waits">
        {count > 0 ? words.within(Math.round(within_p90 * 100), count) : words.withinNone}
      </p>
      <div class="board-top">
        <Groups groups={found.groups} />
        <AlertList alerts={found.alerts} state={state} />
      </div>
      <Conversations items={found.conversations} state={state} />
      <Agents agents={found.agents} />
    </>
  );
}

function Groups({ groups }: { groups: readonly BoardGroup[] }): JSX.Element {
  const { strings } = useTools();
  const words = strings.board;
  const time = (seconds: number): string => (seconds > 0 ? duration(seconds * 1000) : strings.page.unknown);
  return (
    <Table
      title={words.groups}
      testid="board-groups"
      heads={[words.group, words.waiting, words.oldest, words.online, words.free, words.p50, words.p90]}
      empty={strings.page.unknown}
      rows={groups.map((one) => ({
        key: one.id,
        cells: [
          one.name,
          one.waiting > 0 ? <b>{one.waiting}</b> : "0",
          one.waiting > 0 ? duration(one.oldest_ms) : "–",
          one.online,
          one.slots_free,
          time(one.p50_s),
          time(one.p90_s),
        ],
      }))}
    />
  );
}

function Conversations({ items, state }: { items: readonly BoardConversation[]; state: DeskState }): JSX.Element {
  const { strings } = useTools();
  const words = strings.board;
  const now = useNow(true) + state.skew;
  return (
    <Table
      title={words.conversations}
      testid="board-conversations"
      heads={[words.player, words.owner, words.since, words.status, words.actions]}
      empty={words.conversationsEmpty}
      rows={items.map((one) => ({
        key: one.conversation,
        cells: [
          <Who one={one} state={state} />,
          one.owner === "agent" ? one.agent_name : strings.owner[one.owner],
          duration(now - one.since),
          <Standing one={one} />,
          <Actions one={one} state={state} />,
        ],
      }))}
    />
  );
}

function Who({ one, state }: { one: BoardConversation; state: DeskState }): JSX.Element {
  return (
    <span class="row-head">
      <b>{one.name || one.player}</b>
      <VipTag level={one.vip} />
      <UrgencyTag level={one.urgency} />
      <MatterTags group={one.group} tier={one.tier} names={state.names} />
    </span>
  );
}

function Standing({ one }: { one: BoardConversation }): JSX.Element {
  const { strings } = useTools();
  return (
    <span class="row-head">
      <LateTags kinds={one.late} />
      {one.idle && <Tag>{strings.idleShort}</Tag>}
      {one.owner === "agent" && one.responded_at > 0 && (
        <span class="soft">{strings.response.answered(duration(one.responded_at - one.since))}</span>
      )}
    </span>
  );
}

function Actions({ one, state }: { one: BoardConversation; state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  const theirs = one.owner === "agent" && one.agent !== state.agent?.id;
  return (
    <span class="row-head">
      <button class="button quiet small" data-testid="watch" onClick={() => session.select(one.conversation)}>
        {theirs ? strings.team.watch : strings.page.open}
      </button>
      {theirs && <WatchButtons conversation={one.conversation} owner={one.agent_name} />}
    </span>
  );
}

function Agents({ agents }: { agents: readonly Colleague[] }): JSX.Element {
  const { strings } = useTools();
  const words = strings.board;
  return (
    <Table
      title={words.agents}
      testid="board-agents"
      heads={[words.name, words.status, words.load]}
      empty={words.agentsEmpty}
      rows={agents.map((one) => ({
        key: one.id,
        cells: [
          one.display,
          <span class={`presence ${one.status}`}>
            <span class="lamp" />
            {strings.status[one.status]}
          </span>,
          `${conversations(one.load)}/${one.capacity}`,
        ],
      }))}
    />
  );
}
