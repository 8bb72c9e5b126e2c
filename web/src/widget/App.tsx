/** The launcher button and the panel that it opens. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ChatIcon } from "../core/icons";
import { useStore } from "../core/store";
import { useNow } from "../core/time";
import { useTools } from "./context";
import { Panel } from "./Panel";
import { unread } from "./state";
import { turnOf } from "./turn";

interface Props {
  open: boolean;
  onOpen(): void;
  onClose(): void;
}

export function App({ open, onOpen, onClose }: Props): JSX.Element {
  const { session, strings } = useTools();
  const state = useStore(session.store);
  const launcher = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const now = useNow(!open && state.owner === "queue");
  const called = turnOf(state, now) === "called";
  const count = unread(state);

  useEffect(() => {
    if (wasOpen.current && !open) launcher.current?.focus();
    wasOpen.current = open;
    session.look(open);
  }, [open, session]);

  if (open) return <Panel state={state} onClose={onClose} />;
  const label = called ? strings.call.launcher : strings.launcher;
  return (
    <button
      ref={launcher}
      class={called ? "launcher called" : "launcher"}
      data-testid="launcher"
      aria-label={count > 0 ? `${label}, ${strings.unread(count)}` : label}
      onClick={onOpen}
    >
      <ChatIcon size={26} />
      <span class="launcher-text">{label}</span>
      {count > 0 && (
        <span class="badge" aria-hidden="true">
          {count > 99 ? "99+" : count}
        </span>
      )}
    </button>
  );
}
