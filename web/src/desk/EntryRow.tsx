/** One entry of a log as an agent sees it. */
import type { JSX } from "preact";
import { Markdown } from "../core/markdown";
import { Masked } from "../core/masked";
import { clockTime, dayAndTime, sameDay } from "../core/time";
import type { Entry } from "../protocol";
import { locale } from "../strings";
import type { DeskStrings } from "../strings/zh";
import { PictureView } from "./PictureView";
import { useTools } from "./context";

/** Events whose own words are shown under their sentence. */
const WORDED = new Set(["ticket", "ticket_update", "promised"]);

interface Props {
  entry: Entry;
  judged: Entry | undefined; // the player's feedback on it
  me: string;
}

export function EntryRow({ entry, judged, me }: Props): JSX.Element | null {
  const { strings } = useTools();
  if (entry.kind === "feedback") return null;
  if (entry.kind === "status") {
    const words = eventWords(entry, strings);
    if (!words) return null;
    return (
      <p class="entry-status" data-n={entry.n} data-event={entry.event}>
        {words} <Stamp at={entry.at} />
        {WORDED.has(entry.event ?? "") && typeof entry.data?.["text"] === "string" && entry.data["text"] && (
          <span class="ticket-text">
            <Masked text={entry.data["text"]} names={strings.masked} />
          </span>
        )}
      </p>
    );
  }
  return (
    <article class={`entry ${entry.sender}`} data-n={entry.n} data-sender={entry.sender}>
      <p class="entry-meta">
        <b>{senderName(entry, me, strings)}</b>
        <Stamp at={entry.at} />
        <span class="entry-n">#{entry.n}</span>
      </p>
      <div class={entry.kind === "pick" ? "speech pick" : "speech"}>
        {entry.kind === "answer" ? (
          <Markdown text={entry.text ?? ""} base={location.origin} />
        ) : entry.image ? (
          <PictureView image={entry.image} />
        ) : (
          <Masked text={entry.text ?? ""} names={strings.masked} />
        )}
      </div>
      {(entry.chips?.length ?? 0) > 0 && (
        <p class="entry-chips" aria-label={strings.chips}>
          {entry.chips?.map((chip) => <span key={chip.id}>{chip.text}</span>)}
        </p>
      )}
      {judged && (
        <p class={judged.helpful ? "judged good" : "judged bad"} data-n={judged.n}>
          {judged.helpful ? strings.markedHelpful : strings.markedUnhelpful}
        </p>
      )}
    </article>
  );
}

export function Stamp({ at }: { at: number }): JSX.Element {
  const tag = locale(useTools().language);
  const words = sameDay(at, Date.now()) ? clockTime(at, tag) : dayAndTime(at, tag);
  return <time dateTime={new Date(at).toISOString()}>{words}</time>;
}

function senderName(entry: Entry, me: string, strings: DeskStrings): string {
  if (entry.sender === "agent") return entry.name === me ? strings.you : (entry.name ?? "");
  return { player: strings.player, bot: strings.bot, system: strings.system }[entry.sender];
}

function eventWords(entry: Entry, strings: DeskStrings): string {
  const { events } = strings;
  const data = entry.data ?? {};
  switch (entry.event) {
    case "queued": {
      const reason = String(data["reason"] ?? "");
      return events.queued(strings.reasons[reason] ?? reason);
    }
    case "accepted":
      return events.accepted(entry.name ?? "");
    case "ticket":
      return entry.name ? events.agentTicket(entry.name, String(data["number"] ?? "")) : events.ticket(String(data["number"] ?? ""));
    case "rated":
      return events.rated(Number(data["score"]) || 0);
    case "transferred":
    case "joined":
    case "left":
    case "taken_over":
      return events[entry.event](entry.name ?? "");
    case "missed_turn":
    case "group_closed":
      return events[entry.event](String(data["number"] ?? ""));
    case "late":
      return events.late(strings.late[String(data["kind"])] ?? String(data["kind"] ?? ""));
    case "ticket_update": {
      const state = String(data["state"] ?? "");
      return events.ticket_update(String(data["number"] ?? ""), strings.tickets.states[state] ?? state);
    }
    case "cancelled":
    case "requeued":
    case "returned":
    case "closed":
    case "kept":
    case "still_waiting":
    case "your_turn":
    case "idle_ask":
    case "idle_closed":
    case "promised":
      return events[entry.event];
    default:
      return "";
  }
}
