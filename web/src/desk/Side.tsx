/** The right side: who the player is, earlier conversations, internal notes. */
import type { JSX } from "preact";
import { CrossIcon } from "../core/icons";
import type { Player } from "../protocol";
import { VipTag } from "./Tags";
import { useTools } from "./context";
import { History } from "./History";
import { Notes } from "./Notes";
import type { DeskState, Followed } from "./state";

interface Props {
  state: DeskState;
  conversation: Followed | undefined;
  onClose(): void;
}

export function Side({ state, conversation, onClose }: Props): JSX.Element {
  const { strings } = useTools();
  const player = conversation?.snapshot?.player;
  return (
    <aside class="side" aria-label={strings.details}>
      <button class="icon-button side-close" aria-label={strings.dismiss} onClick={onClose}>
        <CrossIcon />
      </button>
      {conversation && player && (
        <>
          <PlayerCard player={player} />
          <Notes state={state} conversation={conversation} />
          <History player={player.id} current={conversation.id} news={turningPoints(conversation)} />
        </>
      )}
    </aside>
  );
}

/** What changes a history: an episode's state, a rating. */
function turningPoints({ snapshot, log }: Followed): string {
  const ratings = log.entries.filter((entry) => entry.event === "rated").length;
  return `${snapshot?.episode?.state ?? ""}/${ratings}`;
}

function PlayerCard({ player }: { player: Player }): JSX.Element {
  const { strings } = useTools();
  const { card } = strings;
  const facts: [string, string][] = [
    [card.id, player.id],
    [card.server, player.server || card.none],
    [card.platform, player.platform || card.none],
  ];
  return (
    <section class="panel-box player-card" data-testid="player-card">
      <span class="player-face" aria-hidden="true">
        {[...(player.name || player.id)][0]}
      </span>
      <div>
        <h2>
          {player.name || player.id} <VipTag level={player.vip ?? 0} />
        </h2>
        <dl>
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}
