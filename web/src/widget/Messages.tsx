/** The conversation: older one, greeting, entries, what is on its way, who types. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { last } from "../core/log";
import { useReading } from "../core/reading";
import { useStickToEnd } from "../core/scroll";
import { useStore } from "../core/store";
import { useNow } from "../core/time";
import type { Entry } from "../protocol";
import { EntryView, PendingView } from "./Bubble";
import { useTools } from "./context";
import { Greeting, TypingLine } from "./Greeting";
import { PictureUploads } from "./PictureUploads";
import { RatingCard, RatingThanks } from "./RatingCard";
import { botThinks, isBubble, isWaiting, judgements, ratingStage, receipts, type ChatState } from "./state";
import { Suggested } from "./Suggested";
import { suggestionSpot } from "./suggestions";

export function Messages({ state, network }: { state: ChatState; network: boolean }): JSX.Element {
  const { session, strings, preferences } = useTools();
  const { uploads } = useStore(session.uploader.store);
  const box = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const resting = useRef<HTMLDivElement>(null); // never set: a log without messages stays at its beginning
  const now = useNow(true, 5000);
  const online = network && state.link.kind === "online";
  const thinks = online && botThinks(state, now);
  const bubbles = state.pending.filter(isBubble);
  const rating = ratingStage(state);
  const spot = suggestionSpot(state, now);
  const suggestsAtEnd = spot === "end" && preferences.suggestions;
  const mark = [
    state.log.conversation,
    last(state.log),
    bubbles.length,
    uploads.length,
    thinks,
    rating,
    state.typing?.sender,
    suggestsAtEnd,
  ].join("/");
  const silent = last(state.log) + bubbles.length + uploads.length === 0;
  const own = `${bubbles.at(-1)?.frame.id ?? ""}${uploads.at(-1)?.id ?? ""}`;
  const away = useStickToEnd(silent ? resting : box, mark, own);
  useReading(box, end, mark, () => session.read());
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
        <Greeting state={state} suggests={spot === "greeting"} />
        <Entries state={state} />
        {bubbles.map((item) => (
          <PendingView key={item.frame.id} item={item} online={online} />
        ))}
        <PictureUploads uploader={session.uploader} />
        {state.typing?.sender === "agent" && <TypingLine words={strings.agentTyping(state.agent)} who="agent" />}
        {(thinks || state.typing?.sender === "bot") && <TypingLine words={strings.botTyping} who="bot" />}
        {rating === "asked" && <RatingCard key={state.rate} />}
        {rating === "thanked" && <RatingThanks />}
        {suggestsAtEnd && (
          <div class="suggested">
            <Suggested state={state} />
          </div>
        )}
        <div ref={end} />
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
  const newestAnswer = entries.findLast((entry) => entry.kind === "answer")?.n;
  const marks = receipts(state);
  return (
    <>
      {entries.map((entry, i) => (
        <EntryView
          key={entry.n}
          entry={entry}
          before={entries[i - 1]}
          judged={judged.get(entry.n)}
          live={state.owner !== "agent" && entry.n === newestAnswer}
          receipt={marks.get(entry.n) ?? ""}
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
        <EntryView
          key={`old-${entry.n}`}
          entry={entry}
          before={entries[i - 1]}
          live={false}
          receipt=""
          calling={false}
          offerHuman={false}
        />
      ))}
      <p class="divider">{strings.older}</p>
    </>
  );
}
