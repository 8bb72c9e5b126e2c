/** What the desk knows, and how each frame changes it. Pure. */
import { append, emptyLog, last, type Log } from "../core/log";
import type { LinkState } from "../core/link";
import type { Pending } from "../core/outbox";
import type {
  Agent,
  AgentFrame,
  AgentStatus,
  Conversation,
  Entry,
  Note,
  OfferItem,
  QueueItem,
  QueueList,
} from "../protocol";
import type { Team } from "./team";
import { belongs } from "./teamwork";

/** Frames that change something, and are acknowledged. */
export type Command = Extract<AgentFrame, { id: string }>;

export type Tab = "chats" | "tickets" | "board" | "follow_ups" | "outcomes";

/** A conversation that the desk follows. */
export interface Followed {
  readonly id: string;
  readonly snapshot: Conversation | null;
  readonly log: Log;
  readonly notes: readonly Note[];
  readonly seen: number; // the last log number the agent has had before their eyes
  readonly typing: boolean;
}

export interface Toast {
  key: number;
  code: string;
  who: string; // who has the conversation now, "" when that is not the point
}

/** What ids are called. */
export interface Names {
  agents: Readonly<Record<string, string>>;
  groups: Readonly<Record<string, string>>;
}

export interface DeskState {
  phase: "checking" | "unreachable" | "login" | "in";
  agent: Agent | null;
  link: LinkState;
  status: AgentStatus;
  capacity: number;
  load: number; // units: a conversation is 100
  tab: Tab;
  offers: readonly OfferItem[];
  missed: number; // offers let pass in a row, as far as this page has seen
  names: Names;
  queue: readonly QueueItem[];
  queueTotal: number;
  agentsOnline: number;
  followed: Readonly<Record<string, Followed>>;
  selected: string;
  pending: readonly Pending<Command>[];
  toasts: readonly Toast[];
  skew: number;
}

export function initialState(): DeskState {
  return {
    phase: "checking",
    agent: null,
    link: { kind: "idle" },
    status: "offline",
    capacity: 3,
    load: 0,
    tab: "chats",
    offers: [],
    missed: 0,
    names: { agents: {}, groups: {} },
    queue: [],
    queueTotal: 0,
    agentsOnline: 0,
    followed: {},
    selected: "",
    pending: [],
    toasts: [],
    skew: 0,
  };
}

export function followedAnew(id: string): Followed {
  return { id, snapshot: null, log: emptyLog(id), notes: [], seen: 0, typing: false };
}

export function named({ agents, groups }: Team): Names {
  return {
    agents: Object.fromEntries(agents.map((one) => [one.id, one.display])),
    groups: Object.fromEntries(groups.map((one) => [one.id, one.name])),
  };
}

export function queued(frame: QueueList): Partial<DeskState> {
  return { queue: frame.items, queueTotal: frame.total, agentsOnline: frame.agents_online };
}

/** The conversation with one more entry, or "gap" when one before it is missing. */
export function withEntry(conversation: Followed, entry: Entry): Followed | "gap" {
  const step = append(conversation.log, entry);
  if (step.kind === "gap") return "gap";
  if (step.kind === "duplicate") return conversation;
  return { ...conversation, log: step.log, typing: entry.sender === "player" ? false : conversation.typing };
}

export function withNote(conversation: Followed, note: Note): Followed | "gap" {
  if (note.n <= conversation.notes.length) return conversation;
  if (note.n > conversation.notes.length + 1) return "gap";
  return { ...conversation, notes: [...conversation.notes, note] };
}

/** What the player has said since the agent last looked or answered. */
export function unread(conversation: Followed): number {
  const { entries } = conversation.log;
  const answered = entries.findLast((entry) => entry.sender === "agent")?.n ?? 0;
  return entries
    .slice(Math.max(conversation.seen, answered))
    .filter((entry) => entry.sender === "player" && (entry.kind === "text" || entry.kind === "pick")).length;
}

/** Conversations that are the agent's or that they help with, newest word first; what must still be wrapped up stays. */
export function mine(state: DeskState): Followed[] {
  const newest = (one: Followed): number => one.log.entries[last(one.log) - 1]?.at ?? 0;
  return Object.values(state.followed)
    .filter((one) => belongs(one, state.agent?.id ?? ""))
    .sort((a, b) => newest(b) - newest(a));
}

export function totalUnread(state: DeskState): number {
  return mine(state).reduce((sum, one) => sum + unread(one), 0);
}

/** The newest words of a conversation, for a list. */
export function preview(conversation: Followed): string {
  const spoken = conversation.log.entries.findLast((entry) => entry.text && entry.kind !== "status");
  return spoken?.text ?? "";
}

export function needsWrapUp(conversation: Followed): boolean {
  return conversation.snapshot?.mine === true && conversation.snapshot.episode?.state === "wrap_up";
}

export function pendingOf(state: DeskState, type: Command["type"], conversation: string): Pending<Command>[] {
  return state.pending.filter(
    ({ frame }) => frame.type === type && "conversation" in frame && frame.conversation === conversation,
  );
}

/** Whether a command of this type is on its way. */
export function isWaiting(state: DeskState, type: Command["type"], conversation: string): boolean {
  return pendingOf(state, type, conversation).some((item) => item.state !== "failed");
}

/** Who has a conversation, as a refusal says it: "bot", "queue", an agent's name, or "" when it does not. */
export function holder(data: Record<string, unknown> | undefined, conversation: Followed | undefined): string {
  const owner = data?.["owner"];
  if (owner === "agent") return String(data?.["agent"] || (conversation?.snapshot?.agent_name ?? ""));
  return typeof owner === "string" ? owner : "";
}

/** The player's feedback, by the log number of the answer it is about. */
export function judgements(entries: readonly Entry[]): Map<number, Entry> {
  const marks = entries.filter((entry) => entry.kind === "feedback");
  return new Map(marks.map((entry) => [entry.entry ?? 0, entry]));
}
