/** The player's side of a conversation: the connection, the log, the commands on their way, what the browser keeps. */
import { commandId } from "../core/ids";
import { Shelf, read, write } from "../core/keep";
import { Link, socketUrl } from "../core/link";
import { last } from "../core/log";
import { Outbox, type Pending } from "../core/outbox";
import { ReadMarks } from "../core/readMarks";
import { Store } from "../core/store";
import { clean, sendable } from "../core/text";
import { throttle } from "../core/compose";
import type {
  Ack,
  Chip,
  EntryFrame,
  ErrorFrame,
  Place,
  PlayerFrame,
  PlayerWelcome,
  RatingName,
  Suggestions,
  ToPlayer,
} from "../protocol";
import { Completer } from "./completion";
import { initialState, received, suggested, welcomed, type ChatState, type Command } from "./state";
import { cardMark } from "./suggestions";
import type { TokenSource } from "./token";
import { Told } from "./told";
import { TokenKeeper } from "./tokenKeeper";
import { post, Uploader } from "./upload";

export interface SessionOptions {
  server: string;
  source: TokenSource;
  scope: string; // the player as far as the page knows before there is a token
  needToken(): void; // tells the page that a (fresh) token is wanted
}

const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 4000;
const NOTICE_MS = 4000;
const CLOSE_TOO_LARGE = 1009;

