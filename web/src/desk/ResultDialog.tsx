/** What came of a conversation: a disposition and a comment. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DispositionName } from "../protocol";
import { useTools } from "./context";

const DISPOSITIONS: DispositionName[] = ["solved", "follow_up", "not_solvable", "wrong_place", "no_reply"];

interface Props {
  words: { title: string; hint: string; submit: string };
  onSubmit(disposition: DispositionName, comment: string): void;
  onCancel(): void;
}

export function ResultDialog({ words, onSubmit, onCancel }: Props): JSX.Element {
  const { strings } = useTools();
  const [chosen, setChosen] = useState<DispositionName>("solved");
  const [comment, setComment] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    onSubmit(chosen, comment);
  };
  return (
    <dialog ref={dialog} class="dialog" aria-label={words.title} onClose={onCancel}>
      <form onSubmit={submit}>
        <h2>{words.title}</h2>
        <p class="soft">{words.hint}</p>
        <fieldset class="dispositions" data-testid="disposition">
          <legend class="sr">{strings.disposition}</legend>
          {DISPOSITIONS.map((name) => (
            <label key={name} class={name === chosen ? "chosen" : ""} data-testid={`disposition-${name}`}>
              <input type="radio" name="disposition" value={name} checked={name === chosen} onChange={() => setChosen(name)} />
              {strings.dispositions[name]}
            </label>
          ))}
        </fieldset>
        <label class="comment">
          {strings.comment}
          <textarea
            rows={3}
            maxLength={2000}
            value={comment}
            data-testid="disposition-comment"
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        <div class="dialog-actions">
          <button class="button quiet" type="button" onClick={onCancel}>
            {strings.cancel}
          </button>
          <button class="button" type="submit" data-testid="disposition-submit">
            {words.submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}
