"""The ground of the random histories: the two stores under test, and steps that are judged by the oracle as they are taken."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable
from typing import Optional, Protocol, TypeVar
from unittest import mock

import structlog
from hypothesis.stateful import RuleBasedStateMachine
from redis.asyncio import Redis

from common import errors
from common.clock import FakeClock
from common.keys import Keys
from handoff.engine import Due, Waiting
from handoff.machine import EpisodeState
from handoff.memory_store import MemoryStore
from handoff.policy import Group, Opening, Overflow, Policy, Step
from handoff.protocol import Entry, Player
from handoff.redis_store import RedisStore
from handoff.router import EngineStore, Router
from handoff.store import Command, Orphan, Stored, Turn, View
from tests.services.handoff.engine_model import (
    SECRET,
    Act,
    change_faults,
    permitted,
    state_faults,
)
from tests.services.handoff.engine_pictures import Picture, Talk, of_redis, of_twin

ALWAYS = tuple(range(7))
STEPS = (Step(0, 3), Step(60, 1), Step(180, 0))
DAY = (Opening(ALWAYS, 9 * 60, 18 * 60),)
NIGHT = (Opening(ALWAYS, 18 * 60, 9 * 60),)
POLICY = Policy(
    groups={
        "general": Group("general", "general", STEPS),
        "payment": Group("payment", "payment", STEPS, full=Overflow("group", "tech"), most=2),
        "tech": Group("tech", "tech", STEPS),
        "account": Group("account", "account", STEPS, hours=DAY, closed=Overflow("callback")),
        "refund": Group("refund", "refund", STEPS, hours=NIGHT, closed=Overflow("ticket")),
    },
    compensation={"first": "voucher"},
)
SKILLS = {
    "a1": {"general": 5, "payment": 3, "tech": 1, "refund": 2},
    "a2": {"general": 2, "account": 4, "refund": 4},
    "a3": {"payment": 1, "tech": 5},
}
PLAYERS = [Player(id=f"u{i}", name=f"player {i}", vip=vip) for i, vip in enumerate((0, 3, 12, 0, 0))]
AGENTS = ["a1", "a2", "a3"]
MOST = 7  # the highest index that a rule draws: anything, not only what fits

SILENT = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])
T = TypeVar("T")


class Backend(Protocol):
    """A store under test."""

    clock: FakeClock
    store: EngineStore

    def run(self, step: Awaitable[T]) -> T:
        """The result of a coroutine."""

    def picture(self) -> Picture:
        """Everything it keeps."""


class Twin:
    """The store in memory."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.clock = FakeClock()
        self._memory = MemoryStore(self.clock, per_second=10**6, policy=POLICY)
        self.store: EngineStore = self._memory
        self._loop = loop

    def run(self, step: Awaitable[T]) -> T:
        return self._loop.run_until_complete(_awaited(step))

    def picture(self) -> Picture:
        return of_twin(self._memory, self.clock.now_ms())


class OnRedis:
    """The Lua scripts."""

    def __init__(self, loop: asyncio.AbstractEventLoop, redis: Redis[str]) -> None:
        self.clock = FakeClock()
        self._keys = Keys("test:")
        self.store: EngineStore = RedisStore(redis, self.clock, self._keys, per_second=10**6, policy=POLICY)
        self._loop = loop
        self._redis = redis
        self.run(redis.flushdb())

    def run(self, step: Awaitable[T]) -> T:
        return self._loop.run_until_complete(_awaited(step))

    def picture(self) -> Picture:
        return self.run(of_redis(self._redis, self._keys, self.clock.now_ms()))


async def _awaited(step: Awaitable[T]) -> T:
    return await step


