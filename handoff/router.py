"""Carries out what routing and the deadlines decide: offers, calls, moves, timers. Each step is checked again by the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Optional, Protocol

from common.clock import Clock
from common.errors import AgentUnavailable, CapacityFull, IllegalTransition, OfferGone, StaleEpoch, UnknownConversation
from handoff.deadlines import Kind, act
from handoff.engine import AgentNow, Due, Firing, HandoffEngine, OfferKind, Waiting
from handoff.hours import opens_at
from handoff.machine import Owner
from handoff.policy import Overflow, Policy
from handoff.routing import Plan, plan
from handoff.store import ConversationStore, View
from handoff.waiting import Estimate
from handoff.waiting_times import WaitingTimes

MOVED_ON = (AgentUnavailable, CapacityFull, IllegalTransition, OfferGone, StaleEpoch, UnknownConversation)
_RECENT = 40  # log entries that are searched for the player's last words
FIRST = 200  # requests of each group that a pass looks at
ALL = 20_000  # those that it looks at now and then, when the first ones leave agents idle
ALL_EVERY_MS = 5_000
AT_ONCE = 20  # offers that are made in one call


class EngineStore(ConversationStore, HandoffEngine, Protocol):
    """Both ports, as `RedisStore` and `MemoryStore` keep them."""

    policy: Policy

    async def agent_now(self, agent: str) -> Optional[AgentNow]:
        """One connected agent; None when they are not."""

    async def views(self, conversations: Sequence[str]) -> list[View]:
        """Those of them that are live, in this order, read together."""

    async def offer_many(self, offers: Sequence[tuple[Waiting, str]]) -> list[bool]:
        """`offer` for each, by itself but in one call; False where it was refused."""


class Router:
    """One pass of each duty; several routers may run at once, and each may be killed anywhere."""

    def __init__(self, store: EngineStore, policy: Policy, clock: Clock, log: Any) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._log = log
        self.times = WaitingTimes(store, clock, policy)
        self._all_from = 0  # when every request may be looked at again

    async def run_once(self) -> None:
        """Everything that is due now."""
        await self.expire_offers()
        await self.fire_timers()
        await self.route()

    async def route(self) -> int:
        """Offer what waits to whom it should go; returns how many offers were made."""
        decided = await self._plan()
        made = 0
        for first in range(0, len(decided.offers), AT_ONCE):
            made += sum(await self._store.offer_many(decided.offers[first : first + AT_ONCE]))
        for conversation in decided.calls:
            await self._quietly(self._store.call(conversation))
        opening: dict[str, int] = {}
        for conversation, overflow in decided.moves:
            await self._quietly(self._overflow(conversation, overflow, opening))
        return made

    async def _plan(self) -> Plan:
        """What to do with the first requests of each group, or with all of them when those leave agents idle."""
        waiting = await self._store.waiting(FIRST)
        if not waiting:
            return Plan([], [], [])
        agents, now = await self._store.agents(), self._clock.now_ms()
        decided = plan(waiting, agents, self._policy, now)
        if not decided.room or now < self._all_from or not _is_cut(waiting):
            return decided
        self._all_from = now + ALL_EVERY_MS
        return plan(await self._store.waiting(ALL), agents, self._policy, now)

    async def expire_offers(self) -> None:
        """Offers that nobody took are offered to the next agent."""
        for offer in await self._store.overdue_offers():
            await self._quietly(self._store.expire_offer(offer))

    async def fire_timers(self) -> None:
        """Deadlines, notices and idle times."""
        while due := await self._store.due():
            fired = [await self._store.fire(timer, await self._decide(timer)) for timer in due]
            if not any(fired):
                return  # another router is at the same ones

    async def _decide(self, due: Due) -> Firing:
        try:
            view = await self._store.view(due.conversation)
        except UnknownConversation:
            return Firing()
        place, words = (0, Estimate(0, 0)), ""
        if view.owner is Owner.QUEUE:
            place = await self._place(view)
            words = await self._words(view) if due.kind == Kind.CALL.value else ""
        return act(due, view, self._policy, self._clock.now_ms(), place, words)

    async def _place(self, view: View) -> tuple[int, Estimate]:
        position = await self._store.position(view.id)
        group = view.episode.group if view.episode else ""
        return position, await self.times.estimate(group, max(1, position))

    async def _words(self, view: View) -> str:
        recent = await self._store.entries(view.id, max(0, view.last - _RECENT))
        return next((entry.text for entry in reversed(recent) if entry.sender == "player" and entry.text), "")

    async def _overflow(self, conversation: str, overflow: Overflow, opening: dict[str, int]) -> None:
        """`opening`: when the groups open that this pass has asked for already."""
        view = await self._store.view(conversation)
        group = self._policy.group(view.episode.group if view.episode else "")
        if overflow.kind != "group" and group.id not in opening:
            opening[group.id] = opens_at(group, self._clock.now_ms(), self._policy.zone)
        opens = 0 if overflow.kind == "group" else opening[group.id]
        words = await self._words(view) if overflow.kind == "ticket" else ""
        await self._store.overflow(conversation, overflow, words, opens)

    async def _quietly(self, step: Any) -> None:
        try:
            await step
        except MOVED_ON as error:
            self._log.debug("moved on", why=type(error).__name__)


def _is_cut(waiting: Sequence[Waiting]) -> bool:
    """Whether a list of which only the first are read may be longer."""
    parts = Counter(item.group if item.kind is OfferKind.QUEUE else OfferKind.TRANSFER for item in waiting)
    return max(parts.values()) >= FIRST
