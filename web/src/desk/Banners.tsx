/** What stands across the desk or a conversation until somebody acts on it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { read, write } from "../core/keep";
import { Masked } from "../core/masked";
import { cancelTransfer } from "./commands";
import { Stamp } from "./EntryRow";
import { sentToBreak } from "./reservations";
import { whispers } from "./teamwork";
import { useTools } from "./context";
import { isWaiting, type DeskState, type Followed } from "./state";

/** Missed offers have sent the agent into a break. */
export function BreakBanner({ state }: { state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  return (
    <div class="desk-banner" role="status">
      {sentToBreak(state) && (
        <div class="banner" data-testid="break-banner">
          <span>{strings.offers.broken(state.missed)}</span>
          <button class="button small" data-testid="back-online" onClick={() => session.present("online", state.capacity)}>
            {strings.offers.back}
          </button>
        </div>
      )}
    </div>
  );
}

/** A transfer that nobody has accepted yet. */
export function TransferBanner({ state, conversation }: { state: DeskState; conversation: Followed }): JSX.Element | null {
  const { session, strings } = useTools();
  const { snapshot } = conversation;
  if (!snapshot?.transfer) return null;
  return (
    <div class="banner" role="status" data-testid="transfer-banner">
      <span>{strings.team.pending(state.names.groups[snapshot.transfer] ?? snapshot.transfer)}</span>
      {snapshot.mine && (
        <button
          class="button quiet small"
          data-testid="cancel-transfer"
          disabled={isWaiting(state, "cancel_transfer", conversation.id)}
          onClick={() => session.do(cancelTransfer(conversation))}
        >
          {strings.team.cancelTransfer}
        </button>
      )}
    </div>
  );
}

/** What earlier agents promised this player. */
export function PromiseBanner({ conversation }: { conversation: Followed }): JSX.Element | null {
  const { strings } = useTools();
  const promises = conversation.snapshot?.promises ?? [];
  if (promises.length === 0) return null;
  return (
    <div class="banner promises" data-testid="promises">
      <b>{strings.team.promises}</b>
      <ul>
        {promises.map((promise, i) => (
          <li key={i}>
            <Masked text={promise} names={strings.masked} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A supervisor's words, over the field in which the agent writes, until they were read. */
export function Whispers({ conversation }: { conversation: Followed }): JSX.Element {
  const { strings } = useTools();
  const name = `desk-whisper:${conversation.id}`;
  const [seen, setSeen] = useState(read<number>(name) ?? 0);
  const waiting = whispers(conversation, seen);
  const dismiss = (): void => {
    const newest = waiting.at(-1)?.n ?? 0;
    write(name, newest);
    setSeen(newest);
  };
  return (
    <div role="status">
      {waiting.length > 0 && (
        <div class="whispers" data-testid="whispers">
          <ul>
            {waiting.map((note) => (
              <li key={note.n}>
                <b>
                  {strings.whisper} · {note.author}
                </b>{" "}
                <Stamp at={note.at} /> <Masked text={note.text} names={strings.masked} />
              </li>
            ))}
          </ul>
          <button class="button quiet small" data-testid="whispers-seen" onClick={dismiss}>
            {strings.team.whisperSeen}
          </button>
        </div>
      )}
    </div>
  );
}
