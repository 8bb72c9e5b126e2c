/** How long a player has been waiting for this conversation's agent, and how near the deadline is. Pure. */
import type { Entry } from "../protocol";
import type { Followed } from "./state";

export type Urgency = "calm" | "warned" | "late";

export interface Response {
  kind: "first" | "next" | "answered"; // answered: nobody waits; the first response took so long
  ms: number;
  urgency: Urgency;
}

/** What the player waits for now; null when no agent has the conversation. */
export function response(one: Followed, now: number): Response | null {
  const episode = one.snapshot?.episode;
  if (one.snapshot?.owner !== "agent" || episode?.state !== "active") return null;
  const replies = one.log.entries.filter((entry) => isReply(entry) && entry.at >= episode.requested_at);
  const first = episode.responded_at || replies[0]?.at || 0;
  if (!first) return { kind: "first", ms: now - episode.requested_at, urgency: urgency(one, "first", episode.requested_at) };
  const newest = replies.at(-1)?.at ?? first;
  const asked = one.log.entries.find((entry) => isQuestion(entry) && entry.at > newest);
  if (!asked) return { kind: "answered", ms: first - episode.requested_at, urgency: "calm" };
  return { kind: "next", ms: now - asked.at, urgency: urgency(one, "next", asked.at) };
}

function isReply(entry: Entry): boolean {
  return entry.sender === "agent" && entry.kind === "text";
}

function isQuestion(entry: Entry): boolean {
  return entry.sender === "player" && (entry.kind === "text" || entry.kind === "pick");
}

/** What the alerts since `since` have said of this deadline. */
function urgency(one: Followed, kind: "first" | "next", since: number): Urgency {
  const alerts = one.notes.filter((note) => note.kind === "alert" && note.at >= since);
  const codes = new Set(alerts.map((note) => note.data?.["code"]));
  if (codes.has(`late_${kind}`)) return "late";
  return codes.has(`warn_${kind}`) ? "warned" : "calm";
}
