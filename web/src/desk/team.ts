/** Colleagues, skill groups and the supervisors' board: their HTTP calls and what is derived from them. */
import type { Agent, AgentStatus, OwnerName } from "../protocol";
import { call } from "./api";

const SLOT = 100; // units of a conversation

export interface Colleague {
  id: string;
  display: string;
  role: Agent["role"];
  status: AgentStatus;
  capacity: number; // conversations
  load: number; // units
  skills: Record<string, number>; // group -> 1..5
  me: boolean;
}

export interface Group {
  id: string;
  name: string;
}

export interface Team {
  agents: Colleague[];
  groups: Group[];
}

export interface BoardConversation {
  conversation: string;
  player: string;
  name: string;
  vip: number;
  owner: OwnerName;
  agent: string;
  agent_name: string;
  group: string;
  tier: number;
  urgency: number;
  since: number;
  responded_at: number;
  late: string[];
  idle: boolean;
  last_at: number;
}

export interface BoardAlert {
  id: string;
  at: number;
  code: string;
  conversation: string;
  agent: string;
}

export interface BoardGroup extends Group {
  waiting: number;
  oldest_ms: number;
  online: number;
  slots_free: number; // conversations
  p50_s: number; // 0: not known
  p90_s: number;
}

export interface Board {
  conversations: BoardConversation[];
  alerts: BoardAlert[];
  groups: BoardGroup[];
  waits: { count: number; within_p90: number };
  agents: Colleague[];
}

/** Shares are 0..1; a figure of nothing is null. */
export interface Outcomes {
  count: number;
  wait_p50_s: number | null;
  wait_p90_s: number | null;
  responded_in_time: number | null;
  missed_offers: number;
  reask_rate: number | null;
  reopened: number | null;
  weighted: number | null;
  late: Record<string, number>;
}

export const team = (): Promise<Team> => call<Team>("team");
export const board = (): Promise<Board> => call<Board>("board");
export const outcomes = (hours: number): Promise<Outcomes> => call<Outcomes>(`outcomes?hours=${hours}`);

/** How many more conversations a colleague takes now. */
export function freeSlots(one: Colleague): number {
  return one.status === "online" ? Math.max(0, Math.floor((one.capacity * SLOT - one.load) / SLOT)) : 0;
}

/** Those who could be asked, whoever is free and knows the matter best first. */
export function askable(agents: readonly Colleague[], group: string, without: readonly string[]): Colleague[] {
  return agents
    .filter((one) => !one.me && !without.includes(one.id))
    .sort((a, b) => freeSlots(b) - freeSlots(a) || skill(b, group) - skill(a, group) || a.display.localeCompare(b.display));
}

export function skill(one: Colleague, group: string): number {
  return one.skills[group] ?? 0;
}

/** How many online agents know a group's matters. */
export function onlineIn(agents: readonly Colleague[], group: string): number {
  return agents.filter((one) => !one.me && one.status === "online" && skill(one, group) > 0).length;
}
