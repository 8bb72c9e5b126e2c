/** How long a ticket may still take. */
import type { JSX } from "preact";
import { duration, useNow } from "../core/time";
import { Tag } from "./Tags";
import { timeLeft, type Ticket } from "./tickets";
import { useTools } from "./context";

const SOON_MS = 30 * 60_000;

/** The time that is left, red when there is none. */
export function DueTag({ ticket, skew }: { ticket: Ticket; skew: number }): JSX.Element | null {
  const words = useTools().strings.tickets;
  const left = timeLeft(ticket, useNow(true) + skew);
  if (left === null) return null;
  if (left < 0) return <Tag tone="red">{words.overdue(duration(-left))}</Tag>;
  return <Tag tone={left < SOON_MS ? "amber" : "plain"}>{words.due(duration(left))}</Tag>;
}
