/** Questions to tap, and the word to the server that they have been seen. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Chip, Place } from "../protocol";
import { useTools } from "./context";
import { whyWords } from "./suggestions";

const SEEN_PART = 0.25;

/** Tells the server once that suggestions, by their ids, are in sight; a change of them is another time. */
export function useShown(box: { current: HTMLElement | null }, place: Place, ids: readonly string[]): void {
  const { session, preferences } = useTools();
  const mark = ids.join(" ");
  useEffect(() => {
    if (!preferences.suggestions || !box.current) return;
    const watch = new IntersectionObserver(
      (changes) => {
        if (!changes.some((change) => change.isIntersecting)) return;
        watch.disconnect();
        session.shown(place, ids);
      },
      { threshold: SEEN_PART },
    );
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [mark, place, preferences.suggestions, session]);
}

/** Something that goes away when it is pressed hands the focus on to the log, so that keys still reach the chat. */
export function leaveForLog(event: Event): void {
  const log = (event.currentTarget as HTMLElement).closest<HTMLElement>(".log");
  log?.focus({ preventScroll: true });
}

/** A browser is content when a part of what has the focus can be seen. */
function showWhole(event: Event): void {
  (event.currentTarget as HTMLElement).scrollIntoView({ block: "nearest", inline: "nearest" });
}

interface Props {
  chips: readonly Chip[];
  place: Place;
  label: string;
}

export function Chips({ chips, place, label }: Props): JSX.Element {
  const { session, strings } = useTools();
  const box = useRef<HTMLDivElement>(null);
  useShown(
    box,
    place,
    chips.map((chip) => chip.id),
  );
  const pick = (event: Event, chip: Chip): void => {
    leaveForLog(event);
    session.pick(chip, place);
  };
  return (
    <div ref={box} class={`chips ${place}`} role="group" aria-label={label}>
      {chips.map((chip) => {
        const why = whyWords(chip, strings.suggest, session.page);
        return (
          <button
            key={chip.id}
            class="chip"
            data-testid="chip"
            data-chip={chip.id}
            onFocus={showWhole}
            onClick={(event) => pick(event, chip)}
          >
            {chip.text}
            {why && (
              <small class="why" data-testid="why">
                {why}
              </small>
            )}
          </button>
        );
      })}
    </div>
  );
}
