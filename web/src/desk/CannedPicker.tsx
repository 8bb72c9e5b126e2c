/** Canned replies: a list with a search field; choosing one puts it into the composer. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { BoltIcon } from "../core/icons";
import { cannedReplies, type Canned } from "./api";
import { useTools } from "./context";

export function CannedPicker({ onPick }: { onPick(text: string): void }): JSX.Element {
  const { strings } = useTools();
  const [open, setOpen] = useState(false);
  const [items, setItems] = useState<Canned[]>([]);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) void cannedReplies().then(setItems, () => setItems([]));
  }, [open]);
  useEffect(() => {
    const outside = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, []);
  const pick = (text: string): void => {
    setOpen(false);
    onPick(text);
  };
  return (
    <div class="canned" ref={root} onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
      <button class="button quiet small" data-testid="canned" aria-expanded={open} onClick={() => setOpen(!open)}>
        <BoltIcon size={16} />
        {strings.canned.button}
      </button>
      {open && <CannedList items={items} onPick={pick} />}
    </div>
  );
}

function CannedList({ items, onPick }: { items: Canned[]; onPick(text: string): void }): JSX.Element {
  const { strings } = useTools();
  const [wanted, setWanted] = useState("");
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus(), []);
  const found = items.filter((item) => `${item.title} ${item.text}`.toLowerCase().includes(wanted.trim().toLowerCase()));
  const first = found[0];
  return (
    <div class="canned-list">
      <input
        ref={search}
        class="canned-search"
        aria-label={strings.canned.search}
        placeholder={strings.canned.search}
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && !event.isComposing && first && onPick(first.text)}
      />
      {found.length === 0 && <p class="nothing">{strings.canned.empty}</p>}
      <ul class="canned-items">
        {found.map((item) => (
          <li key={item.id}>
            <button data-testid="canned-item" onClick={() => onPick(item.text)}>
              <b>{item.title}</b>
              <span>{item.text}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
