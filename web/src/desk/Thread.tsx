/** The messages of the conversation in the middle. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useReading } from "../core/reading";
import { useStickToEnd } from "../core/scroll";
import { last } from "../core/log";
import type { Pending } from "../core/outbox";
import type { Entry } from "../protocol";
import { EntryRow, Stamp } from "./EntryRow";
import { refusal } from "./Toasts";
import { mayWrite } from "./teamwork";
import { useTools } from "./context";
import { holder, judgements, pendingOf, type Command, type DeskState, type Followed } from "./state";

interface Props {
  box: { current: HTMLDivElement | null };
  state: DeskState;
  conversation: Followed;
}

export function Thread({ box, state, conversation }: Props): JSX.Element {
  const { session, strings } = useTools();
  const end = useRef<HTMLDivElement>(null);
  const mine = mayWrite(conversation, state.agent?.id ?? "");
  const sending = pendingOf(state, "send", conversation.id);
  const mark = `${last(conversation.log)}/${sending.length}/${conversation.typing}`;
  const away = useStickToEnd(box, mark, sending.at(-1)?.frame.id ?? "");
  useReading(box, end, `${mark}/${conversation.id}/${mine}`, () => mine && session.read(conversation));
  return (
    <div class="thread-frame">
      <div ref={box} class="thread" data-testid="messages" role="log" aria-live="polite" aria-label={strings.messages} tabIndex={0}>
        <Rows entries={conversation.log.entries} me={state.agent?.display ?? ""} />
        {sending.map((item) => (
          <Unsent
            key={item.frame.id}
            item={item}
            online={state.link.kind === "online"}
            conversation={conversation}
            me={state.agent?.id ?? ""}
          />
        ))}
        {conversation.typing && <p class="typing-line">{strings.playerTyping}…</p>}
        <div ref={end} />
      </div>
      {away.lost && (
        <button class="to-end" onClick={away.toEnd}>
          {strings.newest} ↓
        </button>
      )}
    </div>
  );
}

/** Log entries with the player's feedback beside the answers; also used for a conversation of the past. */
export function Rows({ entries, me }: { entries: readonly Entry[]; me: string }): JSX.Element {
  const judged = judgements(entries);
  return (
    <>
      {entries.map((entry) => (
        <EntryRow key={entry.n} entry={entry} judged={judged.get(entry.n)} me={me} />
      ))}
    </>
  );
}

interface UnsentProps {
  item: Pending<Command>;
  online: boolean;
  conversation: Followed;
  me: string;
}

function Unsent({ item, online, conversation, me }: UnsentProps): JSX.Element | null {
  const { session, strings } = useTools();
  const { frame, state } = item;
  if (frame.type !== "send") return null;
  const who = holder(item.data, conversation);
  const waiting = online ? strings.sending : strings.waitingForNet;
  return (
    <article class={`entry agent unsent ${state}`} data-state={state}>
      <div class="speech">{frame.text}</div>
      <p class="entry-meta">
        {state !== "failed" && <span>{waiting}</span>}
        {state === "failed" && (
          <>
            <span class="problem-words">
              {strings.failed}: {refusal(item.code ?? "", who, strings)}
            </span>
            {mayWrite(conversation, me) && (
              <button class="link-button" onClick={() => session.retrySending(frame.id)}>
                {strings.retry}
              </button>
            )}
            <button class="link-button" onClick={() => session.remove(frame.id)}>
              {strings.remove}
            </button>
          </>
        )}
        <Stamp at={item.at} />
      </p>
    </article>
  );
}
