/** The line that says how the connection is; seen only while it is not well. */
import type { JSX } from "preact";
import type { LinkState } from "../core/link";
import { useNow } from "../core/time";
import { useTools } from "./context";

export function Connection({ link }: { link: LinkState }): JSX.Element {
  const { session, strings } = useTools();
  const now = useNow(link.kind === "waiting", 500);
  const words = strings.connection;
  const well = link.kind === "online";
  const tryable = link.kind === "waiting" || link.kind === "refused";
  return (
    <div class={well ? "connection well" : "connection"} data-testid="connection" data-state={link.kind} role="status">
      <span>
        {link.kind === "waiting" && words.waiting(Math.ceil((link.until - now) / 1000))}
        {link.kind === "refused" && words[link.why]}
        {link.kind !== "waiting" && link.kind !== "refused" && words[link.kind]}
      </span>
      {link.kind === "waiting" && <small>{words.keepWriting}</small>}
      {tryable && (
        <button class="link-button" onClick={() => session.retry()}>
          {words.retryNow}
        </button>
      )}
    </div>
  );
}