class History(RuleBasedStateMachine):
    """Histories; every step is checked against what was before it."""

    steps = 0  # of all histories
    histories = 0

    def __init__(self, backend: Callable[[], Backend]) -> None:
        super().__init__()
        History.histories += 1
        ids = itertools.count(1)
        # Ids in an order that the search can repeat, and that is not the order of creation.
        name = lambda n: hashlib.sha256(str(next(ids)).encode()).hexdigest()[: 2 * n]  # noqa: E731
        self._patch = mock.patch("secrets.token_hex", name)
        self._patch.start()
        self.backend = backend()
        self.store = self.backend.store
        self.router = Router(self.store, POLICY, self.backend.clock, SILENT)
        self.commands = itertools.count(1)
        self.done: list[tuple[Callable[[Command], Awaitable[Stored]], Command, Stored]] = []
        self.turns: list[Turn] = []
        self.committed: set[tuple[str, int]] = set()
        self.dues: list[Due] = []
        self.orphans: list[Orphan] = []
        self.views: list[View] = []
        self.offered: list[str] = []
        self.seen: list[Waiting] = []
        self.broken = False
        self.before = self.backend.picture()

    # -- steps --

    def check(self, after: Picture, act: Act) -> None:
        History.steps += 1
        before, self.before = self.before, after
        faults = [*change_faults(before, after, act, POLICY), *state_faults(after, POLICY)]
        self.offered += [id for id in after.offers if id not in before.offers]
        self.insist(not faults, f"{act}: {faults}")

    def insist(self, holds: bool, message: str) -> None:
        if not holds:
            self.broken = True
            raise AssertionError(message)

    def attempt(self, act: Act, step: Awaitable[T]) -> Optional[T]:
        """A step that must succeed exactly when it may, and that changes nothing when it is refused."""
        allowed = permitted(self.before, act, POLICY)
        try:
            result = self.backend.run(step)
        except errors.SupportError as refusal:
            self.insist(not allowed, f"{act} was refused: {refusal!r} {refusal.fields}")
            self.unchanged(act)
            return None
        except Exception:
            self.broken = True
            raise
        self.insist(allowed, f"{act} was not refused")
        self.check(self.backend.picture(), act)
        return result

    def unchanged(self, act: Act) -> None:
        after = self.backend.picture()
        if after != self.before:
            self.insist(False, f"{act} changed something: {difference(self.before, after)}")

    def command(self, act: Act, call: Callable[[Command], Awaitable[Stored]]) -> Optional[Stored]:
        command = Command(f"command-{next(self.commands)}", "m")
        stored = self.attempt(act, call(command))
        if stored is not None:
            self.done.append((call, command, stored))
            if stored.n:
                talk = self.before.talks[stored.conversation]
                logged = [*(e.n for e in talk.log), *(n.n for n in talk.notes)]
                self.insist(stored.n in logged, f"{act} was acknowledged with {stored} and is not there")
        return stored

    def words_of(self, player: Player) -> None:
        text = self.text("words-")
        entry = Entry(n=0, at=self.before.now, sender="player", kind="text", text=text)
        stored = self.command(
            Act("append", player=player.id, conversation=self.before.open_of.get(player.id, "")),
            lambda command: self.store.append(player, command, entry),
        )
        assert stored is not None
        logged = self.before.talks[stored.conversation].log[stored.n - 1]
        self.insist((logged.sender, logged.text) == ("player", text), f"{text} was acknowledged, {logged} is there")

    def talk(self, index: int, *states: EpisodeState) -> Talk:
        """A conversation in one of the states; in any at the highest index."""
        return self.pick(index, lambda talk: talk.state in states)

    def pick(self, index: int, fits: Callable[[Talk], object]) -> Talk:
        """A conversation that fits; any at the highest index, or when none does."""
        found = list(self.before.talks.values())
        fitting = [talk for talk in found if fits(talk) and index < MOST] or found
        return fitting[index % len(fitting)]

    def who(self, talk: Talk, agent: str, mostly: bool) -> str:
        return talk.agent if mostly and talk.agent else agent

    def other(self, talk: Talk, agent: str, mostly: bool) -> str:
        return AGENTS[AGENTS.index(agent) - 1] if mostly and agent == talk.agent else agent

    def text(self, prefix: str = SECRET) -> str:
        return f"{prefix}{next(self.commands)}"


def difference(before: Picture, after: Picture) -> str:
    """The parts that differ."""
    return "; ".join(
        f"{name}: {old} -> {new}"
        for name, old, new in (
            (name, getattr(before, name), getattr(after, name)) for name in before.__dataclass_fields__
        )
        if old != new
    )
