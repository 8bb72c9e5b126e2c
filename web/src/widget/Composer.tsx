/** The field in which the player writes. */
import type { JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { grow, isSendKey } from "../core/compose";
import { SendIcon } from "../core/icons";
import { sendable, textLength } from "../core/text";
import { MAX_TEXT } from "../protocol";
import { useTools } from "./context";
import type { ChatState } from "./state";

const NEAR_LIMIT = 200;
const TALLEST_PX = 132;

interface Props {
  state: ChatState;
  field: RefObject<HTMLTextAreaElement | null>;
}

export function Composer({ state, field }: Props): JSX.Element {
  const { session, strings } = useTools();
  const [text, setText] = useState(session.draft);
  const left = MAX_TEXT - textLength(text);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  // The draft belongs to a player; who that is may be known only now.
  useEffect(() => setText((present) => present || session.draft), [session, state.log.conversation]);
  useLayoutEffect(() => grow(field.current, TALLEST_PX), [text]);

  const change = (value: string): void => {
    setText(value);
    session.draft = value;
    if (value.trim()) session.typing();
  };
  const send = (): void => {
    if (session.send(text)) change("");
    field.current?.focus();
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (!isSendKey(event)) return;
    event.preventDefault();
    send();
  };
  const placeholder = {
    bot: strings.placeholder,
    queue: strings.placeholderQueue,
    agent: strings.placeholderAgent(state.agent || strings.agent),
  };
  return (
    <div class="composer">
      {left < NEAR_LIMIT && (
        <p class={left < 0 ? "count over" : "count"} role="status">
          {strings.left(left)}
        </p>
      )}
      <div class="composer-box">
        <textarea
          ref={field}
          rows={1}
          value={text}
          data-testid="input"
          aria-label={strings.input}
          aria-invalid={left < 0}
          placeholder={placeholder[state.owner]}
          enterkeyhint="send"
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={keyDown}
        />
        <button class="send" data-testid="send" aria-label={strings.send} disabled={!sendable(text)} onClick={send}>
          <SendIcon />
        </button>
      </div>
    </div>
  );
}
