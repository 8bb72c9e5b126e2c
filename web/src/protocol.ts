// Generated from handoff/protocol.py by `python -m gateway.typescript`; do not edit.

export const VERSION = 1;
export const MAX_TEXT = 2000;
export const MAX_PREFIX = 64;
export const MAX_FRAME = 65536;

export type Place = "answer" | "card" | "completion" | "opening";
export type Sender = "agent" | "bot" | "player" | "system";
export type OwnerName = "agent" | "bot" | "queue";
export type AgentStatus = "break" | "busy" | "offline" | "online";
export type RatingName = "feeling" | "personal" | "professional" | "solved" | "technology";
export type DispositionName = "follow_up" | "no_reply" | "not_solvable" | "solved" | "wrong_place";

/** A suggestion to tap. `id` is `faq:<entry id>` or `intent:<intent>`; it goes back in a `pick`. */
export interface Chip {
  id: string;
  text: string;
  why?: string;
  data?: Record<string, unknown>;
}

/** A question that begins as the player types. `id` goes back in a `pick`. */
export interface Completion {
  id: string;
  text: string;
  spans?: [number, number][];
}

/** A picture that a player sent, as it is served at /api/images/{id}. */
export interface Image {
  id: string;
  width: number;
  height: number;
}

/** One line of a conversation's log. */
export interface Entry {
  n: number;
  at: number;
  sender: Sender;
  kind: "answer" | "feedback" | "image" | "pick" | "status" | "text";
  text?: string;
  name?: string;
  id?: string;
  chips?: Chip[];
  faq_id?: string;
  entry?: number;
  helpful?: boolean;
  chip?: string;
  image?: Image | null;
  event?: string;
  data?: Record<string, unknown>;
}

/** One line of the bot's summary; `refs` are the log numbers it rests on. */
export interface SummaryLine {
  kind: "answer" | "earlier" | "fact" | "promise" | "question" | "quote" | "reason" | "risk" | "scenario" | "tone" | "urgency" | "wish";
  refs: number[];
  text?: string;
  data?: Record<string, unknown>;
}

/** What the bot tells the agent. */
export interface Summary {
  lines: SummaryLine[];
  upto: number;
}

/** A conversation waiting for an agent. */
export interface QueueItem {
  conversation: string;
  player: string;
  name: string;
  vip: number;
  urgency: number;
  reason: string;
  since: number;
  scenario?: string;
  preview?: string;
  summary?: boolean;
  group?: string;
  tier?: number;
  offered_to?: string;
  away?: boolean;
}

/** How long an agent had a conversation. */
export interface Stay {
  agent: string;
  name: string;
  since: number;
  how: "offer" | "pull" | "takeover" | "transfer";
  until?: number;
}

/** A handoff episode. */
export interface Episode {
  id: string;
  state: "active" | "ended" | "queued" | "wrap_up";
  reason: string;
  urgency: number;
  requested_at: number;
  scenario?: string;
  agent?: string;
  accepted_at?: number;
  ended_at?: number;
  end_reason?: string;
  disposition?: string;
  comment?: string;
  summary?: Summary | null;
  score?: number;
  rating_text?: string;
  ratings?: Record<string, number>;
  weighted?: number;
  group?: string;
  tier?: number;
  asked_tier?: number;
  offers?: number;
  missed?: number;
  owners?: Stay[];
  responded_at?: number;
  late?: string[];
  compensation?: string[];
  reasked?: number;
  reopens?: string;
  promise?: string;
}

/** What the game's token says of a player. */
export interface Player {
  id: string;
  name: string;
  vip?: number;
  server?: string;
  platform?: string;
  level?: number;
}

/** An internal note; never sent to a player. */
export interface Note {
  n: number;
  at: number;
  author: string;
  text: string;
  id?: string;
  kind?: "alert" | "invite" | "note" | "promise" | "transfer" | "whisper";
  data?: Record<string, unknown>;
}

/** A colleague who was invited into a conversation. */
export interface Guest {
  id: string;
  display: string;
}

/** A conversation that this agent is asked to take, or to join. */
export interface OfferItem {
  id: string;
  conversation: string;
  kind: "invite" | "queue" | "transfer";
  made_at: number;
  expires_at: number;
  by?: string;
  note?: string;
  item?: QueueItem | null;
}

/** First frame of a player: who they are and what they have seen. */
export interface PlayerHello {
  type: "hello";
  v: 1;
  token: string;
  conversation?: string;
  last?: number;
  page?: string;
}

/** The player went to another page of the game; answered with `suggestions`. */
export interface PlayerPage {
  type: "page";
  v: 1;
  page: string;
}

/** What is in the field; answered with `completions` of the same `seq`, the newest one only when they come too fast. */
export interface PlayerComplete {
  type: "complete";
  v: 1;
  seq: number;
  prefix: string;
}

/** Suggestions that the player has seen, once for each time they are shown; neither stored in the log nor acknowledged. */
export interface PlayerShown {
  type: "shown";
  v: 1;
  place: Place;
  chips: string[];
}

/** A message. Sent again with the same id until it is acknowledged. */
export interface PlayerSend {
  type: "send";
  v: 1;
  id: string;
  text: string;
}

