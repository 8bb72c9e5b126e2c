/** One to five stars and a few words for the episode that has just ended. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { StarIcon } from "../core/icons";
import { useTools } from "./context";

const STARS = [1, 2, 3, 4, 5];

export function RatingCard(): JSX.Element {
  const { session, strings } = useTools();
  const [score, setScore] = useState(0);
  const [text, setText] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const words = strings.rating;
  useEffect(() => form.current?.scrollIntoView({ block: "nearest" }), [score > 0]);
  const submit = (event: Event): void => {
    event.preventDefault();
    session.rate(score, text);
  };
  return (
    <form ref={form} class="card rating" data-testid="rating" aria-label={words.title} onSubmit={submit}>
      <p class="card-title">{words.title}</p>
      <fieldset class="stars">
        <legend class="sr">{words.label}</legend>
        {STARS.map((n) => (
          <label key={n} class={n <= score ? "star lit" : "star"} data-testid={`star-${n}`}>
            <input
              class="sr"
              type="radio"
              name="score"
              value={n}
              checked={score === n}
              aria-label={words.star(n)}
              onChange={() => setScore(n)}
            />
            <StarIcon />
          </label>
        ))}
        <span class="star-word" role="status">
          {words.words[score]}
        </span>
      </fieldset>
      {score > 0 && (
        <textarea
          rows={2}
          value={text}
          maxLength={500}
          aria-label={words.comment}
          placeholder={words.comment}
          data-testid="rating-text"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <div class="card-actions">
        <button class="button" type="submit" data-testid="rating-send" disabled={score === 0}>
          {words.send}
        </button>
        <button class="button quiet" type="button" onClick={() => session.skipRating()}>
          {words.skip}
        </button>
      </div>
    </form>
  );
}
