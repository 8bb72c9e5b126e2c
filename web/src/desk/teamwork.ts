/** Who works on a conversation, and what colleagues say to each other about it. Pure. */
import type { Agent, Note } from "../protocol";
import type { Command, Followed } from "./state";

export function isGuest(one: Followed, me: string): boolean {
  return one.snapshot?.guests?.some((guest) => guest.id === me) ?? false;
}

/** The agent's own, or one they help with. */
export function belongs(one: Followed, me: string): boolean {
  return one.snapshot?.mine === true || isGuest(one, me);
}

/** Owner and guests write to the player. */
export function mayWrite(one: Followed, me: string): boolean {
  return one.snapshot?.owner === "agent" && belongs(one, me);
}

export function supervises(agent: Agent | null): boolean {
  return agent?.role === "supervisor" || agent?.role === "admin";
}

/** Whispers of the present episode, after note `read`. */
export function whispers(one: Followed, read: number): Note[] {
  const since = one.snapshot?.episode?.requested_at ?? 0;
  return one.notes.filter((note) => note.kind === "whisper" && note.n > read && note.at >= since);
}

/** Whether a supervisor has whispered since an agent last wrote to the player. */
export function whispersWait(one: Followed): boolean {
  const spoken = one.log.entries.findLast((entry) => entry.sender === "agent")?.at ?? 0;
  return whispers(one, 0).some((note) => note.at > spoken);
}

/** The name under which the words of a command are kept until it is acknowledged; "" when it has none to keep. */
export function draftName(frame: Command): string {
  switch (frame.type) {
    case "transfer":
    case "invite":
    case "whisper":
    case "take_over":
    case "ticket":
    case "return":
      return draftOf(frame.type, frame.conversation);
    default:
      return "";
  }
}

/** What a refusal is about: of a colleague who was asked, or of the agent's own place. */
export function refusedCode(command: Command, code: string): string {
  const asked = command.type === "transfer" || command.type === "invite";
  return asked && (code === "agent_unavailable" || code === "capacity_full") ? `colleague_${code}` : code;
}

export type Worded = "transfer" | "invite" | "whisper" | "take_over" | "ticket" | "return";

export function draftOf(what: Worded, conversation: string): string {
  return `${what}:${conversation}`;
}
