/** What the player's chat knows, and how each frame of the server changes it. Pure: sockets and storage are elsewhere. */
import { append, emptyLog, last, type Log } from "../core/log";
import type { LinkState } from "../core/link";
import type { Pending } from "../core/outbox";
import type {
  Chip,
  Entry,
  EntryFrame,
  OwnerName,
  PlayerCancelHuman,
  PlayerFeedback,
  PlayerHuman,
  PlayerImage,
  PlayerKeep,
  PlayerPick,
  PlayerRate,
  PlayerSend,
  PlayerTicket,
  PlayerWelcome,
  Queue,
  Sender,
  Suggestions,
} from "../protocol";
import { dataText } from "./entry";

export type Command =
  | PlayerSend
  | PlayerPick
  | PlayerImage
  | PlayerHuman
  | PlayerCancelHuman
  | PlayerKeep
  | PlayerFeedback
  | PlayerTicket
  | PlayerRate;

export interface ChatState {
  link: LinkState;
  playerName: string;
  log: Log;
  past: readonly Entry[]; // an older conversation, shown above a divider
  foldAfter: number; // entries up to here are already in what `welcome` said
  owner: OwnerName;
  agent: string;
  agentsOnline: number;
  chips: readonly Chip[]; // 猜你想问
  card: Chip | null; // one need that is near certain
  offeredAt: number; // the newest log number when the chips and the card came
  offeredAnew: boolean; // they came for another page of the game, in the midst of a conversation
  queue: Queue | null;
  rate: string; // the episode that waits for a rating
  typing: { sender: Sender; until: number } | null;
  pending: readonly Pending<Command>[];
  skew: number; // server's clock minus ours, milliseconds
  read: number; // the log number up to which an agent has read
  seen: number; // the last log number the player has had before their eyes
  notice: string; // the code of a refusal to show for a moment
}

export function initialState(): ChatState {
  return {
    link: { kind: "idle" },
    playerName: "",
    log: emptyLog(),
    past: [],
    foldAfter: 0,
    owner: "bot",
    agent: "",
    agentsOnline: 0,
    chips: [],
    card: null,
    offeredAt: 0,
    offeredAnew: false,
    queue: null,
    rate: "",
    typing: null,
    pending: [],
    skew: 0,
    read: 0,
    seen: 0,
    notice: "",
  };
}

export function welcomed(state: ChatState, frame: PlayerWelcome): Partial<ChatState> {
  const other = frame.conversation !== state.log.conversation;
  const fresh = other || frame.reset === true;
  return {
    playerName: frame.player.name,
    owner: frame.owner,
    agent: frame.agent ?? "",
    agentsOnline: frame.agents_online ?? 0,
    chips: frame.chips,
    card: frame.card ?? null,
    offeredAt: frame.last,
    offeredAnew: false,
    read: frame.read ?? 0,
    rate: frame.rate ?? "",
    foldAfter: frame.last,
    queue: frame.owner === "queue" ? state.queue : null,
    typing: null,
    log: fresh ? emptyLog(frame.conversation) : state.log,
    past: other && last(state.log) > 0 ? state.log.entries : state.past,
    seen: fresh ? 0 : state.seen,
  };
}

export function suggested(state: ChatState, frame: Suggestions): Partial<ChatState> {
  return { chips: frame.chips, card: frame.card ?? null, offeredAt: last(state.log), offeredAnew: true };
}

// What numbers of an earlier conversation say nothing of a new one.
const UNREAD = { foldAfter: 0, offeredAt: 0, read: 0, seen: 0 };

/** The change that a log entry makes, or "gap" when one before it is missing. */
export function received(state: ChatState, frame: EntryFrame): Partial<ChatState> | "gap" {
  if (frame.conversation !== state.log.conversation) {
    if (frame.entry.n !== 1) return "gap";
    const next = { ...state, log: emptyLog(frame.conversation), past: state.log.entries, ...UNREAD };
    const change = received(next, frame);
    return change === "gap" ? change : { log: next.log, past: next.past, ...UNREAD, ...change };
  }
  const step = append(state.log, frame.entry);
  if (step.kind === "gap") return "gap";
  if (step.kind === "duplicate") return {};
  const typing = state.typing?.sender === frame.entry.sender ? null : state.typing;
  const folded = frame.entry.n > state.foldAfter ? statusChange(state, frame.entry) : {};
  return { log: step.log, typing, ...folded };
}

