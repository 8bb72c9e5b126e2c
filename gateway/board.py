"""Who is there and what is going on: colleagues for every agent, all conversations with their figures for supervisors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.agent_commands import check_supervisor
from gateway.context import Context
from gateway.desk import NotLoggedIn
from gateway.sessions import Sessions
from handoff.engine import AgentNow, Alert
from handoff.machine import Owner
from handoff.policy import Group
from handoff.protocol import Agent, QueueItem
from handoff.store import View
from handoff.waiting import coverage, who_queued
from handoff.waiting_times import slots_of

_QUEUE_READ = 500
_ALERTS = 100
_FRESH_MS = 1_000  # the board is not read again sooner
_SLOT = 100  # units of a conversation


class Colleague(Struct):
    """A connected agent."""

    id: str
    display: str
    role: str
    status: str
    capacity: int  # conversations
    load: int  # units: a conversation is 100
    skills: dict[str, int]  # group -> 1..5
    me: bool


class GroupName(Struct):
    """A skill group."""

    id: str
    name: str


class Team(Struct):
    """Answer of /team."""

    agents: list[Colleague]
    groups: list[GroupName]


class Watched(Struct):
    """A conversation that waits, or that an agent has."""

    conversation: str
    player: str
    name: str
    vip: int
    owner: str
    agent: str
    agent_name: str
    group: str
    tier: int
    urgency: int
    since: int  # the request, UTC milliseconds
    responded_at: int
    late: list[str]
    idle: bool
    last_at: int


class GroupFigures(Struct):
    """A group's queue and the agents who serve it."""

    id: str
    name: str
    waiting: int
    oldest_ms: int  # how long the one who came first has waited
    online: int
    slots_free: int  # conversations
    p50_s: int  # of one who would join now; 0: not known
    p90_s: int


class WaitFigures(Struct):
    """How well the waits were foretold."""

    count: int
    within_p90: float  # 0..1


class BoardState(Struct):
    """Answer of /board."""

    conversations: list[Watched]
    alerts: list[Alert]
    groups: list[GroupFigures]
    waits: WaitFigures
    agents: list[Colleague]


class Board:
    """GET /team and /board, to be mounted under /api/desk."""

    def __init__(self, context: Context, sessions: Sessions) -> None:
        self._context = context
        self._store = context.store
        self._sessions = sessions
        self._reading = asyncio.Lock()
        self._state: BoardState | None = None  # as read last, for every supervisor who asks in the same moment
        self._read_at = 0

    def routes(self) -> list[Route]:
        """The two routes."""
        return [Route("/team", self.team), Route("/board", self.board)]

    async def team(self, request: Request) -> Response:
        """Connected colleagues and the groups: whom a conversation can be given to."""
        me = await self._agent(request)
        groups = [GroupName(group.id, group.name) for group in self._context.policy.groups.values()]
        return _json(Team(colleagues(await self._store.agents(), me.id), groups))

    async def board(self, request: Request) -> Response:
        """Everything that runs; for supervisors. Raises Forbidden."""
        me = await self._agent(request)
        check_supervisor(me)
        async with self._reading:
            now = self._context.clock.now_ms()
            if self._state is None or now - self._read_at >= _FRESH_MS:
                self._state, self._read_at = await self._read(), now
            state = self._state
        agents = [msgspec.structs.replace(one, me=one.id == me.id) for one in state.agents]
        return _json(msgspec.structs.replace(state, agents=agents))

    async def _read(self) -> BoardState:
        agents = await self._store.agents()
        items, _ = await self._store.queue(_QUEUE_READ)
        accept_s = self._context.policy.times.accept
        told = list(who_queued(await self._store.waits(), accept_s))
        return BoardState(
            conversations=await self._conversations(agents, items),
            alerts=await self._store.alerts(_ALERTS),
            groups=[await self._figures(group, agents, items) for group in self._context.policy.groups.values()],
            waits=WaitFigures(len(told), coverage(told, accept_s)),
            agents=colleagues(agents),
        )

    async def _conversations(self, agents: Sequence[AgentNow], items: Sequence[QueueItem]) -> list[Watched]:
        ids = [item.conversation for item in items]
        for agent in agents:
            ids += await self._store.conversations_of_agent(agent.id)
        found = [_watched(view) for view in await self._store.views(list(dict.fromkeys(ids)))]
        return [watched for watched in found if watched is not None]

    async def _figures(self, group: Group, agents: Sequence[AgentNow], items: Sequence[QueueItem]) -> GroupFigures:
        waiting = [item for item in items if item.group == group.id]
        slots = slots_of(group.id, agents, self._context.policy)
        wait = await self._context.times.estimate(group.id, len(waiting) + 1)
        now = self._context.clock.now_ms()
        return GroupFigures(
            id=group.id,
            name=group.name,
            waiting=len(waiting),
            oldest_ms=max((now - item.since for item in waiting), default=0),
            online=slots.agents,
            slots_free=slots.free,
            p50_s=wait.p50_s,
            p90_s=wait.p90_s,
        )

    async def _agent(self, request: Request) -> Agent:
        agent = await self._sessions.agent_of(request)
        if agent is None:
            raise NotLoggedIn("log in first")
        return agent


def colleagues(agents: Sequence[AgentNow], me: str = "") -> list[Colleague]:
    """Agents as a desk lists them, by name. `me`: id of the one who looks."""
    return [
        Colleague(
            id=agent.id,
            display=agent.display,
            role=agent.profile.role,
            status=agent.status,
            capacity=agent.capacity // _SLOT,
            load=agent.load,
            skills=dict(agent.profile.skills),
            me=agent.id == me,
        )
        for agent in sorted(agents, key=lambda agent: (agent.display, agent.id))
    ]


def _watched(view: View) -> Watched | None:
    """None for a conversation that is back with the bot."""
    episode = view.episode
    if episode is None or view.owner is Owner.BOT:
        return None
    return Watched(
        conversation=view.id,
        player=view.player.id,
        name=view.player.name,
        vip=view.player.vip,
        owner=view.owner.value,
        agent=view.agent,
        agent_name=view.agent_name,
        group=episode.group,
        tier=episode.tier,
        urgency=episode.urgency,
        since=episode.requested_at,
        responded_at=episode.responded_at,
        late=episode.late,
        idle=view.idle,
        last_at=view.last_at,
    )


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
