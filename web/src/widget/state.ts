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
  PlayerPick,
  PlayerRate,
  PlayerSend,
  PlayerTicket,
  PlayerWelcome,
  Queue,
  Sender,
} from "../protocol";

export type Command =
  | PlayerSend
  | PlayerPick
  | PlayerHuman
  | PlayerCancelHuman
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
  chips: readonly Chip[];
  queue: Queue | null;
  rate: string; // the episode that waits for a rating
  typing: { sender: Sender; until: number } | null;
  pending: readonly Pending<Command>[];
  skew: number; // server's clock minus ours, milliseconds
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
    queue: null,
    rate: "",
    typing: null,
    pending: [],
    skew: 0,
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
    rate: frame.rate ?? "",
    foldAfter: frame.last,
    queue: frame.owner === "queue" ? state.queue : null,
    typing: null,
    log: fresh ? emptyLog(frame.conversation) : state.log,
    past: other && last(state.log) > 0 ? state.log.entries : state.past,
    seen: fresh ? 0 : state.seen,
  };
}

/** The change that a log entry makes, or "gap" when one before it is missing. */
export function received(state: ChatState, frame: EntryFrame): Partial<ChatState> | "gap" {
  if (frame.conversation !== state.log.conversation) {
    if (frame.entry.n !== 1) return "gap";
    const next = { ...state, log: emptyLog(frame.conversation), past: state.log.entries, foldAfter: 0, seen: 0 };
    const change = received(next, frame);
    return change === "gap" ? change : { log: next.log, past: next.past, foldAfter: 0, seen: 0, ...change };
  }
  const step = append(state.log, frame.entry);
  if (step.kind === "gap") return "gap";
  if (step.kind === "duplicate") return {};
  const typing = state.typing?.sender === frame.entry.sender ? null : state.typing;
  const folded = frame.entry.n > state.foldAfter ? statusChange(frame.entry) : {};
  return { log: step.log, typing, ...folded };
}

/** What a status entry says of the conversation's owner and of the rating. */
function statusChange(entry: Entry): Partial<ChatState> {
  if (entry.kind !== "status") return {};
  const episode = text(entry.data?.["episode"]);
  switch (entry.event) {
    case "queued": {
      const online = entry.data?.["agents_online"];
      return { owner: "queue", agent: "", ...(typeof online === "number" ? { agentsOnline: online } : {}) };
    }
    case "requeued":
      return { owner: "queue", agent: "" };
    case "cancelled":
    case "ticket":
      return { owner: "bot", agent: "", queue: null };
    case "accepted":
      return { owner: "agent", agent: entry.name ?? "", queue: null };
    case "returned":
    case "closed":
      return { owner: "bot", agent: "", queue: null, rate: episode };
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

export function unread(state: ChatState): number {
  return state.log.entries.slice(state.seen).filter((entry) => isSpeech(entry) && entry.sender !== "player").length;
}

const THINKS_FOR_MS = 60_000;

/** Whether the bot owes an answer: the newest word is the player's, and not so old that none will come. */
export function botThinks(state: ChatState, now: number): boolean {
  if (state.owner === "agent" || state.link.kind !== "online") return false;
  const asks = (item: Pending<Command>) => item.frame.type === "send" || item.frame.type === "pick";
  if (state.pending.some((item) => item.state !== "failed" && asks(item))) return true;
  const newest = state.log.entries.findLast((entry) => isSpeech(entry) || entry.kind === "status");
  if (!newest || newest.sender !== "player") return false;
  return now + state.skew - newest.at < THINKS_FOR_MS;
}

export function isWaiting(state: ChatState, type: Command["type"]): boolean {
  return state.pending.some((item) => item.frame.type === type && item.state !== "failed");
}

function isSpeech(entry: Entry): boolean {
  return entry.kind === "text" || entry.kind === "answer" || entry.kind === "pick";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
