/** The line that says how the connection is; seen only while it is not well. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { LinkState } from "../core/link";
import { duration, useNow } from "../core/time";
import { useTools } from "./context";

const WORTH_SAYING_MS = 5000; // how long a connection has been gone before the time is told

export function Connection({ link, network }: { link: LinkState; network: boolean }): JSX.Element {
  const { session, strings } = useTools();
  const well = link.kind === "online" && network;
  const trying = link.kind === "waiting" || (link.kind === "connecting" && network);
  const now = useNow(!well, 500);
  const since = useLostSince(well);
  const words = strings.connection;
  const tryable = network && (link.kind === "waiting" || link.kind === "refused");
  const gone = since > 0 && link.kind !== "refused" ? now - since : 0;
  return (
    <div class={well ? "connection well" : "connection"} data-testid="connection" data-state={link.kind} data-network={network} role="status">
      <span>
        {!network && words.offline}
        {network && link.kind === "waiting" && <Countdown seconds={Math.ceil((link.until - now) / 1000)} />}
        {network && link.kind === "refused" && words[link.why]}
        {network && link.kind !== "waiting" && link.kind !== "refused" && words[link.kind]}
      </span>
      {gone > WORTH_SAYING_MS && (
        <small class="lost-for" aria-live="off">
          {words.downFor(duration(gone))}
        </small>
      )}
      {(trying || !network) && since > 0 && <small>{words.keepWriting}</small>}
      {tryable && (
        <button class="link-button" onClick={() => session.retry()}>
          {words.retryNow}
        </button>
      )}
    </div>
  );
}

/** The seconds are for the eyes only: read out they would never end. */
function Countdown({ seconds }: { seconds: number }): JSX.Element {
  const words = useTools().strings.connection;
  return (
    <>
      <span aria-hidden="true">{words.waiting(seconds)}</span>
      <span class="sr">{words.waiting(0)}</span>
    </>
  );
}

/** Whether the device has a network at all, as far as the browser knows. */
export function useNetwork(): boolean {
  const [network, setNetwork] = useState(navigator.onLine);
  useEffect(() => {
    const look = (): void => setNetwork(navigator.onLine);
    look();
    for (const name of ["online", "offline"]) addEventListener(name, look);
    return () => {
      for (const name of ["online", "offline"]) removeEventListener(name, look);
    };
  }, []);
  return network;
}

/** When a connection that once stood was lost, in our milliseconds; 0 while it stands or has never stood. */
function useLostSince(well: boolean): number {
  const stood = useRef(false);
  const since = useRef(0);
  if (well) {
    stood.current = true;
    since.current = 0;
  } else if (stood.current && since.current === 0) since.current = Date.now();
  return since.current;
}
