/** The sentence of each status entry. */
import type { Entry } from "../protocol";
import type { WidgetStrings } from "../strings/zh";
import { dataNumber, dataText } from "./entry";
import { waitRange } from "./wait";

/** What an entry says; "" for an event of a later server. `moment` writes a time, given in UTC milliseconds. */
export function eventWords(entry: Entry, strings: WidgetStrings, moment: (at: number) => string): string {
  const { events } = strings;
  const name = entry.name || strings.agent;
  const number = dataText(entry, "number");
  switch (entry.event) {
    case "queued":
      return entry.data?.["agents_online"] === 0 ? events.queuedNobody : events.queued;
    case "accepted":
      return events.accepted(entry.name ?? "");
    case "ticket":
      return events.ticket(String(entry.data?.["number"] ?? ""));
    case "rated":
      return events.rated(dataNumber(entry, "score"));
    case "cancelled":
    case "requeued":
    case "returned":
    case "closed":
    case "kept":
    case "idle_ask":
    case "idle_closed":
      return events[entry.event];
    case "still_waiting":
      return stillWaiting(entry, strings);
    case "late":
      return lateWords(entry, strings);
    case "your_turn":
      return events.your_turn(moment(dataNumber(entry, "until")));
    case "missed_turn":
      return events.missed_turn(number);
    case "transferred":
      return events.transferred(name, dataText(entry, "from"));
    case "joined":
    case "left":
    case "taken_over":
      return events[entry.event](name);
    case "group_closed": {
      const opens = dataNumber(entry, "opens_at");
      // A group that is full, not closed, "opens" at the moment of the entry or at none.
      return events.group_closed(opens > entry.at ? moment(opens) : "", number);
    }
    case "ticket_update":
      return events.ticket_update(number, strings.ticketStates[dataText(entry, "state")] ?? strings.ticketMoved);
    case "promised":
      return events.promised(dataText(entry, "agent") || strings.agent);
    default:
      return "";
  }
}

/** Somebody's own words that belong under the sentence: the ticket's, its answer, a promise. */
export function quotedText(entry: Entry): string {
  const quotes = entry.event === "ticket" || entry.event === "ticket_update" || entry.event === "promised";
  return quotes ? dataText(entry, "text") : "";
}

/** "about 2–6 minutes"; "" when the wait is not known. */
export function waitWords(p50_s: number, p90_s: number, words: WidgetStrings["wait"]): string {
  const range = waitRange(p50_s, p90_s);
  return range ? words[range.unit](range.low, range.high) : "";
}

function stillWaiting(entry: Entry, { events, wait }: WidgetStrings): string {
  const time = waitWords(dataNumber(entry, "p50_s"), dataNumber(entry, "p90_s"), wait);
  return events.still_waiting(dataNumber(entry, "position"), time);
}

function lateWords(entry: Entry, { late }: WidgetStrings): string {
  const code = dataText(entry, "compensation");
  const sorry = late.kinds[dataText(entry, "kind")] ?? late.other;
  if (!code) return sorry;
  const given = late.compensations[code];
  return sorry + (given ? late.given(given) : late.givenSomething);
}
