/** A dialog that asks for words, or only for a yes. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sendable } from "../core/text";
import { MAX_TEXT } from "../protocol";
import { Dialog } from "./Dialog";
import { useTools } from "./context";

interface Props {
  testid: string;
  words: { title: string; hint?: string; label: string; submit: string };
  required?: boolean;
  draft?: string; // the name under which what is written is kept
  busy?: boolean;
  problem?: string;
  onSubmit(text: string): void;
  onCancel(): void;
}

export function TextDialog({ testid, words, required = false, draft = "", busy = false, problem = "", onSubmit, onCancel }: Props): JSX.Element {
  const { session, strings } = useTools();
  const [text, setText] = useState(draft ? session.draft(draft) : "");
  const change = (value: string): void => {
    setText(value);
    if (draft) session.keepDraft(draft, value);
  };
  const ready = sendable(text) || (!required && !text.trim());
  return (
    <Dialog
      testid={testid}
      title={words.title}
      {...(words.hint ? { hint: words.hint } : {})}
      onCancel={onCancel}
      onSubmit={() => ready && onSubmit(text.trim())}
    >
      <NoteField label={words.label} text={text} onText={change} />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="dialog-actions">
        <button class="button quiet" type="button" onClick={onCancel}>
          {strings.cancel}
        </button>
        <button class="button" type="submit" data-testid={`${testid}-submit`} disabled={busy || !ready}>
          {words.submit}
        </button>
      </div>
    </Dialog>
  );
}

export function NoteField({ label, text, onText }: { label: string; text: string; onText(text: string): void }): JSX.Element {
  return (
    <label class="comment dialog-field">
      {label}
      <textarea rows={3} maxLength={MAX_TEXT} value={text} data-testid="words" onInput={(event) => onText(event.currentTarget.value)} />
    </label>
  );
}
