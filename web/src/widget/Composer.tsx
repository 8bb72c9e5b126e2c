/** The field in which the player writes, with the questions that go on from it, emoji and pictures. */
import type { JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { grow, isSendKey } from "../core/compose";
import { SendIcon } from "../core/icons";
import { sendable, textLength } from "../core/text";
import { MAX_TEXT, type Completion } from "../protocol";
import { comboboxProps, Completions, useListing } from "./Completions";
import { useTools } from "./context";
import { EmojiPicker } from "./EmojiPicker";
import { PictureButton, picturesIn } from "./PictureButton";
import type { ChatState } from "./state";

const NEAR_LIMIT = 200;
const TALLEST_PX = 132;

interface Props {
  state: ChatState;
  field: RefObject<HTMLTextAreaElement | null>;
}

export function Composer({ state, field }: Props): JSX.Element {
  const { session, strings, preferences } = useTools();
  const { text, change, listing, pick, composition } = useText(state);
  useFirstFocus(field);
  useLayoutEffect(() => grow(field.current, TALLEST_PX), [text]);
  const send = (): void => {
    if (session.send(text)) change("");
    field.current?.focus();
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (listing.keyDown(event) || !isSendKey(event)) return;
    event.preventDefault();
    send();
  };
  const insert = (emoji: string): void => {
    const box = field.current;
    if (!box) return;
    box.setRangeText(emoji, box.selectionStart, box.selectionEnd, "end");
    change(box.value);
  };
  const paste = (event: ClipboardEvent): void => {
    const pictures = picturesIn(event.clipboardData);
    if (pictures.length === 0) return;
    event.preventDefault();
    session.uploader.add(pictures);
  };
  return (
    <div class="composer">
      <Completions listing={listing} onPick={pick} />
      <Count left={MAX_TEXT - textLength(text)} />
      <div class={text ? "composer-box filled" : "composer-box"}>
        <textarea
          ref={field}
          rows={1}
          value={text}
          data-testid="input"
          aria-label={strings.input}
          aria-invalid={textLength(text) > MAX_TEXT}
          placeholder={placeholder(state, strings)}
          enterkeyhint="send"
          autocomplete="off"
          {...comboboxProps(listing)}
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={keyDown}
          onPaste={paste}
          {...composition}
          onFocus={listing.comeBack}
          onBlur={listing.leave}
        />
        {!preferences.simple && <EmojiPicker onPick={insert} onLeave={() => field.current?.focus()} />}
        <PictureButton onPicked={(files) => session.uploader.add(files)} />
        <button class="send" data-testid="send" aria-label={strings.send} disabled={!sendable(text)} onClick={send}>
          <SendIcon />
        </button>
      </div>
    </div>
  );
}

/** The text, kept as a draft, and the questions that go on from it: none while an input method has the keys. */
function useText(state: ChatState) {
  const { session, preferences } = useTools();
  const [text, setText] = useState(session.draft);
  const composing = useRef(false);
  const completes = preferences.suggestions && state.owner !== "agent" && state.link.kind === "online";
  // The draft belongs to a player; who that is may be known only now.
  useEffect(() => setText((present) => present || session.draft), [session, state.log.conversation]);

  const complete = (value: string, now: boolean): void => {
    listing.comeBack();
    if (completes) session.completer.type(value, now);
  };
  const change = (value: string): void => {
    setText(value);
    session.draft = value;
    if (value.trim()) session.typing();
    if (!composing.current) complete(value, false);
  };
  const pick = (row: Completion): void => {
    session.pick(row, "completion", text);
    change("");
  };
  const listing = useListing(completes, pick);
  const composition = {
    onCompositionStart: (): void => {
      composing.current = true;
    },
    onCompositionEnd: (event: Event): void => {
      composing.current = false;
      complete((event.currentTarget as HTMLTextAreaElement).value, true);
    },
  };
  return { text, change, listing, pick, composition };
}

/** The focus of a chat that opens: in the field, but on a touch screen its keyboard would cover what is offered. */
function useFirstFocus(field: RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const touch = matchMedia("(pointer: coarse)").matches;
    const first = touch ? field.current?.closest(".panel")?.querySelector<HTMLElement>(".log") : field.current;
    first?.focus({ preventScroll: true });
  }, []);
}

function Count({ left }: { left: number }): JSX.Element | null {
  const { strings } = useTools();
  if (left >= NEAR_LIMIT) return null;
  return (
    <p class={left < 0 ? "count over" : "count"} role="status">
      {strings.left(left)}
    </p>
  );
}

function placeholder(state: ChatState, strings: ReturnType<typeof useTools>["strings"]): string {
  const words = {
    bot: strings.placeholder,
    queue: strings.placeholderQueue,
    agent: strings.placeholderAgent(state.agent || strings.agent),
  };
  return words[state.owner];
}