/** A chip was tapped. */
export interface PlayerPick {
  type: "pick";
  v: 1;
  id: string;
  chip: string;
  place?: Place | "";
  typed?: string;
}

/** A picture that POST /api/images has taken in. */
export interface PlayerImage {
  type: "image";
  v: 1;
  id: string;
  image: string;
}

/** The player has the log in sight up to number `n`; not acknowledged. */
export interface PlayerRead {
  type: "read";
  v: 1;
  n: number;
}

/** The button for a person. */
export interface PlayerHuman {
  type: "human";
  v: 1;
  id: string;
}

/** No longer wants a person. */
export interface PlayerCancelHuman {
  type: "cancel_human";
  v: 1;
  id: string;
}

/** The player leaves while waiting; their place is kept and they are called at their turn. */
export interface PlayerKeep {
  type: "keep";
  v: 1;
  id: string;
}

/** 有用 / 没用 under the answer with log number `entry`. */
export interface PlayerFeedback {
  type: "feedback";
  v: 1;
  id: string;
  entry: number;
  helpful: boolean;
}

/** Leaves a ticket instead of waiting. */
export interface PlayerTicket {
  type: "ticket";
  v: 1;
  id: string;
  text: string;
}

/** Rates an ended episode, 1 to 5. */
export interface PlayerRate {
  type: "rate";
  v: 1;
  id: string;
  episode: string;
  score: number;
  text?: string;
  ratings?: Record<string, number>;
}

/** The player types; neither stored nor acknowledged. */
export interface PlayerTyping {
  type: "typing";
  v: 1;
}

/** Keeps the connection alive; answered with `pong`. */
export interface Ping {
  type: "ping";
  v: 1;
}

/** Answer to `hello`; the entries after `last` follow. */
export interface PlayerWelcome {
  type: "welcome";
  v: 1;
  conversation: string;
  player: Player;
  owner: OwnerName;
  last: number;
  reset: boolean;
  chips: Chip[];
  agent?: string;
  rate?: string;
  agents_online?: number;
  card?: Chip | null;
  read?: number;
}

/** 猜你想问 anew: the player's page has changed. */
export interface Suggestions {
  type: "suggestions";
  v: 1;
  chips: Chip[];
  card?: Chip | null;
}

/** Answer to the newest `complete`; best first, at most eight. */
export interface Completions {
  type: "completions";
  v: 1;
  seq: number;
  items: Completion[];
}

/** The other side has read up to number `n`. To agents it names its conversation. */
export interface Read {
  type: "read";
  v: 1;
  n: number;
  conversation?: string;
}

/** A log entry. To agents it names its conversation. */
export interface EntryFrame {
  type: "entry";
  v: 1;
  conversation: string;
  entry: Entry;
}

/** The command `id` is stored. `n` is the log number it got, 0 when it made no entry. */
export interface Ack {
  type: "ack";
  v: 1;
  id: string;
  n: number;
  conversation?: string;
}

/** Where the player stands in the queue. */
export interface Queue {
  type: "queue";
  v: 1;
  position: number;
  since?: number;
  agents_online?: number;
  p50_s?: number;
  p90_s?: number;
  kept?: boolean;
}

/** Somebody types. */
export interface Typing {
  type: "typing";
  v: 1;
  sender: Sender;
  conversation?: string;
}

/** A frame was refused; the connection stays unless a close frame follows. */
export interface ErrorFrame {
  type: "error";
  v: 1;
  code: string;
  message: string;
  id?: string;
  data?: Record<string, unknown>;
}

/** Answer to `ping`. */
export interface Pong {
  type: "pong";
  v: 1;
  at: number;
}

/** First frame of a desk; the log-in is the session cookie. */
export interface AgentHello {
  type: "hello";
  v: 1;
}

/** What the agent is and how many conversations they take at once. */
export interface AgentPresence {
  type: "presence";
  v: 1;
  id: string;
  status: AgentStatus;
  capacity: number;
}

/** Follow a conversation: its snapshot, the entries after `last` and the notes after `last_note` are sent, then live. */
export interface AgentOpen {
  type: "open";
  v: 1;
  conversation: string;
  last?: number;
  last_note?: number;
}

/** Stop following a conversation. */
export interface AgentLeave {
  type: "leave";
  v: 1;
  conversation: string;
}

/** Take a conversation from the queue. */
export interface AgentAccept {
  type: "accept";
  v: 1;
  id: string;
  conversation: string;
}

/** Accept an offer. */
export interface AgentTake {
  type: "take";
  v: 1;
  id: string;
  offer: string;
}

/** Turn an offer down; somebody else is asked. */
export interface AgentReject {
  type: "reject";
  v: 1;
  id: string;
  offer: string;
}

/** Ask an agent or a group to take over; the conversation stays here until they accept. */
export interface AgentTransfer {
  type: "transfer";
  v: 1;
  id: string;
  conversation: string;
  epoch: number;
  note: string;
  agent?: string;
  group?: string;
}

/** Take a transfer back that nobody has accepted yet. */
export interface AgentCancelTransfer {
  type: "cancel_transfer";
  v: 1;
  id: string;
  conversation: string;
}

