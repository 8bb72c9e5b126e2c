/** What a player who waits for a person has before their eyes: their place, or the call when it is their turn. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useNow } from "../core/time";
import { CallCard } from "./CallCard";
import { QueueCard } from "./QueueCard";
import type { ChatState } from "./state";
import { calledUntil } from "./turn";

export function Waiting({ state, onBack }: { state: ChatState; onBack(): void }): JSX.Element {
  const now = useNow(true);
  const [answered, setAnswered] = useState(0); // the call to which the player has said that they are back
  const until = calledUntil(state, now);
  const back = until > 0 && until === answered;
  if (until === 0 || back) return <QueueCard state={state} now={now} back={back} />;
  // The server takes a connected player as present by itself.
  const comeBack = (): void => {
    setAnswered(until);
    onBack();
  };
  return <CallCard state={state} leftMs={until - now - state.skew} onBack={comeBack} />;
}
