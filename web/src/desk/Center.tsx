/** The conversation in the middle: whose it is, what to do with it, summary, messages, reply. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { BackIcon, CheckIcon, CloudMark, MenuIcon } from "../core/icons";
import type { DispositionName, Episode } from "../protocol";
import { PromiseBanner, TransferBanner } from "./Banners";
import { LateTags, MatterTags, Tag, UrgencyTag, VipTag } from "./Tags";
import { useTools } from "./context";
import { Reply } from "./Reply";
import { ResultDialog } from "./ResultDialog";
import { isWaiting, needsWrapUp, type DeskState, type Followed } from "./state";
import { SummaryPanel } from "./SummaryPanel";
import { TeamBar } from "./TeamBar";
import { draftOf, isGuest } from "./teamwork";
import { TextDialog } from "./TextDialog";
import { Thread } from "./Thread";

interface Props {
  state: DeskState;
  conversation: Followed | undefined;
  onSide(): void;
}

export function Center({ state, conversation, onSide }: Props): JSX.Element {
  const { strings } = useTools();
  const thread = useRef<HTMLDivElement>(null);
  if (!conversation?.snapshot) {
    return (
      <main class="center empty">
        <CloudMark size={54} />
        <h2>{conversation ? strings.loading : strings.empty.title}</h2>
        <p class="soft">{strings.empty.hint}</p>
      </main>
    );
  }
  const jump = (n: number): void => flash(thread.current, n);
  return (
    <main class="center">
      <Head state={state} conversation={conversation} onSide={onSide} />
      <TeamBar state={state} conversation={conversation} />
      <WrapUp state={state} conversation={conversation} />
      <TransferBanner state={state} conversation={conversation} />
      <PromiseBanner conversation={conversation} />
      <SummaryPanel conversation={conversation} onJump={jump} />
      <Thread box={thread} state={state} conversation={conversation} />
      <Reply state={state} conversation={conversation} />
    </main>
  );
}

function Head({ state, conversation, onSide }: Props & { conversation: Followed }): JSX.Element {
  const { session, strings } = useTools();
  const { snapshot } = conversation;
  const busy = isWaiting(state, "close", conversation.id) || isWaiting(state, "return", conversation.id);
  const [closing, setClosing] = useState(false);
  const own = snapshot?.owner === "agent" && snapshot.mine === true;
  const queuing = snapshot?.owner === "queue";
  const finish = (disposition: DispositionName, comment: string): void => {
    setClosing(false);
    session.close(conversation, disposition, comment);
  };
  return (
    <header class="head">
      <div class="head-words">
        <h1>
          {snapshot?.player.name || snapshot?.player.id}
          <VipTag level={snapshot?.player.vip ?? 0} />
          <UrgencyTag level={snapshot?.episode?.urgency ?? 0} />
        </h1>
        <p class="soft" data-testid="owner" data-owner={snapshot?.owner}>
          <OwnerWords conversation={conversation} me={state.agent?.id ?? ""} />
          {snapshot?.episode && <EpisodeTags episode={snapshot.episode} state={state} />}
          {snapshot?.idle && <Tag tone="blue">{strings.idle}</Tag>}
        </p>
      </div>
      {queuing && (
        <button
          class="button"
          data-testid="accept-here"
          disabled={isWaiting(state, "accept", conversation.id)}
          onClick={() => session.accept(conversation.id)}
        >
          {strings.accept}
        </button>
      )}
      {own && (
        <>
          <ReturnButton conversation={conversation} busy={busy} />
          <button class="button" data-testid="close" disabled={busy} onClick={() => setClosing(true)}>
            <CheckIcon size={17} />
            {strings.close}
          </button>
        </>
      )}
      <button class="icon-button side-toggle" aria-label={strings.details} title={strings.details} onClick={onSide}>
        <MenuIcon />
      </button>
      {closing && <ResultDialog words={strings.closeDialog} onSubmit={finish} onCancel={() => setClosing(false)} />}
    </header>
  );
}

function EpisodeTags({ episode, state }: { episode: Episode; state: DeskState }): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      <Tag>{strings.reasons[episode.reason] ?? episode.reason}</Tag>
      <MatterTags group={episode.group} tier={episode.tier} names={state.names} />
      <LateTags kinds={episode.late ?? []} />
    </>
  );
}

/** Back to the bot, with what the player was promised. */
function ReturnButton({ conversation, busy }: { conversation: Followed; busy: boolean }): JSX.Element {
  const { session, strings } = useTools();
  const { title, hint, promise, submit } = strings.returnDialog;
  const [open, setOpen] = useState(false);
  const finish = (text: string): void => {
    setOpen(false);
    session.giveBack(conversation, text);
  };
  return (
    <>
      <button class="button quiet" data-testid="return" disabled={busy} onClick={() => setOpen(true)}>
        <BackIcon size={17} />
        {strings.return}
      </button>
      {open && (
        <TextDialog
          testid="return-dialog"
          words={{ title, hint, label: promise, submit }}
          draft={draftOf("return", conversation.id)}
          onSubmit={finish}
          onCancel={() => setOpen(false)}
        />
      )}
    </>
  );
}

function OwnerWords({ conversation, me }: { conversation: Followed; me: string }): JSX.Element {
  const { owner, team } = useTools().strings;
  const { snapshot } = conversation;
  if (!snapshot) return <></>;
  if (snapshot.owner !== "agent") return <>{owner[snapshot.owner]}</>;
  if (snapshot.mine) return <>{owner.me}</>;
  const name = snapshot.agent_name ?? "";
  return <>{isGuest(conversation, me) ? team.helping(name) : owner.agent(name)}</>;
}

/** After a return the disposition is still to be given; the dialog opens by itself and can be opened again. */
function WrapUp({ state, conversation }: { state: DeskState; conversation: Followed }): JSX.Element | null {
  const { session, strings } = useTools();
  const [open, setOpen] = useState(true);
  if (!needsWrapUp(conversation) || isWaiting(state, "wrap_up", conversation.id)) return null;
  const finish = (disposition: DispositionName, comment: string): void =>
    session.wrapUp(conversation.id, disposition, comment);
  return (
    <div class="banner" role="status">
      <span>{strings.wrapBanner}</span>
      <button class="button small" data-testid="wrap-up" onClick={() => setOpen(true)}>
        {strings.wrapOpen}
      </button>
      {open && <ResultDialog words={strings.wrapDialog} onSubmit={finish} onCancel={() => setOpen(false)} />}
    </div>
  );
}

function flash(thread: HTMLElement | null, n: number): void {
  const row = thread?.querySelector<HTMLElement>(`[data-n="${n}"]`);
  if (!row) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  row.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  row.classList.remove("flash");
  void row.offsetWidth; // so that a second click flashes again
  row.classList.add("flash");
}
