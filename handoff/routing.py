"""Decides who is offered what, so that the right person has it in time and no request holds up those behind it.

Terms follow Amazon Connect (routing criteria that relax in steps) and Twilio TaskRouter (a reservation for a worker).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from typing import NamedTuple

from handoff.engine import AgentNow, OfferKind, Waiting
from handoff.hours import is_open
from handoff.policy import CHAT, Group, Overflow, Policy, Step

ONLINE = "online"
FULL_SLOT = 100  # units of a conversation when the policy names none


@dataclass(frozen=True)
class Plan:
    """What to do now. It rests on a snapshot: each part is checked again when it is carried out."""

    offers: list[tuple[Waiting, str]]  # what is offered to which agent, in the order of the queue
    calls: list[str]  # conversations whose absent player is called: it is their turn
    moves: list[tuple[str, Overflow]]  # conversations that their group can't take
    room: int = 0  # slots that are still free after it
    examined: int = 0  # how many times an agent was looked at, for the metrics


class Need(NamedTuple):
    """What an item asks of an agent now; items with the same need share one heap of candidates."""

    group: str
    skill: int  # 0: every agent
    language: str
    strict: bool  # the language is required, not only preferred


def step_of(group: Group, waited_ms: int) -> Step:
    """The last step whose time has passed; the first one before that (or when the clock went back)."""
    step = group.steps[0]
    for later in group.steps[1:]:
        if later.after * 1000 > waited_ms:
            break
        step = later
    return step


def need_of(item: Waiting, policy: Policy, now_ms: int) -> Need:
    """What the item asks of an agent at `now_ms`; the last step of its group turns the language into a preference."""
    group = policy.group(item.group)
    step = step_of(group, now_ms - item.requested_at)
    return Need(group.id, step.skill, item.language, strict=step is not group.steps[-1])


def qualifies(agent: AgentNow, need: Need) -> bool:
    """Whether the agent may have such items at all; status and load are not looked at."""
    skilled = agent.profile.skills.get(need.group, 0) >= need.skill
    return skilled and (not need.strict or need.language in agent.profile.languages)


def plan(waiting: Sequence[Waiting], agents: Sequence[AgentNow], policy: Policy, now_ms: int) -> Plan:
    """What to do with everything that waits, in the order of (key, conversation).

    Costs O(n log n) in the items for sorting, one look-up an item, and O(log agents) an offer: it stops looking at items
    when nobody has room any more, and at a need when nobody free meets it.
    """
    order = sorted(waiting, key=lambda item: (item.key, item.conversation))
    moves = _closed(order, policy, now_ms)
    moved = {conversation for conversation, _ in moves}
    staying = [item for item in order if item.conversation not in moved] if moved else order
    routing = _Routing(agents, policy, now_ms)
    routing.run(staying)
    offered = {item.conversation for item, _ in routing.offers}
    moves += _overfull((item for item in staying if item.conversation not in offered), policy)
    return Plan(routing.offers, routing.calls, moves, routing.room, routing.examined)


def _closed(items: Iterable[Waiting], policy: Policy, now_ms: int) -> list[tuple[str, Overflow]]:
    closed: dict[str, bool] = {}
    moves = []
    for item in items:
        group = policy.group(item.group)
        if group.id not in closed:
            closed[group.id] = group.closed.kind != "wait" and not is_open(group, now_ms, policy.zone)
        if closed[group.id] and item.kind is OfferKind.QUEUE:  # a transfer has an owner who goes on with it
            moves.append((item.conversation, group.closed))
    return moves


def _overfull(items: Iterable[Waiting], policy: Policy) -> list[tuple[str, Overflow]]:
    """Those beyond `most` in their group; whoever is offered to somebody now doesn't count."""
    limited = {id for id, group in policy.groups.items() if group.most and group.full.kind != "wait"}
    if not limited:
        return []
    waits: Counter[str] = Counter()
    moves = []
    for item in items:
        group = policy.group(item.group)
        if group.id not in limited or item.kind is not OfferKind.QUEUE:
            continue
        waits[group.id] += 1
        if waits[group.id] > group.most:
            moves.append((item.conversation, group.full))
    return moves


