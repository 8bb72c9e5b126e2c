/** What stands in the log before and after the messages. */
import type { JSX } from "preact";
import { CloudMark, PersonIcon } from "../core/icons";
import { useTools } from "./context";
import type { ChatState } from "./state";
import { Suggested } from "./Suggested";

/** A welcome and, until the player has said something, what they may want to ask. */
export function Greeting({ state, suggests }: { state: ChatState; suggests: boolean }): JSX.Element {
  const { strings } = useTools();
  return (
    <div class="greeting">
      <p class="greeting-hello">{strings.greeting(state.playerName)}</p>
      <p>{strings.greetingHint}</p>
      {suggests && <Suggested state={state} />}
    </div>
  );
}

export function Avatar({ who }: { who: "bot" | "agent" }): JSX.Element {
  return (
    <span class={`avatar ${who}`} aria-hidden="true">
      {who === "bot" ? <CloudMark size={18} /> : <PersonIcon size={18} />}
    </span>
  );
}

export function TypingLine({ words, who }: { words: string; who: "bot" | "agent" }): JSX.Element {
  return (
    <div class="row" data-testid="typing">
      <Avatar who={who} />
      <div class="bubble dots">
        <span class="sr">{words}</span>
        <i />
        <i />
        <i />
      </div>
    </div>
  );
}
