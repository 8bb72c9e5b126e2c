/** The player's other conversations, each opening as a read-only transcript. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { CrossIcon } from "../core/icons";
import { Masked } from "../core/masked";
import type { Episode } from "../protocol";
import { conversationsOf, transcript, type PastConversation, type Transcript } from "./api";
import { Stamp } from "./EntryRow";
import { Tag } from "./Tags";
import { Rows } from "./Thread";
import { useTools } from "./context";

interface Props {
  player: string;
  current: string;
  news: string; // a change is a reason to read the list again
}

export function History({ player, current, news }: Props): JSX.Element {
  const { strings } = useTools();
  const [items, setItems] = useState<PastConversation[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [shown, setShown] = useState("");
  useEffect(() => {
    let stale = false;
    setFailed(false);
    conversationsOf(player).then(
      (found) => !stale && setItems(found.filter((item) => item.conversation !== current || hasEnded(item))),
      () => !stale && setFailed(true),
    );
    return () => {
      stale = true;
    };
  }, [player, current, news]);
  return (
    <section class="panel-box history">
      <h2>{strings.history}</h2>
      {failed && <p class="nothing">{strings.historyFailed}</p>}
      {items?.length === 0 && <p class="nothing">{strings.historyEmpty}</p>}
      <ul>
        {items?.map((item) => (
          <li key={item.conversation}>
            <button class="history-item" data-testid="history-item" onClick={() => setShown(item.conversation)}>
              <span class="entry-meta">
                <Stamp at={item.opened_at} />
                {item.live && <Tag tone="green">{strings.historyLive}</Tag>}
                <EpisodeTags episodes={item.episodes} />
              </span>
              <span class="row-preview">
                <Masked text={item.preview || strings.noMessages} names={strings.masked} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {shown && <TranscriptDialog conversation={shown} onClose={() => setShown("")} />}
    </section>
  );
}

/** The conversation in the middle is history too when an episode of it is over. */
function hasEnded(item: PastConversation): boolean {
  return item.episodes.some((episode) => episode.state === "ended");
}

function EpisodeTags({ episodes }: { episodes: readonly Episode[] }): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      {episodes.map((episode) => (
        <span key={episode.id} class="episode-tags">
          {(episode.disposition || episode.end_reason) && (
            <Tag>{strings.dispositions[episode.disposition ?? ""] ?? strings.endReasons[episode.end_reason ?? ""]}</Tag>
          )}
          {(episode.score ?? 0) > 0 && <Tag tone="gold">{strings.rating(episode.score ?? 0)}</Tag>}
        </span>
      ))}
    </>
  );
}

/** Opens a conversation as a read-only transcript, live or archived. */
export function TranscriptButton({ conversation }: { conversation: string }): JSX.Element {
  const { strings } = useTools();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button class="link-button" data-testid="open-transcript" onClick={() => setOpen(true)}>
        {strings.page.open}
      </button>
      {open && <TranscriptDialog conversation={conversation} onClose={() => setOpen(false)} />}
    </>
  );
}

function TranscriptDialog({ conversation, onClose }: { conversation: string; onClose(): void }): JSX.Element {
  const { strings } = useTools();
  const [found, setFound] = useState<Transcript | null>(null);
  const [failed, setFailed] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    transcript(conversation).then(setFound, () => setFailed(true));
  }, [conversation]);
  return (
    <dialog ref={dialog} class="dialog transcript" aria-label={strings.transcript} data-testid="transcript" onClose={onClose}>
      <header>
        <h2>{strings.transcript}</h2>
        <EpisodeTags episodes={found?.episodes ?? []} />
        <button class="icon-button" aria-label={strings.dismiss} onClick={onClose}>
          <CrossIcon />
        </button>
      </header>
      <div class="thread" tabIndex={0}>
        {failed && <p class="nothing">{strings.historyFailed}</p>}
        {!found && !failed && <p class="nothing">{strings.loading}</p>}
        {found && <Rows entries={found.entries} me="" />}
        {found && found.notes.length > 0 && <h3>{strings.notes}</h3>}
        {found?.notes.map((note) => (
          <p key={note.n} class="note-text">
            <b>{note.author}</b> <Stamp at={note.at} /> <Masked text={note.text} names={strings.masked} />
          </p>
        ))}
      </div>
    </dialog>
  );
}
