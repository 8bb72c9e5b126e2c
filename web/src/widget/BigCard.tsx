/** One need of the player's that is near certain, large and to be met with one press. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Chip } from "../protocol";
import { leaveForLog, useShown } from "./Chips";
import { useTools } from "./context";
import { cardWords } from "./suggestions";

export function BigCard({ card }: { card: Chip }): JSX.Element {
  const { session, strings } = useTools();
  const box = useRef<HTMLElement>(null);
  useShown(box, "card", [card.id]);
  const pick = (event: Event): void => {
    leaveForLog(event);
    session.pick(card, "card");
  };
  const dismiss = (event: Event): void => {
    leaveForLog(event);
    session.dismissCard();
  };
  return (
    <aside ref={box} class="card big-card" data-testid="big-card" data-why={card.why} aria-label={strings.suggestions}>
      <p class="big-card-words">{cardWords(card, strings, session.page)}</p>
      <div class="card-actions">
        <button class="button" data-testid="card-yes" data-chip={card.id} onClick={pick}>
          {strings.card.yes}
        </button>
        <button class="button quiet" data-testid="card-no" onClick={dismiss}>
          {strings.card.no}
        </button>
      </div>
    </aside>
  );
}
