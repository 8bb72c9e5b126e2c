/** The agent's side: log-in, the connection, the conversations that are followed, the commands on their way. */
import { throttle } from "../core/compose";
import { commandId } from "../core/ids";
import { Shelf, read, write } from "../core/keep";
import { Link, socketUrl } from "../core/link";
import { last } from "../core/log";
import { Outbox, type Pending } from "../core/outbox";
import { ReadMarks } from "../core/readMarks";
import { Store } from "../core/store";
import { clean, sendable } from "../core/text";
import type { Agent, AgentFrame, AgentStatus, AgentWelcome, DispositionName, ErrorFrame, OfferItem, ToAgent } from "../protocol";
import * as api from "./api";
import { answered, offered } from "./reservations";
import {
  followedAnew,
  holder,
  initialState,
  named,
  queued,
  withEntry,
  withNote,
  type Command,
  type DeskState,
  type Followed,
  type Tab,
} from "./state";
import { team } from "./team";
import { belongs, draftName, refusedCode } from "./teamwork";

const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 4000;
const TOAST_MS = 6000;

export class DeskSession {
  readonly store = new Store<DeskState>(initialState());
  #toastKey = 0;
  #typingTimers = new Map<string, ReturnType<typeof setTimeout>>();
  #readMarks = new ReadMarks((n, conversation) => this.#link.send({ type: "read", v: 1, conversation, n }));
  #outbox = new Outbox<Command>({
    transmit: (frame) => this.#link.send(frame),
    changed: (pending) => this.store.set({ pending }),
    keepFailed: (frame) => frame.type === "send" || frame.type === "note",
    stuck: () => this.#link.restart(),
  });
  #link = new Link<AgentFrame, ToAgent>({
    url: () => socketUrl(location.origin, "/ws/agent"),
    hello: async () => ({ type: "hello", v: 1 }),
    onFrame: (frame) => this.#receive(frame),
    onState: (link) => this.#linked(link),
  });

  /** Enters the desk if the browser still has a log-in. */
  async check(): Promise<void> {
    try {
      const agent = await api.whoAmI();
      if (agent) this.enter(agent);
      else this.store.set({ phase: "login" });
    } catch {
      this.store.set({ phase: "unreachable" });
      setTimeout(() => void this.check(), 3000);
    }
  }

  enter(agent: Agent): void {
    this.store.set({ phase: "in", agent });
    this.#outbox.use(new Shelf<Pending<Command>>(`desk-out:${agent.id}`), false);
    this.#link.start();
  }

  async leave(): Promise<void> {
    this.#link.stop();
    await api.logOut().catch(() => undefined);
    this.store.set({ ...initialState(), phase: "login" });
  }

  retry(): void {
    this.#link.retry();
  }

  /** Follows a conversation and puts it in the middle. */
  select(id: string): void {
    const left = this.store.state.selected;
    this.store.set({ selected: id, tab: "chats" });
    if (id && !this.store.state.followed[id]) this.#follow(id);
    if (left !== id) this.#drop(left);
    this.#see(id);
  }

  show(tab: Tab): void {
    this.store.set({ tab });
  }

  present(status: AgentStatus, capacity: number): void {
    this.store.set({ status, capacity, missed: 0 });
    this.#outbox.add({ type: "presence", v: 1, id: commandId(), status, capacity });
  }

  accept(conversation: string): void {
    this.select(conversation);
    this.#outbox.add({ type: "accept", v: 1, id: commandId(), conversation });
  }

  take(offer: OfferItem): void {
    this.select(offer.conversation);
    this.#outbox.add({ type: "take", v: 1, id: commandId(), offer: offer.id });
  }

  reject(offer: OfferItem): void {
    this.#outbox.add({ type: "reject", v: 1, id: commandId(), offer: offer.id });
  }

  /** What takes no more than a command. */
  do(command: Command): void {
    this.#outbox.add(command);
  }

  takeOver(conversation: string, note: string): void {
    this.select(conversation);
    this.#outbox.add({ type: "take_over", v: 1, id: commandId(), conversation, note: clean(note) });
  }

  send(conversation: Followed, text: string): boolean {
    if (!sendable(text)) return false;
    const epoch = conversation.snapshot?.epoch ?? 0;
    this.#outbox.add({ type: "send", v: 1, id: commandId(), conversation: conversation.id, epoch, text: clean(text) });
    return true;
  }

  /** The end of a conversation is before the agent's eyes. */
  read({ id, log }: Followed): void {
    if (last(log) > 0) this.#readMarks.reached(id, last(log));
  }

  note(conversation: string, text: string): boolean {
    if (!sendable(text)) return false;
    this.#outbox.add({ type: "note", v: 1, id: commandId(), conversation, text: clean(text) });
    return true;
  }

  giveBack(conversation: Followed, promise: string): void {
    const epoch = conversation.snapshot?.epoch ?? 0;
    const words = promise.trim() && { promise: clean(promise) };
    this.#outbox.add({ type: "return", v: 1, id: commandId(), conversation: conversation.id, epoch, ...words });
  }

  close(conversation: Followed, disposition: DispositionName, comment: string): void {
    const epoch = conversation.snapshot?.epoch ?? 0;
    const words = comment.trim() && { comment: clean(comment) };
    this.#outbox.add({ type: "close", v: 1, id: commandId(), conversation: conversation.id, epoch, disposition, ...words });
  }

  wrapUp(conversation: string, disposition: DispositionName, comment: string): void {
    const words = comment.trim() && { comment: clean(comment) };
    this.#outbox.add({ type: "wrap_up", v: 1, id: commandId(), conversation, disposition, ...words });
  }

  /** A refused message once more, under the conversation's present epoch. */
  retrySending(id: string): void {
    this.#outbox.retry(id, (frame) =>
      frame.type === "send"
        ? { ...frame, epoch: this.store.state.followed[frame.conversation]?.snapshot?.epoch ?? frame.epoch }
        : frame,
    );
  }

  remove(id: string): void {
    this.#outbox.drop(id);
  }

  readonly typing = throttle(TYPING_EVERY_MS, () => {
    this.#link.send({ type: "typing", v: 1, conversation: this.store.state.selected });
  });

  /** Words that were begun: `name` is a conversation, or what `draftOf` makes of it. */
  draft(name: string): string {
    return read<string>(`desk-draft:${name}`) ?? "";
  }

  keepDraft(name: string, text: string): void {
    write(`desk-draft:${name}`, text);
  }

  dismiss(key: number): void {
    this.store.set({ toasts: this.store.state.toasts.filter((toast) => toast.key !== key) });
  }

  /** The agent looks at the selected conversation again. */
  look(): void {
    this.#see(this.store.state.selected);
  }

  #linked(link: DeskState["link"]): void {
    this.store.set({ link });
    if (link.kind !== "online") this.#outbox.suspend();
    if (link.kind !== "refused" || link.why !== "token") return;
    this.#link.stop();
    this.store.set({ ...initialState(), phase: "login" });
  }

  #receive(frame: ToAgent): void {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "queue":
        return this.store.set(queued(frame));
      case "offers":
        return this.store.set(offered(this.store.state, frame, Date.now() + this.store.state.skew));
      case "conversation":
        this.#update(frame.conversation, (one) => ({ ...one, snapshot: frame }));
        return this.#drop(frame.conversation);
      case "entry":
        this.#update(frame.conversation, (one) => withEntry(one, frame.entry));
        if (frame.entry.sender === "agent" && frame.entry.id) this.#outbox.arrived(frame.entry.id);
        return this.#see(frame.conversation);
      case "note":
        this.#update(frame.conversation, (one) => withNote(one, frame.note));
        if (frame.note.id) this.#outbox.arrived(frame.note.id);
        return;
      case "ack":
        this.#stored(frame.id);
        return this.#outbox.acked(frame.id, this.#isAhead(frame.id, frame.n) ? frame.n : 0);
      case "typing":
        return this.#playerTypes(frame.conversation ?? "");
      case "error":
        return this.#refused(frame);
      case "pong":
        return this.store.set({ skew: frame.at - Date.now() });
    }
  }

  #welcome(frame: AgentWelcome): void {
    const { followed, selected } = this.store.state;
    const wanted = new Set([...frame.mine, ...(selected ? [selected] : [])]);
    const kept = Object.fromEntries(Object.entries(followed).filter(([id]) => wanted.has(id)));
    this.store.set({ agent: frame.agent, status: frame.status, capacity: frame.capacity, followed: kept });
    const choice = this.store.state.pending.findLast(({ frame: one }) => one.type === "presence")?.frame;
    if (choice?.type === "presence") this.store.set({ status: choice.status, capacity: choice.capacity });
    for (const id of wanted) this.#follow(id);
    this.#outbox.resume();
    void team().then(
      (found) => this.store.set({ names: named(found) }),
      () => undefined, // ids are shown until the next connection
    );
  }

  /** A command was stored: its words need not be kept, an offer that it answers is gone. */
  #stored(id: string): void {
    const command = this.store.state.pending.find((item) => item.frame.id === id)?.frame;
    if (!command) return;
    const draft = draftName(command);
    if (draft) this.keepDraft(draft, "");
    if (command.type === "take" || command.type === "reject") this.store.set(answered(this.store.state, command.offer));
  }

  #follow(id: string): void {
    const one = this.store.state.followed[id] ?? followedAnew(id);
    this.store.set({ followed: { ...this.store.state.followed, [id]: one } });
    this.#link.send({ type: "open", v: 1, conversation: id, last: last(one.log), last_note: one.notes.length });
  }

  #update(id: string, change: (one: Followed) => Followed | "gap"): void {
    const one = this.store.state.followed[id];
    if (!one) return;
    const next = change(one);
    if (next === "gap") this.#follow(id);
    else this.store.set({ followed: { ...this.store.state.followed, [id]: next } });
  }

  /** Stops following what the agent neither works on nor has in the middle. */
  #drop(id: string): void {
    const { agent, followed, selected } = this.store.state;
    const one = followed[id];
    if (!one || id === selected || belongs(one, agent?.id ?? "")) return;
    const { [id]: _dropped, ...rest } = followed;
    this.store.set({ followed: rest });
    this.#link.send({ type: "leave", v: 1, conversation: id });
  }

  #see(id: string): void {
    if (!id || id !== this.store.state.selected || document.visibilityState === "hidden") return;
    const one = this.store.state.followed[id];
    if (one && one.seen < last(one.log)) this.#update(id, (same) => ({ ...same, seen: last(same.log) }));
  }

  /** Whether the entry or note that an acknowledgement speaks of has not arrived yet. */
  #isAhead(id: string, n: number): boolean {
    const frame = this.store.state.pending.find((item) => item.frame.id === id)?.frame;
    if (!frame || n === 0) return false;
    if (frame.type === "send") return n > last(this.store.state.followed[frame.conversation]?.log ?? { conversation: "", entries: [] });
    if (frame.type === "note") return n > (this.store.state.followed[frame.conversation]?.notes.length ?? 0);
    return false;
  }

  #playerTypes(id: string): void {
    this.#update(id, (one) => ({ ...one, typing: true }));
    clearTimeout(this.#typingTimers.get(id));
    const timer = setTimeout(() => this.#update(id, (one) => ({ ...one, typing: false })), TYPING_SHOWN_MS);
    this.#typingTimers.set(id, timer);
  }

  #refused(frame: ErrorFrame): void {
    const command = this.store.state.pending.find((item) => item.frame.id === frame.id)?.frame;
    if (!command) return this.#gone(frame);
    const id = "conversation" in command ? command.conversation : this.#offerOf(command);
    if (!this.#outbox.refused(command.id, frame.code, frame.data)) return;
    const conversation = this.store.state.followed[id];
    if (conversation) this.#follow(id); // its snapshot is out of date
    const seen = id === this.store.state.selected && this.#outbox.items.some((item) => item.frame.id === command.id);
    if (!seen) this.#toast(refusedCode(command, frame.code), holder(frame.data, conversation));
  }

  /** The conversation of the offer that a command answers. */
  #offerOf(command: Command): string {
    return "offer" in command ? (this.store.state.offers.find((one) => one.id === command.offer)?.conversation ?? "") : "";
  }

  /** A conversation that was to be followed is no longer there. */
  #gone(frame: ErrorFrame): void {
    const id = String(frame.data?.["conversation"] ?? "");
    if (frame.code !== "unknown_conversation" || !this.store.state.followed[id]) return;
    const { [id]: _gone, ...followed } = this.store.state.followed;
    const { selected } = this.store.state;
    this.store.set({ followed, selected: selected === id ? "" : selected });
    this.#toast(frame.code, "");
  }

  #toast(code: string, who: string): void {
    const key = ++this.#toastKey;
    this.store.set({ toasts: [...this.store.state.toasts, { key, code, who }] });
    setTimeout(() => this.dismiss(key), TOAST_MS);
  }
}
