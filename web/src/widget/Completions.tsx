/** The questions that go on from what the player types: a list over the field, in the combobox pattern of ARIA. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../core/store";
import type { Completion } from "../protocol";
import { movedRow, pieces } from "./completion";
import { useTools } from "./context";

const LIST = "completions";
const SEEN_AFTER_MS = 1000;
const NO_ROWS: readonly Completion[] = [];

const rowId = (index: number): string => `${LIST}-${index}`;

export interface Listing {
  rows: readonly Completion[];
  active: number; // the row that Enter picks, -1: none, Enter sends
  /** Whether the list has taken a key for itself. */
  keyDown(event: KeyboardEvent): boolean;
  /** Puts the list away until the text changes or the player comes back to the field. */
  leave(): void;
  comeBack(): void;
}

/** What stands on the list now and how keys move on it; nothing while `wanted` is false. */
export function useListing(wanted: boolean, pick: (row: Completion) => void): Listing {
  const { session } = useTools();
  const offer = useStore(session.completer.store);
  const [away, setAway] = useState(false);
  const [marked, setMarked] = useState(-1);
  useLayoutEffect(() => setMarked(-1), [offer, away]);
  useEffect(() => {
    if (!wanted) session.completer.clear();
  }, [wanted, session]);
  const rows = wanted && !away ? offer.items : NO_ROWS;
  const active = marked < rows.length ? marked : -1;
  const keyDown = (event: KeyboardEvent): boolean => {
    if (rows.length === 0 || event.isComposing || event.keyCode === 229 || event.shiftKey || event.altKey) return false;
    const row = rows[active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") setMarked(movedRow(active, rows.length, event.key === "ArrowDown"));
    else if (event.key === "Escape") setAway(true);
    else if (event.key === "Enter" && row) pick(row);
    else return false;
    event.preventDefault();
    event.stopPropagation(); // Escape closes the list, not the chat
    return true;
  };
  return { rows, active, keyDown, leave: () => setAway(true), comeBack: () => setAway(false) };
}

/** The field's side of the pattern. HTML's tables have no textarea in it, the browsers and screen readers do. */
export function comboboxProps({ rows, active }: Listing): object {
  const open = rows.length > 0;
  return {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": open,
    "aria-controls": open ? LIST : undefined,
    "aria-activedescendant": active >= 0 ? rowId(active) : undefined,
  };
}

export function Completions({ listing, onPick }: { listing: Listing; onPick(row: Completion): void }): JSX.Element {
  const { strings } = useTools();
  const { rows, active } = listing;
  return (
    <>
      <p class="sr" role="status">
        {rows.length > 0 && strings.suggest.found(rows.length)}
      </p>
      {rows.length > 0 && <List rows={rows} active={active} onPick={onPick} />}
    </>
  );
}

interface ListProps {
  rows: readonly Completion[];
  active: number;
  onPick(row: Completion): void;
}

function List({ rows, active, onPick }: ListProps): JSX.Element {
  const { session, strings } = useTools();
  const list = useRef<HTMLUListElement>(null);
  const mark = rows.map((row) => row.id).join(" ");
  useEffect(() => {
    const ids = rows.map((row) => row.id);
    const timer = setTimeout(() => session.shown("completion", ids), SEEN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [mark, session]);
  useLayoutEffect(() => {
    if (list.current) list.current.scrollTop = 0;
  }, [mark]);
  useLayoutEffect(() => list.current?.children[active]?.scrollIntoView({ block: "nearest" }), [active]);
  // A press on a row must not take the focus from the field: the on-screen keyboard would go.
  const stay = (event: Event): void => event.preventDefault();
  return (
    <ul ref={list} id={LIST} class="completions" role="listbox" aria-label={strings.suggest.list} onMouseDown={stay}>
      {rows.map((row, i) => (
        <li
          key={row.id}
          id={rowId(i)}
          class="completion"
          role="option"
          aria-selected={i === active}
          data-testid="completion"
          data-chip={row.id}
          onClick={() => onPick(row)}
        >
          <span>
            {pieces(row.text, row.spans).map((piece) => (piece.typed ? <mark>{piece.text}</mark> : piece.text))}
          </span>
        </li>
      ))}
    </ul>
  );
}