/** Ask a colleague to join the conversation. */
export interface AgentInvite {
  type: "invite";
  v: 1;
  id: string;
  conversation: string;
  epoch: number;
  agent: string;
  note?: string;
}

/** Let a guest go; a guest names themselves to leave. */
export interface AgentDismiss {
  type: "dismiss";
  v: 1;
  id: string;
  conversation: string;
  agent: string;
}

/** Supervisors: a note that the owner sees at once. */
export interface AgentWhisper {
  type: "whisper";
  v: 1;
  id: string;
  conversation: string;
  text: string;
}

/** Supervisors: take a colleague's conversation. */
export interface AgentTakeOver {
  type: "take_over";
  v: 1;
  id: string;
  conversation: string;
  note?: string;
}

/** Open a ticket for work that outlasts the conversation. */
export interface AgentTicket {
  type: "ticket";
  v: 1;
  id: string;
  conversation: string;
  text: string;
}

/** A message to the player, under the epoch in which it was written. */
export interface AgentSend {
  type: "send";
  v: 1;
  id: string;
  conversation: string;
  epoch: number;
  text: string;
}

/** An internal note. */
export interface AgentNote {
  type: "note";
  v: 1;
  id: string;
  conversation: string;
  text: string;
}

/** Give the conversation back to the bot; the agent's slot is free after `wrap_up`. */
export interface AgentReturn {
  type: "return";
  v: 1;
  id: string;
  conversation: string;
  epoch: number;
  promise?: string;
}

/** Disposition of a returned conversation; frees the slot. */
export interface AgentWrapUp {
  type: "wrap_up";
  v: 1;
  id: string;
  conversation: string;
  disposition: DispositionName;
  comment?: string;
}

/** End the conversation with a disposition; the player is asked for a rating. */
export interface AgentClose {
  type: "close";
  v: 1;
  id: string;
  conversation: string;
  epoch: number;
  disposition: DispositionName;
  comment?: string;
}

/** The agent types; neither stored nor acknowledged. */
export interface AgentTyping {
  type: "typing";
  v: 1;
  conversation: string;
}

/** The owning agent has an open conversation in sight up to number `n`; not acknowledged. */
export interface AgentRead {
  type: "read";
  v: 1;
  conversation: string;
  n: number;
}

/** An agent's account, as the desk shows it. */
export interface Agent {
  id: string;
  name: string;
  display: string;
  role: "admin" | "agent" | "supervisor";
}

/** Answer to `hello`. */
export interface AgentWelcome {
  type: "welcome";
  v: 1;
  agent: Agent;
  status: AgentStatus;
  capacity: number;
  mine: string[];
}

/** The queue, in the order in which it is to be taken; sent on every change. */
export interface QueueList {
  type: "queue";
  v: 1;
  items: QueueItem[];
  total: number;
  agents_online: number;
}

/** This agent's pending offers, all of them; sent on every change. */
export interface OfferList {
  type: "offers";
  v: 1;
  items: OfferItem[];
  status: AgentStatus;
  capacity: number;
  load: number;
}

/** Snapshot of a conversation; sent on `open` and on every change of owner, epoch, episode or summary. */
export interface Conversation {
  type: "conversation";
  v: 1;
  conversation: string;
  player: Player;
  owner: OwnerName;
  epoch: number;
  last: number;
  agent?: string;
  agent_name?: string;
  episode?: Episode | null;
  mine?: boolean;
  guests?: Guest[];
  transfer?: string;
  idle?: boolean;
  promises?: string[];
  read?: number;
}

/** An internal note of an open conversation. */
export interface NoteFrame {
  type: "note";
  v: 1;
  conversation: string;
  note: Note;
}

export type PlayerFrame =
  | PlayerHello
  | PlayerPage
  | PlayerComplete
  | PlayerShown
  | PlayerSend
  | PlayerPick
  | PlayerImage
  | PlayerRead
  | PlayerHuman
  | PlayerCancelHuman
  | PlayerKeep
  | PlayerFeedback
  | PlayerTicket
  | PlayerRate
  | PlayerTyping
  | Ping;

export type ToPlayer =
  | PlayerWelcome
  | Suggestions
  | Completions
  | EntryFrame
  | Ack
  | Queue
  | Typing
  | Read
  | ErrorFrame
  | Pong;

export type AgentFrame =
  | AgentHello
  | AgentPresence
  | AgentOpen
  | AgentLeave
  | AgentAccept
  | AgentTake
  | AgentReject
  | AgentTransfer
  | AgentCancelTransfer
  | AgentInvite
  | AgentDismiss
  | AgentWhisper
  | AgentTakeOver
  | AgentTicket
  | AgentSend
  | AgentNote
  | AgentReturn
  | AgentWrapUp
  | AgentClose
  | AgentTyping
  | AgentRead
  | Ping;

export type ToAgent =
  | AgentWelcome
  | QueueList
  | OfferList
  | Conversation
  | EntryFrame
  | NoteFrame
  | Ack
  | Typing
  | Read
  | ErrorFrame
  | Pong;
