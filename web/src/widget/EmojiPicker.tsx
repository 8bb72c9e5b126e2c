/** A small set of emoji to put into the text: a grid that opens over the field. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useTools } from "./context";

const FACES = "😀 😂 🤣 😊 😉 😍 😘 😎 🤔 😅 😓 😭 😢 😡 😤 😱 😴 🤒 🙄 🥺";
const SIGNS = "👍 👎 👌 ✌️ 👏 🙏 💪 🤝 👋 🫶 ❤️ 💔 🎉 🎁 🔥 ✨ 🌹 🎮 💎 🏆";
const EMOJI = `${FACES} ${SIGNS}`.split(" ");
const COLUMNS = 8;
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };

interface Props {
  onPick(emoji: string): void;
  onLeave(): void; // the focus is to go back to the field
}

export function EmojiPicker({ onPick, onLeave }: Props): JSX.Element {
  const { strings } = useTools();
  const [open, setOpen] = useState(false);
  const close = (event: KeyboardEvent): void => {
    if (!open || event.key !== "Escape") return;
    event.stopPropagation(); // it closes the grid, not the chat
    setOpen(false);
    onLeave();
  };
  const leftFor = (event: FocusEvent): void => {
    if (!(event.currentTarget as HTMLElement).contains(event.relatedTarget as Node | null)) setOpen(false);
  };
  return (
    <div class="emoji" onKeyDown={close} onFocusOut={leftFor}>
      {open && <Grid onPick={onPick} />}
      <button
        type="button"
        class="tool"
        data-testid="emoji"
        aria-label={strings.emoji}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <FaceIcon />
      </button>
    </div>
  );
}

function Grid({ onPick }: { onPick(emoji: string): void }): JSX.Element {
  const { strings } = useTools();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0); // the one that Tab comes to
  useEffect(() => (box.current?.children[at] as HTMLElement | undefined)?.focus(), [at]);
  const move = (event: KeyboardEvent): void => {
    const to = at + (STEPS[event.key] ?? 0);
    if (to === at || !EMOJI[to]) return;
    event.preventDefault();
    setAt(to);
  };
  return (
    <div ref={box} class="emoji-grid" role="group" aria-label={strings.emoji} onKeyDown={move}>
      {EMOJI.map((emoji, i) => (
        <button key={emoji} type="button" data-testid="emoji-item" tabIndex={i === at ? 0 : -1} onClick={() => onPick(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  );
}

function FaceIcon(): JSX.Element {
  return (
    <svg
      width={22}
      height={22}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <circle cx="12" cy="12" r="8.5" />
      <path d="M8.5 14.2a4.3 4.3 0 0 0 7 0M9 9.6h.01M15 9.6h.01" />
    </svg>
  );
}
