/** The conversation: older one, greeting, entries, what is on its way, who types. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { last } from "../core/log";
import { useStickToEnd } from "../core/scroll";
import { useNow } from "../core/time";
import type { Entry } from "../protocol";
import { EntryView, PendingView } from "./Bubble";
import { useTools } from "./context";
import { Greeting, TypingLine } from "./Greeting";
import { RatingCard, RatingThanks } from "./RatingCard";
import { botThinks, isWaiting, judgements, ratingStage, type ChatState } from "./state";

export function Messages({ state }: { state: ChatState }): JSX.Element {
  const { strings } = useTools();
  const box = useRef<HTMLDivElement>(null);
  const now = useNow(true, 5000);
  const thinks = botThinks(state, now);
  const bubbles = state.pending.filter(({ frame }) => frame.type === "send" || frame.type === "pick");
  const rating = ratingStage(state);
  const mark = `${state.log.conversation}/${last(state.log)}/${bubbles.length}/${thinks}/${rating}/${state.typing?.sender}`;
  const away = useStickToEnd(box, mark, bubbles.at(-1)?.frame.id ?? "");
  return (
    <div class="log-frame">
      <div
        ref={box}
        class="log"
        data-testid="log"
        role="log"
        aria-live="polite"
        aria-label={strings.log}
        aria-busy={last(state.log) < state.foldAfter}
        tabIndex={0}
      >
        {state.past.length > 0 && <Older entries={state.past} />}
        <Greeting state={state} />
        <Entries state={state} />
        {bubbles.map((item) => (
          <PendingView key={item.frame.id} item={item} online={state.link.kind === "online"} />
        ))}
        {state.typing?.sender === "agent" && <TypingLine words={strings.agentTyping(state.agent)} who="agent" />}
        {(thinks || state.typing?.sender === "bot") && <TypingLine words={strings.botTyping} who="bot" />}
        {rating === "asked" && <RatingCard key={state.rate} />}
        {rating === "thanked" && <RatingThanks />}
      </div>
      {away.lost && (
        <button class="to-end" onClick={away.toEnd}>
          {strings.newest} ↓
        </button>
      )}
    </div>
  );
}

function Entries({ state }: { state: ChatState }): JSX.Element {
  const judged = judgements(state);
  const { entries } = state.log;
  return (
    <>
      {entries.map((entry, i) => (
        <EntryView
          key={entry.n}
          entry={entry}
          before={entries[i - 1]}
          judged={judged.get(entry.n)}
          live={state.owner !== "agent"}
          calling={isWaiting(state, "human")}
          offerHuman={state.owner === "bot"}
        />
      ))}
    </>
  );
}

function Older({ entries }: { entries: readonly Entry[] }): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      {entries.map((entry, i) => (
        <EntryView key={`old-${entry.n}`} entry={entry} before={entries[i - 1]} live={false} calling={false} offerHuman={false} />
      ))}
      <p class="divider">{strings.older}</p>
    </>
  );
}
