/** The field in which the agent writes, with the canned replies. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { grow, isSendKey } from "../core/compose";
import { sendable, textLength } from "../core/text";
import { MAX_TEXT } from "../protocol";
import { Whispers } from "./Banners";
import { CannedPicker } from "./CannedPicker";
import { mayWrite } from "./teamwork";
import { useTools } from "./context";
import type { DeskState, Followed } from "./state";

const NEAR_LIMIT = 200;
const TALLEST_PX = 180;

export function Reply({ state, conversation }: { state: DeskState; conversation: Followed }): JSX.Element {
  const { strings } = useTools();
  const { snapshot } = conversation;
  if (mayWrite(conversation, state.agent?.id ?? "")) return <Field state={state} conversation={conversation} />;
  const words = strings.readOnly;
  return (
    <p class="read-only" data-testid="read-only">
      {snapshot?.owner === "agent" ? words.agent(snapshot.agent_name ?? "") : words[snapshot?.owner ?? "bot"]}
    </p>
  );
}

function Field({ state, conversation }: { state: DeskState; conversation: Followed }): JSX.Element {
  const { session, strings } = useTools();
  const [text, setText] = useState(session.draft(conversation.id));
  const field = useRef<HTMLTextAreaElement>(null);
  const left = MAX_TEXT - textLength(text);
  useEffect(() => field.current?.focus(), []);
  useLayoutEffect(() => grow(field.current, TALLEST_PX), [text]);

  const change = (value: string): void => {
    setText(value);
    session.keepDraft(conversation.id, value);
    if (value.trim()) session.typing();
  };
  const send = (): void => {
    if (session.send(conversation, text)) change("");
    field.current?.focus();
  };
  const insert = (canned: string): void => {
    change(text.trim() ? `${text.trimEnd()}\n${canned}` : canned);
    field.current?.focus();
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (!isSendKey(event)) return;
    event.preventDefault();
    send();
  };
  return (
    <div class="reply">
      <Whispers conversation={conversation} />
      <textarea
        ref={field}
        rows={2}
        value={text}
        data-testid="composer"
        aria-label={strings.composer}
        aria-invalid={left < 0}
        placeholder={strings.placeholder}
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={keyDown}
      />
      <div class="reply-foot">
        <CannedPicker onPick={insert} />
        {state.link.kind !== "online" && <span class="soft">{strings.connection.keepWriting}</span>}
        <span class={left < 0 ? "count over" : "count"} role="status">
          {left < NEAR_LIMIT && strings.left(left)}
        </span>
        <button class="button" data-testid="send" disabled={!sendable(text)} onClick={send}>
          {strings.send}
        </button>
      </div>
    </div>
  );
}
