/** One to five stars as a group of radio buttons: a mouse, a finger, the arrow keys and the space bar choose one. */
import type { JSX } from "preact";
import { StarIcon } from "../core/icons";
import { useTools } from "./context";

const STARS = [1, 2, 3, 4, 5];

interface Props {
  name: string; // of the group, and of its stars' test ids
  label: string;
  value: number; // 0: none yet
  size?: number;
  optional?: boolean; // the chosen star may be taken back
  visibleLabel?: boolean;
  onChange(value: number): void;
}

export function Stars({ name, label, value, size = 26, optional, visibleLabel, onChange }: Props): JSX.Element {
  const { words, star } = useTools().strings.rating;
  const undoable = (n: number): boolean => optional === true && value === n;
  // A browser says nothing of the space bar on a radio button that is checked already.
  const undoByKey = (event: KeyboardEvent, n: number): void => {
    if (event.key !== " " || !undoable(n)) return;
    event.preventDefault();
    onChange(0);
  };
  return (
    <fieldset class={visibleLabel ? "stars labelled" : "stars"}>
      <legend class={visibleLabel ? "stars-label" : "sr"}>{label}</legend>
      {STARS.map((n) => (
        <label key={n} class={n <= value ? "star lit" : "star"} data-testid={`${name}-${n}`}>
          <input
            class="sr"
            type="radio"
            name={name}
            value={n}
            checked={value === n}
            aria-label={star(n)}
            onChange={() => onChange(n)}
            onClick={() => undoable(n) && onChange(0)}
            onKeyDown={(event) => undoByKey(event, n)}
          />
          <StarIcon size={size} />
        </label>
      ))}
      <span class="star-word" role="status">
        {words[value]}
      </span>
    </fieldset>
  );
}
