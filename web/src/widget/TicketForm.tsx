/** 留言: a message that a person answers later. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { MAX_TEXT } from "../protocol";
import { sendable, textLength } from "../core/text";
import { useTools } from "./context";

export function TicketForm({ busy, onBack }: { busy: boolean; onBack(): void }): JSX.Element {
  const { session, strings } = useTools();
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const words = strings.ticket;
  const left = MAX_TEXT - textLength(text);
  const submit = (event: Event): void => {
    event.preventDefault();
    session.ticket(text);
  };
  return (
    <form class="card" data-testid="ticket-form" aria-label={words.title} onSubmit={submit}>
      <p class="card-title">{words.title}</p>
      <p class="card-hint">{words.hint}</p>
      <textarea
        ref={field}
        rows={4}
        value={text}
        aria-label={words.label}
        data-testid="ticket-text"
        placeholder={words.placeholder}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {left < 200 && <p class={left < 0 ? "count over" : "count"}>{strings.left(left)}</p>}
      <div class="card-actions">
        <button class="button" type="submit" data-testid="ticket-send" disabled={busy || !sendable(text)}>
          {busy ? strings.sending : words.send}
        </button>
        <button class="button quiet" type="button" onClick={onBack}>
          {words.back}
        </button>
      </div>
    </form>
  );
}
