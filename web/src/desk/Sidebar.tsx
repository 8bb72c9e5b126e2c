/** The left side: the agent's conversations and the queue. */
import type { JSX } from "preact";
import { Masked } from "../core/masked";
import { clockTime, duration, useNow } from "../core/time";
import type { QueueItem } from "../protocol";
import { locale } from "../strings";
import { MatterTags, Tag, UrgencyTag, VipTag } from "./Tags";
import { isGuest, whispersWait } from "./teamwork";
import { useTools } from "./context";
import { isWaiting, mine, needsWrapUp, preview, unread, type DeskState, type Followed } from "./state";

export function Sidebar({ state }: { state: DeskState }): JSX.Element {
  const { strings } = useTools();
  const own = mine(state);
  const offline = state.status === "offline";
  return (
    <nav class="sidebar" aria-label={strings.mine}>
      <h2>
        {strings.mine}
        <span class="count-pill">{own.length}</span>
      </h2>
      {own.length === 0 && <p class="nothing">{offline ? strings.mineOffline : strings.mineEmpty}</p>}
      <ul class="rows">
        {own.map((one) => (
          <MineRow key={one.id} one={one} state={state} />
        ))}
      </ul>
      <h2>
        {strings.queue}
        <span class="count-pill">{state.queueTotal}</span>
        <span class="soft agents-online">{strings.agentsOnline(state.agentsOnline)}</span>
      </h2>
      {state.queue.length === 0 && <p class="nothing">{strings.queueEmpty}</p>}
      <ul class="rows" data-testid="queue">
        {state.queue.map((item) => (
          <QueueRow key={item.conversation} item={item} state={state} />
        ))}
      </ul>
      {state.queueTotal > state.queue.length && (
        <p class="nothing">{strings.queueMore(state.queueTotal - state.queue.length)}</p>
      )}
    </nav>
  );
}

function MineRow({ one, state }: { one: Followed; state: DeskState }): JSX.Element {
  const { session, strings, language } = useTools();
  const selected = one.id === state.selected;
  const count = unread(one);
  const player = one.snapshot?.player;
  const newest = one.log.entries.at(-1);
  return (
    <li>
      <button
        class={selected ? "row-button selected" : "row-button"}
        data-testid="mine-item"
        data-conversation={one.id}
        aria-current={selected}
        onClick={() => session.select(one.id)}
      >
        <span class="row-head">
          <b>{player?.name || player?.id}</b>
          <VipTag level={player?.vip ?? 0} />
          {needsWrapUp(one) && <Tag tone="amber">{strings.states["wrap_up"]}</Tag>}
          {isGuest(one, state.agent?.id ?? "") && <Tag tone="blue">{strings.team.guests}</Tag>}
          {whispersWait(one) && <Tag tone="amber">{strings.whisper}</Tag>}
          {one.snapshot?.idle && <Tag>{strings.idleShort}</Tag>}
          <span class="row-time">{newest && clockTime(newest.at, locale(language))}</span>
        </span>
        <span class="row-foot">
          <span class="row-preview">{one.typing ? strings.playerTyping : <Masked text={preview(one)} names={strings.masked} />}</span>
          {count > 0 && (
            <span class="unread" aria-label={strings.unread(count)}>
              {count}
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

const LONG_WAIT_MS = 180_000;

function QueueRow({ item, state }: { item: QueueItem; state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  const now = useNow(true);
  const waited = now + state.skew - item.since;
  const accepting = isWaiting(state, "accept", item.conversation);
  const selected = item.conversation === state.selected;
  return (
    <li class={selected ? "queue-item selected" : "queue-item"} data-testid="queue-item" data-conversation={item.conversation}>
      <button class="row-button" aria-current={selected} onClick={() => session.select(item.conversation)}>
        <span class="row-head">
          <b>{item.name || item.player}</b>
          <VipTag level={item.vip} />
          <UrgencyTag level={item.urgency} />
        </span>
        <span class="row-preview">
          <Masked text={item.preview || (item.summary ? "" : strings.summaryPending)} names={strings.masked} />
        </span>
      </button>
      <div class="queue-foot">
        <Tag>{strings.reasons[item.reason] ?? item.reason}</Tag>
        <MatterTags group={item.group} tier={item.tier} names={state.names} />
        {item.offered_to && <Tag tone="green">{strings.offeredTo(item.offered_to)}</Tag>}
        {item.away && <Tag tone="amber">{strings.away}</Tag>}
        <span class={waited > LONG_WAIT_MS ? "waited long" : "waited"}>{strings.waited(duration(waited))}</span>
        <button class="button small" data-testid="accept" disabled={accepting} onClick={() => session.accept(item.conversation)}>
          {accepting ? strings.accepting : strings.accept}
        </button>
      </div>
    </li>
  );
}