export class Session {
  readonly store = new Store<ChatState>(initialState());
  readonly server: string;
  readonly completer = new Completer((seq, prefix) => this.#complete(seq, prefix));
  readonly uploader = new Uploader({
    post: (body, progress) => post(this.server, (refused) => this.#token(refused), body, progress),
    taken: (image) => this.image(image.id),
  });
  #readMarks = new ReadMarks((n) => this.#link.send({ type: "read", v: 1, n }));
  #told = new Told((frame) => this.#link.send(frame));
  #scope = "";
  #tokens: TokenKeeper;
  #looking = false;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #link: Link<PlayerFrame, ToPlayer>;
  #outbox: Outbox<Command>;

  constructor(options: SessionOptions) {
    this.server = options.server;
    this.#tokens = new TokenKeeper(options.source, options.needToken);
    this.#outbox = new Outbox<Command>({
      transmit: (frame) => this.#link.send(frame),
      changed: (pending) => this.store.set({ pending }),
      keepFailed: (frame) => frame.type === "send" || frame.type === "image",
      stuck: () => this.#link.restart(),
    });
    this.#link = new Link<PlayerFrame, ToPlayer>({
      url: () => socketUrl(options.server, "/ws/player"),
      hello: (fresh) => this.#hello(fresh),
      onFrame: (frame) => this.#receive(frame),
      onState: (link) => this.#linked(link),
      onClose: (code) => code === CLOSE_TOO_LARGE && this.#outbox.failInFlight("too_large"),
    });
    if (options.scope) this.#use(options.scope);
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
  }

  retry(): void {
    this.#link.retry();
  }

  /** The page's own token, instead of an address to fetch one from. */
  setToken(token: string): void {
    this.#tokens.set(token);
    const { kind } = this.store.state.link;
    if (kind === "refused" || kind === "waiting") this.#link.retry();
  }

  /** Whether an earlier visit left a conversation, so that there may be news. */
  get known(): boolean {
    return this.#scope !== "" && (read<boolean>(`talked:${this.#scope}`) ?? false);
  }

  send(text: string): boolean {
    if (!sendable(text)) return false;
    this.#add({ type: "send", v: 1, id: commandId(), text: clean(text) });
    return true;
  }

  /** `typed`: what was in the field when a completion was picked. */
  pick(chip: Pick<Chip, "id" | "text">, place: Place, typed = ""): void {
    const command: Command = { type: "pick", v: 1, id: commandId(), chip: chip.id, place };
    if (typed) command.typed = clean(typed);
    this.#add(command, chip.text);
  }

  /** A picture that the server has taken in. */
  image(image: string): void {
    this.#add({ type: "image", v: 1, id: commandId(), image });
  }

  /** Suggestions, by their ids, are before the player's eyes. */
  shown(place: Place, chips: readonly string[]): void {
    this.#told.shown(place, chips);
  }

  /** The big card is not what the player wants; it does not come back. */
  dismissCard(): void {
    const { card } = this.store.state;
    if (card) write(`notcard:${this.#scope}`, cardMark(card));
    this.store.set({ card: null });
  }

  get page(): string {
    return this.#told.page;
  }

  /** Where in the game the player is; fitting suggestions come. Returns false for a name that is none. */
  setPage(name: string): boolean {
    return this.#told.setPage(name);
  }

  /** The end of the log is before the player's eyes. */
  read(): void {
    const { log } = this.store.state;
    if (last(log) > 0) this.#readMarks.reached(log.conversation, last(log));
  }

  human(): void {
    this.#add({ type: "human", v: 1, id: commandId() });
  }

  cancelHuman(): void {
    this.#add({ type: "cancel_human", v: 1, id: commandId() });
  }

  /** The player goes to play; they are called at their turn. */
  keep(): void {
    this.#add({ type: "keep", v: 1, id: commandId() });
  }

  feedback(entry: number, helpful: boolean): void {
    this.#add({ type: "feedback", v: 1, id: commandId(), entry, helpful });
  }

  ticket(text: string): boolean {
    if (!sendable(text)) return false;
    this.#add({ type: "ticket", v: 1, id: commandId(), text: clean(text) });
    return true;
  }

  /** 1 to 5 stars, over all and in any of the five dimensions. */
  rate(score: number, text: string, ratings: Partial<Record<RatingName, number>>): void {
    const command: Command = { type: "rate", v: 1, id: commandId(), episode: this.store.state.rate, score };
    if (text.trim()) command.text = clean(text);
    if (Object.keys(ratings).length > 0) command.ratings = { ...ratings };
    this.#add(command);
    this.store.set({ rate: "" });
  }

  skipRating(): void {
    write(`skipped:${this.#scope}`, this.store.state.rate);
    this.store.set({ rate: "" });
  }

  retrySending(id: string): void {
    this.#outbox.retry(id);
  }

  remove(id: string): void {
    this.#outbox.drop(id);
  }

  readonly typing = throttle(TYPING_EVERY_MS, () => this.#link.send({ type: "typing", v: 1 }));

  get draft(): string {
    return read<string>(`draft:${this.#scope}`) ?? "";
  }

  set draft(text: string) {
    write(`draft:${this.#scope}`, text);
  }

  /** The player looks at the log (or no longer does). */
  look(looking: boolean): void {
    this.#looking = looking;
    if (looking) this.#see();
  }

  #add(command: Command, label?: string): void {
    this.#outbox.add(command, label);
    if (this.#scope) write(`talked:${this.#scope}`, true);
  }

  async #hello(fresh: boolean): Promise<PlayerFrame> {
    const { log } = this.store.state;
    const { token, player } = await this.#tokens.fresh(fresh);
    if (player) this.#use(player);
    return { type: "hello", v: 1, token, conversation: log.conversation, last: last(log), ...this.#told.greeting() };
  }

  async #token(refused: boolean): Promise<string> {
    return (await this.#tokens.fresh(refused)).token;
  }

  /** What the browser keeps is kept for each player apart. */
  #use(player: string): void {
    if (player === this.#scope) return;
    const nameless = this.#scope === "";
    if (!nameless) {
      this.store.set({ ...initialState(), link: this.store.state.link });
      this.uploader.clear();
    }
    this.#scope = player;
    this.#outbox.use(new Shelf<Pending<Command>>(`out:${player}`), nameless);
  }

  #linked(link: ChatState["link"]): void {
    this.store.set({ link });
    if (link.kind === "online") return;
    this.#outbox.suspend();
    this.completer.suspend();
  }

  #complete(seq: number, prefix: string): boolean {
    return this.store.state.owner !== "agent" && this.#link.send({ type: "complete", v: 1, seq, prefix });
  }

  #receive(frame: ToPlayer): void {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "entry":
        return this.#entry(frame);
      case "suggestions":
        return this.#suggested(frame);
      case "completions":
        return this.completer.answered(frame);
      case "read":
        return this.store.set({ read: Math.max(frame.n, this.store.state.read) });
      case "ack":
        return this.#outbox.acked(frame.id, this.#isAhead(frame) ? frame.n : 0);
      case "queue":
        return this.store.set({
          queue: frame.position > 0 || this.store.state.owner === "queue" ? frame : null,
          agentsOnline: frame.agents_online ?? 0,
        });
      case "typing":
        return this.#othersTyping(frame.sender);
      case "error":
        return this.#refused(frame);
      case "pong":
        return this.store.set({ skew: frame.at - Date.now() });
    }
  }

  /** A refused message says so itself; of anything else the player is told for a moment. */
  #refused(frame: ErrorFrame): void {
    const final = frame.id !== undefined && this.#outbox.refused(frame.id, frame.code, frame.data);
    if (final && !this.#outbox.items.some((item) => item.frame.id === frame.id)) this.#notice(frame.code);
  }

  /** Whether the entry that an acknowledgement speaks of has not arrived yet. */
  #isAhead(ack: Ack): boolean {
    const { log } = this.store.state;
    const elsewhere = ack.conversation !== undefined && ack.conversation !== log.conversation;
    return ack.n > 0 && (elsewhere || ack.n > last(log));
  }

  #welcome(frame: PlayerWelcome): void {
    this.#use(frame.player.id);
    const change = welcomed(this.store.state, frame);
    if (change.rate && change.rate === read<string>(`skipped:${this.#scope}`)) change.rate = "";
    change.card = this.#wantedCard(change.card);
    if (this.store.state.log.conversation !== frame.conversation) this.#outbox.forgetAcked();
    const seen = read<{ conversation: string; n: number }>(`seen:${this.#scope}`);
    if (seen?.conversation === frame.conversation) change.seen = Math.max(seen.n, change.seen ?? 0);
    this.store.set(change);
    this.#told.catchUp();
    this.#outbox.resume();
  }

  #suggested(frame: Suggestions): void {
    const change = suggested(this.store.state, frame);
    this.store.set({ ...change, card: this.#wantedCard(change.card) });
  }

  #wantedCard(card: Chip | null = null): Chip | null {
    return card && cardMark(card) !== read<string>(`notcard:${this.#scope}`) ? card : null;
  }

  #entry(frame: EntryFrame): void {
    const change = received(this.store.state, frame);
    if (change === "gap") return this.#link.restart();
    this.store.set(change);
    if (frame.entry.sender === "player" && frame.entry.id) this.#outbox.arrived(frame.entry.id);
    this.#outbox.reached(frame.entry.n);
    if (this.#looking) this.#see();
  }

  #see(): void {
    const { log, seen } = this.store.state;
    if (last(log) <= seen) return;
    this.store.set({ seen: last(log) });
    write(`seen:${this.#scope}`, { conversation: log.conversation, n: last(log) });
  }

  #othersTyping(sender: "player" | "bot" | "agent" | "system"): void {
    if (sender === "player") return;
    this.store.set({ typing: { sender, until: Date.now() + TYPING_SHOWN_MS } });
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.store.set({ typing: null }), TYPING_SHOWN_MS);
  }

  #notice(code: string): void {
    this.store.set({ notice: code });
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => this.store.set({ notice: "" }), NOTICE_MS);
  }
}
