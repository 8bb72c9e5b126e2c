/** Tickets and follow-up tasks: their HTTP calls, and what can be done with one as it stands (handoff/tickets.py). */
import { call } from "./api";

export type TicketState = "open" | "in_progress" | "waiting_player" | "solved" | "closed";
export type TicketEvent = "take" | "ask" | "resume" | "solve" | "close" | "reopen" | "note";
export type FollowUpState = "received" | "analysing" | "resolved" | "called_back";
export type FollowUpEvent = "analyse" | "resolve" | "call_back";

export interface Change {
  at: number;
  by: string; // p:<player>, a:<agent>, system
  by_name?: string; // the agent's
  event: string;
  text: string;
}

export interface Ticket {
  number: string;
  state: TicketState;
  conversation: string;
  player: string;
  text: string;
  group: string;
  created_at: number;
  due_at: number;
  assignee: string;
  assignee_name?: string;
  version: number;
  history?: Change[]; // left out of lists
}

export interface FollowUp {
  id: string;
  episode: string;
  conversation: string;
  player: string;
  agent: string;
  agent_name?: string;
  weighted: number; // 0: not all dimensions were rated
  score: number;
  text: string;
  state: FollowUpState;
  by: string;
  by_name?: string;
  version: number;
  created_at: number;
  history?: Change[];
}

/** One step, told apart from its repeats by `id`. */
export interface Move {
  id: string;
  text: string;
  version: number;
}

export const TICKET_STATES: TicketState[] = ["open", "in_progress", "waiting_player", "solved", "closed"];

const part = encodeURIComponent;

export async function tickets(state: TicketState | "", mine: boolean): Promise<Ticket[]> {
  const query = new URLSearchParams({ ...(state && { state }), ...(mine && { mine: "1" }) }).toString();
  return (await call<{ items: Ticket[] }>(query ? `tickets?${query}` : "tickets")).items;
}

export async function ticket(number: string): Promise<Ticket> {
  return (await call<{ ticket: Ticket }>(`tickets/${part(number)}`)).ticket;
}

export async function moveTicket(number: string, event: TicketEvent, move: Move): Promise<void> {
  await call(`tickets/${part(number)}/${event}`, move);
}

export async function followUps(): Promise<FollowUp[]> {
  return (await call<{ items: FollowUp[] }>("follow_ups")).items;
}

export async function moveFollowUp(id: string, event: FollowUpEvent, move: Move): Promise<void> {
  await call(`follow_ups/${part(id)}/${event}`, move);
}

export function isFinished(state: TicketState): boolean {
  return state === "solved" || state === "closed";
}

/** What `me` can do with a ticket: work on a colleague's begins with taking it. */
export function ticketEvents(one: Ticket, me: string): TicketEvent[] {
  if (one.state === "solved") return ["close", "reopen", "note"];
  if (one.state === "closed") return ["reopen", "note"];
  if (one.state === "open") return ["take", ...(one.assignee && one.assignee !== me ? [] : (["close"] as const)), "note"];
  if (one.assignee !== me) return ["take", "note"];
  return one.state === "in_progress" ? ["ask", "solve", "close", "note"] : ["resume", "solve", "close", "note"];
}

export function followUpEvent(state: FollowUpState): FollowUpEvent | null {
  return ({ received: "analyse", analysing: "resolve", resolved: "call_back", called_back: null } as const)[state];
}

export type Words = "none" | "optional" | "required";

/** Whether a step needs words, and whether the player reads them. */
export function ticketWords(one: Ticket, event: TicketEvent): { words: Words; told: boolean } {
  const told = event === "ask" || event === "solve" || (event === "close" && !isFinished(one.state));
  if (event === "take" || event === "resume") return { words: "none", told };
  return { words: told || event === "note" ? "required" : "optional", told };
}

export function followUpWords(event: FollowUpEvent): Words {
  return event === "analyse" ? "optional" : "required";
}

/** Time to the deadline in milliseconds, negative when it has passed; null when there is none to keep any more. */
export function timeLeft(one: Ticket, now: number): number | null {
  if (!one.due_at || isFinished(one.state) || one.state === "waiting_player") return null;
  return one.due_at - now;
}
