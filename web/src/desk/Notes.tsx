/** Internal notes: no player ever sees them. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Masked } from "../core/masked";
import { sendable } from "../core/text";
import type { Note } from "../protocol";
import type { DeskStrings } from "../strings/zh";
import { Stamp } from "./EntryRow";
import { Tag } from "./Tags";
import { useTools } from "./context";
import { pendingOf, type DeskState, type Followed } from "./state";

export function Notes({ state, conversation }: { state: DeskState; conversation: Followed }): JSX.Element {
  const { session, strings } = useTools();
  const [text, setText] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (session.note(conversation.id, text)) setText("");
  };
  return (
    <section class="panel-box notes">
      <h2>
        {strings.notes} <span class="soft">{strings.notesHint}</span>
      </h2>
      <ul>
        {conversation.notes.map((note) => (
          <NoteRow key={note.n} note={note} />
        ))}
        {pendingOf(state, "note", conversation.id).map(({ frame, state: how }) => (
          <li key={frame.id} class="unsent" data-state={how}>
            <p class="note-text">{"text" in frame && frame.text}</p>
            {how === "failed" && (
              <p class="entry-meta">
                <span class="problem-words">{strings.failed}</span>
                <button class="link-button" onClick={() => session.retrySending(frame.id)}>
                  {strings.retry}
                </button>
                <button class="link-button" onClick={() => session.remove(frame.id)}>
                  {strings.remove}
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
      <form class="note-form" onSubmit={submit}>
        <textarea
          rows={2}
          value={text}
          data-testid="note-input"
          aria-label={strings.noteInput}
          placeholder={strings.noteInput}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="button quiet small" type="submit" data-testid="note-add" disabled={!sendable(text)}>
          {strings.noteAdd}
        </button>
      </form>
    </section>
  );
}

const TONES: Record<string, string> = { whisper: "blue", alert: "amber", promise: "gold" };

function NoteRow({ note }: { note: Note }): JSX.Element {
  const { strings } = useTools();
  const kind = note.kind ?? "note";
  const alert = kind === "alert";
  return (
    <li data-testid="note" data-kind={kind} class={`note-${kind}`}>
      <p class="entry-meta">
        {kind !== "note" && <Tag tone={TONES[kind] ?? "plain"}>{strings.noteKinds[kind] ?? kind}</Tag>}
        {!alert && <b>{note.author}</b>}
        <Stamp at={note.at} />
      </p>
      <p class="note-text">{alert ? alertWords(note, strings) : <Masked text={note.text} names={strings.masked} />}</p>
    </li>
  );
}

function alertWords(note: Note, strings: DeskStrings): string {
  const code = String(note.data?.["code"] ?? note.text);
  return [strings.alerts[code] ?? code, note.data?.["name"]].filter(Boolean).join(" · ");
}
