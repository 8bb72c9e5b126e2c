/** Stars and a few words for the episode that has just ended: over all first, then each of five sides if the player likes. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { CheckIcon } from "../core/icons";
import type { RatingName } from "../protocol";
import { useTools } from "./context";
import { Stars } from "./Stars";

type Ratings = Partial<Record<RatingName, number>>;
const DIMENSIONS: readonly RatingName[] = ["professional", "solved", "feeling", "technology", "personal"];

export function RatingCard(): JSX.Element {
  const { session, strings } = useTools();
  const [score, setScore] = useState(0);
  const [ratings, setRatings] = useState<Ratings>({});
  const [text, setText] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const words = strings.rating;
  useEffect(() => form.current?.scrollIntoView({ block: "nearest" }), [score > 0]);
  const submit = (event: Event): void => {
    event.preventDefault();
    session.rate(score, text, ratings);
  };
  return (
    <form ref={form} class="card rating" data-testid="rating" aria-label={words.title} onSubmit={submit}>
      <p class="card-title">{words.title}</p>
      <Stars name="star" label={words.label} value={score} onChange={setScore} />
      {score > 0 && (
        <>
          <Dimensions ratings={ratings} onChange={setRatings} />
          <textarea
            rows={2}
            value={text}
            maxLength={500}
            aria-label={words.comment}
            placeholder={words.comment}
            data-testid="rating-text"
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </>
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

function Dimensions({ ratings, onChange }: { ratings: Ratings; onChange(ratings: Ratings): void }): JSX.Element {
  const words = useTools().strings.rating;
  const rate = (name: RatingName, value: number): void => {
    const { [name]: _before, ...others } = ratings;
    onChange(value > 0 ? { ...others, [name]: value } : others);
  };
  return (
    <div class="dimensions" role="group" aria-label={words.more}>
      <p class="card-hint">{words.more}</p>
      {DIMENSIONS.map((name) => (
        <Stars
          key={name}
          name={`rate-${name}`}
          label={words.dimensions[name]}
          value={ratings[name] ?? 0}
          size={20}
          optional
          visibleLabel
          onChange={(value) => rate(name, value)}
        />
      ))}
    </div>
  );
}

export function RatingThanks(): JSX.Element {
  const words = useTools().strings.rating;
  return (
    <div class="card thanks-card" data-testid="rating-thanks">
      <span class="thanks-mark">
        <CheckIcon />
      </span>
      <div>
        <p class="card-title">{words.thanks}</p>
        <p class="card-hint">{words.thanksHint}</p>
      </div>
    </div>
  );
}