class _Routing:
    """One run over the items."""

    def __init__(self, agents: Sequence[AgentNow], policy: Policy, now_ms: int) -> None:
        self.offers: list[tuple[Waiting, str]] = []
        self.calls: list[str] = []
        self._policy = policy
        self._now = now_ms
        self._staff = _Staff([agent for agent in agents if agent.status == ONLINE])
        unit = policy.units.get(CHAT, FULL_SLOT)
        self._room = _Room(self._staff.online, unit)
        # A call doesn't keep a slot from the players who are here, but there are never more calls than slots.
        self._uncalled = _Room(self._staff.online, unit)

    @property
    def examined(self) -> int:
        return self._staff.examined + self._room.examined + self._uncalled.examined

    @property
    def room(self) -> int:
        return self._room.slots

    def run(self, items: Iterable[Waiting]) -> None:
        for item in items:
            if not self._room.slots:
                return
            if item.present or item.kind is OfferKind.TRANSFER:
                self._offer(item)
            elif not item.called_at or self._now - item.called_at < self._policy.times.call * 1000:
                self._call(item)

    def _offer(self, item: Waiting) -> None:
        if agent := self._choose(item, self._room):
            self._room.give(agent)
            self._uncalled.give(agent)
            self.offers.append((item, agent))

    def _call(self, item: Waiting) -> None:
        """Call the player, or count the call that is under way."""
        if agent := self._choose(item, self._uncalled):
            self._uncalled.give(agent)
            if not item.called_at:
                self.calls.append(item.conversation)

    def _choose(self, item: Waiting, room: _Room) -> str:
        """The agent who should have it, "" when it has to wait."""
        need = need_of(item, self._policy, self._now)
        refused = {*item.declined, item.owner} - {""}
        own = [
            id for id in self._staff.own.get(item.player, ()) if id not in refused and self._staff.qualified(id, need)
        ]
        for id in own:
            if room.has(id):
                return id
        if own and self._held(item):
            return ""
        last = item.last_agent
        if last and last not in refused and room.has(last) and self._staff.qualified(last, need):
            return last
        return room.best(need, refused) or self._again(item, need, room)

    def _held(self, item: Waiting) -> bool:
        """Whether it is still in the first of several steps, in which it waits for the player's own agent."""
        steps = self._policy.group(item.group).steps
        return len(steps) > 1 and self._now - item.requested_at < steps[1].after * 1000

    def _again(self, item: Waiting, need: Need, room: _Room) -> str:
        """Somebody who declined it, longest ago first.

        The last who did is asked again only when nobody else is there to become free, and after as long as an offer
        stands: otherwise the only agent would be asked for ever while they say no.
        """
        rested = self._now - item.declined_at >= self._policy.times.accept * 1000
        for id in reversed(dict.fromkeys(reversed(item.declined))):  # each at their last refusal
            if id == item.owner or not room.has(id) or not self._staff.qualified(id, need):
                continue
            if id != item.declined[-1] or (rested and not self._staff.others(need, {id, item.owner})):
                return id
        return ""


class _Staff:
    """Who is online, full or not."""

    def __init__(self, online: Sequence[AgentNow]) -> None:
        self.online = online
        self.examined = 0
        self.own: dict[str, list[str]] = {}  # player -> their own agents, least id first
        self._by_id = {agent.id: agent for agent in online}
        self._counts: dict[Need, int] = {}
        for agent in sorted(online, key=lambda agent: agent.id):
            for player in agent.profile.players:
                self.own.setdefault(player, []).append(agent.id)

    def qualified(self, id: str, need: Need) -> bool:
        """Whether this agent is online and may have it."""
        self.examined += 1
        agent = self._by_id.get(id)
        return agent is not None and qualifies(agent, need)

    def others(self, need: Need, but: Collection[str]) -> bool:
        """Whether somebody else is online who may have it, even if full now."""
        if need not in self._counts:
            self.examined += len(self.online)
            self._counts[need] = sum(qualifies(agent, need) for agent in self.online)
        return self._counts[need] > sum(self.qualified(id, need) for id in but)


class _Candidate(NamedTuple):
    """An agent in a heap; the least is the best."""

    foreign: bool  # doesn't speak the language
    share: float  # load / capacity
    unskilled: int  # the proficiency, negative
    free_since: int
    id: str
    load: int  # the one that `share` was made from


class _Room:
    """Loads while the plan grows. A heap for each need, of those who have room; an old load is renewed when it surfaces."""

    def __init__(self, online: Sequence[AgentNow], unit: int) -> None:
        self.examined = 0
        self._unit = unit
        self._free = {agent.id: agent for agent in online if agent.load + unit <= agent.capacity}
        self._loads = {agent.id: agent.load for agent in self._free.values()}
        self.slots = sum((agent.capacity - agent.load) // unit for agent in self._free.values())
        self._skilled: dict[str, list[AgentNow]] = {}
        for agent in self._free.values():
            for group in agent.profile.skills:
                self._skilled.setdefault(group, []).append(agent)
        self._heaps: dict[Need, list[_Candidate]] = {}

    def has(self, id: str) -> bool:
        """Whether the agent can take one more."""
        return id in self._free and self._loads[id] + self._unit <= self._free[id].capacity

    def give(self, id: str) -> None:
        """Count one more for the agent."""
        self._loads[id] += self._unit
        self.slots -= 1

    def best(self, need: Need, refused: Collection[str]) -> str:
        """The best agent with room who is none of `refused`, "" when there is none.

        Loads only grow, so an entry with an old load stands too far ahead and never too far behind: the top of the heap,
        once renewed, is the best.
        """
        heap = self._heap(need)
        aside = []
        found = ""
        while heap and not found:
            self.examined += 1
            id = heap[0].id
            if not self.has(id):
                heappop(heap)
            elif heap[0].load != self._loads[id]:
                heapreplace(heap, self._candidate(self._free[id], need))
            elif id in refused:
                aside.append(heappop(heap))
            else:
                found = id
        for candidate in aside:
            heappush(heap, candidate)
        return found

    def _heap(self, need: Need) -> list[_Candidate]:
        heap = self._heaps.get(need)
        if heap is None:
            agents = self._skilled.get(need.group, []) if need.skill else list(self._free.values())
            self.examined += len(agents)
            heap = [self._candidate(agent, need) for agent in agents if qualifies(agent, need)]
            heapify(heap)
            self._heaps[need] = heap
        return heap

    def _candidate(self, agent: AgentNow, need: Need) -> _Candidate:
        load = self._loads[agent.id]
        return _Candidate(
            foreign=need.language not in agent.profile.languages,
            share=load / agent.capacity,
            unskilled=-agent.profile.skills.get(need.group, 0),
            free_since=agent.free_since,
            id=agent.id,
            load=load,
        )
