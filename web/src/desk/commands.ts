/** The commands that colleagues work together with, each with an id of its own. */
import { commandId } from "../core/ids";
import { clean } from "../core/text";
import type { AgentCancelTransfer, AgentDismiss, AgentInvite, AgentTicket, AgentTransfer, AgentWhisper } from "../protocol";
import type { Followed } from "./state";

export type Target = { agent: string } | { group: string };

function command<T extends string>(type: T, conversation: string): { type: T; v: 1; id: string; conversation: string } {
  return { type, v: 1, id: commandId(), conversation };
}

function epochOf(one: Followed): number {
  return one.snapshot?.epoch ?? 0;
}

/** Asks an agent or a group to take over. */
export function transfer(one: Followed, to: Target, note: string): AgentTransfer {
  return { ...command("transfer", one.id), epoch: epochOf(one), note: clean(note), ...to };
}

export function cancelTransfer(one: Followed): AgentCancelTransfer {
  return command("cancel_transfer", one.id);
}

/** Asks a colleague to help. */
export function invite(one: Followed, agent: string, note: string): AgentInvite {
  return { ...command("invite", one.id), epoch: epochOf(one), agent, note: clean(note) };
}

/** Lets a guest go; a guest names themselves. */
export function letGo(one: Followed, agent: string): AgentDismiss {
  return { ...command("dismiss", one.id), agent };
}

export function whisper(conversation: string, text: string): AgentWhisper {
  return { ...command("whisper", conversation), text: clean(text) };
}

export function openTicket(one: Followed, text: string): AgentTicket {
  return { ...command("ticket", one.id), text: clean(text) };
}