/** What a status entry says of the conversation's owner, the place in the queue and the rating. */
function statusChange(state: ChatState, entry: Entry): Partial<ChatState> {
  if (entry.kind !== "status") return {};
  const withBot = { owner: "bot", agent: "", queue: null } as const;
  switch (entry.event) {
    case "queued": {
      const online = entry.data?.["agents_online"];
      return { owner: "queue", agent: "", ...(typeof online === "number" ? { agentsOnline: online } : {}) };
    }
    case "requeued":
      return { owner: "queue", agent: "" };
    case "kept":
      return { queue: state.queue && { ...state.queue, kept: true } };
    case "cancelled":
    case "ticket":
    case "missed_turn":
      return withBot;
    case "group_closed": // without a ticket the place is kept until the group opens
      return dataText(entry, "number") ? withBot : {};
    case "accepted":
    case "transferred":
    case "taken_over":
      return { owner: "agent", agent: entry.name ?? "", queue: null };
    case "returned":
    case "closed":
    case "idle_closed":
      return { ...withBot, rate: dataText(entry, "episode") };
    case "rated":
      return { rate: "" };
    default:
      return {};
  }
}

/** How the player judged each answer, by its log number; a judgement on its way counts. */
export function judgements(state: ChatState): Map<number, boolean> {
  const found = new Map<number, boolean>();
  for (const entry of state.log.entries) {
    if (entry.kind === "feedback") found.set(entry.entry ?? 0, entry.helpful ?? false);
  }
  for (const { frame } of state.pending) if (frame.type === "feedback") found.set(frame.entry, frame.helpful);
  return found;
}

/** What is shown of a player's own message: that an agent has read it, that it was stored, or nothing but its time. */
export type Receipt = "read" | "sent" | "";

/** By log number: the newest message that an agent has read, and the newest that they have not. */
export function receipts(state: ChatState): Map<number, Receipt> {
  const own = state.log.entries.filter((entry) => entry.sender === "player" && isSpeech(entry));
  const marks = new Map<number, Receipt>();
  const newest = own.at(-1);
  if (newest && state.owner === "agent" && newest.n > state.read) marks.set(newest.n, "sent");
  const read = own.findLast((entry) => entry.n <= state.read);
  if (read) marks.set(read.n, "read");
  return marks;
}

// Status entries that want something of the player, or that they have waited for.
const CALLS_FOR_EYES = new Set(["your_turn", "missed_turn", "idle_ask", "idle_closed", "ticket_update"]);

export function unread(state: ChatState): number {
  const isNews = (entry: Entry): boolean =>
    entry.kind === "status" ? CALLS_FOR_EYES.has(entry.event ?? "") : isSpeech(entry) && entry.sender !== "player";
  return state.log.entries.slice(state.seen).filter(isNews).length;
}

const THINKS_FOR_MS = 60_000;

/** Whether the bot owes an answer: the newest word is the player's, and not so old that none will come. */
export function botThinks(state: ChatState, now: number): boolean {
  if (state.owner === "agent" || state.link.kind !== "online") return false;
  if (state.pending.some((item) => item.state !== "failed" && isBubble(item))) return true;
  const newest = state.log.entries.findLast((entry) => isSpeech(entry) || entry.kind === "status");
  if (!newest || newest.sender !== "player") return false;
  return now + state.skew - newest.at < THINKS_FOR_MS;
}

/** Whether a command is something that the player says, shown as a message of theirs from the start. */
export function isBubble({ frame }: Pending<Command>): boolean {
  return frame.type === "send" || frame.type === "pick" || frame.type === "image";
}

export function isWaiting(state: ChatState, type: Command["type"]): boolean {
  return state.pending.some((item) => item.frame.type === type && item.state !== "failed");
}

/** Thanks are said until the conversation goes on. */
export function ratingStage(state: ChatState): "none" | "asked" | "thanked" {
  if (isWaiting(state, "rate") || state.log.entries.at(-1)?.event === "rated") return "thanked";
  return state.rate === "" ? "none" : "asked";
}

function isSpeech(entry: Entry): boolean {
  return entry.kind === "text" || entry.kind === "answer" || entry.kind === "pick" || entry.kind === "image";
}
