/** The open chat: header, connection, log, cards, composer. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { CloseIcon, CloudMark, PersonIcon } from "../core/icons";
import { Composer } from "./Composer";
import { Connection, useNetwork } from "./Connection";
import { useTools } from "./context";
import { Menu } from "./Menu";
import { Messages } from "./Messages";
import { isWaiting, type ChatState } from "./state";
import { team } from "./turn";
import { Waiting } from "./Waiting";

export function Panel({ state, onClose }: { state: ChatState; onClose(): void }): JSX.Element {
  const { strings, preferences } = useTools();
  const panel = useRef<HTMLElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const network = useNetwork();
  useVisibleHeight(panel);
  const leaveByEscape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.isComposing) onClose();
  };
  return (
    <section ref={panel} class="panel" role="dialog" aria-label={strings.title} onKeyDown={leaveByEscape}>
      <Header state={state} network={network} onClose={onClose} />
      <Connection link={state.link} network={network} />
      <Messages state={state} network={network} />
      {state.notice && (
        <p class="notice" role="alert">
          {strings.errors[state.notice] ?? strings.errors["other"]}
        </p>
      )}
      {state.owner === "queue" && <Waiting state={state} onBack={() => field.current?.focus()} />}
      {preferences.simple && state.owner === "bot" && <PersonBar state={state} />}
      <Composer state={state} field={field} />
    </section>
  );
}

interface HeaderProps {
  state: ChatState;
  network: boolean;
  onClose(): void;
}

function Header({ state, network, onClose }: HeaderProps): JSX.Element {
  const { session, strings } = useTools();
  const calling = isWaiting(state, "human");
  return (
    <header class="header">
      <span class="mark">
        <CloudMark size={24} />
      </span>
      <div class="header-words">
        <h2>{strings.title}</h2>
        <OwnerLine state={state} network={network} />
      </div>
      {state.owner === "bot" && (
        <button class="header-button" data-testid="human-header" disabled={calling} onClick={() => session.human()}>
          <PersonIcon size={18} />
          <span class="header-button-words">{calling ? strings.humanPending : strings.human}</span>
        </button>
      )}
      <Menu />
      <button class="icon-button" data-testid="close" aria-label={strings.close} title={strings.close} onClick={onClose}>
        <CloseIcon />
      </button>
    </header>
  );
}

/** The simple mode's way to a person: as wide as the panel, always in the same place. */
function PersonBar({ state }: { state: ChatState }): JSX.Element {
  const { session, strings } = useTools();
  const calling = isWaiting(state, "human");
  return (
    <div class="simple-bar">
      <button class="button" data-testid="human-bar" disabled={calling} onClick={() => session.human()}>
        <PersonIcon size={26} />
        {calling ? strings.humanPending : strings.human}
      </button>
    </div>
  );
}

/** Says that the assistant is there only while it can be reached. */
function OwnerLine({ state, network }: { state: ChatState; network: boolean }): JSX.Element {
  const { strings } = useTools();
  const { owner } = strings;
  const kind = network || state.link.kind !== "online" ? state.link.kind : "waiting";
  const bot = kind === "online" ? owner.bot : strings.connection.idle;
  const words = { bot, queue: owner.queue, agent: owner.agent(strings.names(team(state))) }[state.owner];
  return (
    <p class="owner" data-testid="owner" title={words}>
      <span class="dot" data-state={kind} />
      <span class="owner-words">{words}</span>
    </p>
  );
}

/** Keeps the panel inside what the on-screen keyboard of a phone leaves free. */
function useVisibleHeight(panel: { current: HTMLElement | null }): void {
  useEffect(() => {
    const view = window.visualViewport;
    if (!view) return;
    const fit = (): void => {
      const { current } = panel;
      if (!current) return;
      current.style.setProperty("--visible-height", `${view.height}px`);
      current.style.setProperty("--visible-top", `${view.offsetTop}px`);
      current.style.setProperty("--panel-height", `${current.clientHeight}px`);
    };
    fit();
    for (const name of ["resize", "scroll"]) view.addEventListener(name, fit);
    return () => {
      for (const name of ["resize", "scroll"]) view.removeEventListener(name, fit);
    };
  }, [panel]);
}
