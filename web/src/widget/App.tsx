/** The launcher button and the panel that it opens. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ChatIcon } from "../core/icons";
import { useStore } from "../core/store";
import { useTools } from "./context";
import { Panel } from "./Panel";
import { unread } from "./state";

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
  const count = unread(state);

  useEffect(() => {
    if (wasOpen.current && !open) launcher.current?.focus();
    wasOpen.current = open;
    session.look(open);
  }, [open, session]);

  if (open) return <Panel state={state} onClose={onClose} />;
  return (
    <button
      ref={launcher}
      class="launcher"
      data-testid="launcher"
      aria-label={count > 0 ? `${strings.launcher}, ${strings.unread(count)}` : strings.launcher}
      onClick={onOpen}
    >
      <ChatIcon size={26} />
      <span class="launcher-text">{strings.launcher}</span>
      {count > 0 && (
        <span class="badge" aria-hidden="true">
          {count > 99 ? "99+" : count}
        </span>
      )}
    </button>
  );
}
