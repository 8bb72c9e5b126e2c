/** The desk's HTTP calls. */
import type { Agent, Entry, Episode, Note, Player } from "../protocol";

export interface Canned {
  id: string;
  title: string;
  text: string;
}

export interface PastConversation {
  conversation: string;
  opened_at: number;
  closed_at: number;
  last: number;
  live: boolean;
  preview: string;
  episodes: Episode[];
}

export interface Transcript {
  conversation: string;
  player: Player;
  entries: Entry[];
  notes: Note[];
  episodes: Episode[];
}

/** An answer other than 2xx; `code` is the server's, "" when it gave none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly data: Record<string, unknown>,
  ) {
    super(`${status} ${code}`);
  }
}

/** A route under /api/desk; with a body it is posted. */
export async function call<T>(path: string, body?: object): Promise<T> {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`/api/desk/${path}`, body ? post : {});
  const answer: unknown = await response.json().catch(() => ({}));
  if (response.ok) return answer as T;
  const { code = "", data = {} } = answer as { code?: string; data?: Record<string, unknown> };
  throw new ApiError(response.status, code, data);
}

export async function whoAmI(): Promise<Agent | null> {
  try {
    return (await call<{ agent: Agent }>("me")).agent;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export async function logIn(name: string, password: string): Promise<Agent> {
  return (await call<{ agent: Agent }>("login", { name, password })).agent;
}

export async function logOut(): Promise<void> {
  await call("logout", {});
}

export async function cannedReplies(): Promise<Canned[]> {
  return (await call<{ items: Canned[] }>("canned")).items;
}

export async function conversationsOf(player: string): Promise<PastConversation[]> {
  return (await call<{ items: PastConversation[] }>(`players/${encodeURIComponent(player)}/conversations`)).items;
}

export async function transcript(conversation: string): Promise<Transcript> {
  return call<Transcript>(`conversations/${encodeURIComponent(conversation)}`);
}
