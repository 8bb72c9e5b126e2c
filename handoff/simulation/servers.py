"""The server side of a run: routers, the archive's duties and bot workers, each of which may be killed or frozen anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from common.errors import LeaseLost, NotOwner, UnknownConversation
from handoff.archive import Archive
from handoff.protocol import Entry, Summary
from handoff.router import EngineStore
from handoff.simulation.day import HOUR, MINUTE, SECOND
from handoff.simulation.faults import Fault
from handoff.simulation.kernel import Signal, Task, sleep
from handoff.simulation.network import Wire
from handoff.simulation.oracle import Broken
from handoff.simulation.world import World
from handoff.store import Turn, TurnResult
from handoff.worker import HandoffWorker

ROUTERS = 2
BOTS = 3
TICK_MS = 1_000.0
SETTLE_MS = 50.0
LEASE_MS = 10_000
ARCHIVE_AFTER_MS = 1_800_000
_BOT_POLL_MS = 5_000.0  # new work rings; only a turn whose lease ran out has to be looked for
_BEAT_MS = 4_000.0
_HOOKS_MS = 2_000.0
_OUTBOX_EVERY = 30  # passes of the archive's duties


class Servers:
    """Starts them, and again after each kill."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng("servers")
        self._routers: dict[str, Task] = {}
        self._down_until: dict[str, float] = {}
        self._bells: dict[str, Signal] = {}
        self._archiver: Task | None = None

    def start(self) -> None:
        """All of them."""
        kernel, service = self._world.kernel, self._world.service
        for name in (f"router {n}" for n in range(ROUTERS)):
            self._bells[name] = Signal(kernel)
            service.changed.append(self._bells[name])
            self._start_router(name)
        for n in range(BOTS):
            bell = Signal(kernel)
            service.worked.append(bell)
            kernel.spawn(self._bot(bell), f"bot {n}")
        self._start_archiver()

    def kill_router(self) -> None:
        """One of them, wherever it stands; its supervisor starts it again."""
        name, away = self._victim(), self._rng.uniform(1, 5) * SECOND
        self._world.kernel.kill(self._routers[name])
        self._start_router(name, away)
        self._mark_down(name, away)

    def freeze_router(self) -> None:
        """One of them stands still and then carries out what it had decided."""
        name, away = self._victim(), self._rng.uniform(3, 60) * SECOND
        self._world.kernel.freeze(self._routers[name], away)
        self._mark_down(name, away)

    def kill_archiver(self) -> None:
        """Wherever it stands."""
        if self._archiver is not None:
            self._world.kernel.kill(self._archiver)
        self._start_archiver(self._rng.uniform(1, 5) * SECOND)

    def jump(self, ms: int) -> None:
        """The store's clock is put on, or back."""
        world, before = self._world, self._world.clock.now_ms()
        world.clock.advance(ms)
        since, until = sorted((before, before + ms))
        world.service.oracle.disturbed(since, until + int(2 * TICK_MS))

    def _victim(self) -> str:
        return self._rng.choice(sorted(self._routers))

    def _mark_down(self, name: str, away_ms: float) -> None:
        kernel = self._world.kernel
        self._down_until[name] = max(self._down_until.get(name, 0), kernel.now + away_ms)
        until = min(self._down_until.get(other, 0) for other in self._routers)
        if until > kernel.now:
            clock = self._world.clock.now_ms()
            self._world.service.oracle.disturbed(clock, clock + int(until - kernel.now + 2 * TICK_MS))

    def _worker(self) -> HandoffWorker:
        world = self._world
        store = cast(EngineStore, Wire(world.service, world.tally, self._rng))
        archive: Archive = world.archive
        return HandoffWorker(
            store, archive, world.clock, ARCHIVE_AFTER_MS, _Log(), policy=world.policy, push=self._push
        )

    def _start_router(self, name: str, after_ms: float = 0) -> None:
        task = self._world.kernel.spawn(self._route(self._worker(), self._bells[name]), name, after_ms)
        self._routers[name] = task

    async def _route(self, worker: HandoffWorker, bell: Signal) -> None:
        while True:
            await bell.wait(TICK_MS)
            if self._is_idle():
                continue
            await sleep(SETTLE_MS)
            worker.router.times.ring()
            await worker.requeue_orphans()
            await worker.end_wrap_ups()
            await worker.router.run_once()

    def _is_idle(self) -> bool:
        """Whether a pass would find nothing to do, so that a quiet night costs no time."""
        store, now = self._world.service.store, self._world.clock.now_ms()
        if store._wanted or any(at <= now for at in store._timers.values()):
            return False
        if any(at <= now for at in store._wrap_ups.values()):
            return False
        taken = [agent for agent in store._agents.values() if agent.offers or agent.load]
        return not any(
            agent.seen < now - store._grace or any(store._offers[id].expires_at <= now for id in agent.offers)
            for agent in taken
        )

    def _start_archiver(self, after_ms: float = 0) -> None:
        self._archiver = self._world.kernel.spawn(self._archive(self._worker()), "archiver", after_ms)

    async def _archive(self, worker: HandoffWorker) -> None:
        passes = 0
        while True:
            await sleep(_HOOKS_MS)
            if self._world.service.store._hooks:
                await worker.push_hooks()
            passes += 1
            if passes % _OUTBOX_EVERY == 0:
                await worker.empty_outbox()
                await worker.archive_quiet()

    async def _push(self, _id: str, fields: Mapping[str, str]) -> bool:
        """The operator's push service: the player's phone."""
        if signal := self._world.players.get(fields["player"]):
            signal.ring()
        return True

    async def _bot(self, bell: Signal) -> None:
        while True:
            turn = await self._world.service.claim_turn(LEASE_MS)
            if turn is None:
                await bell.wait(_BOT_POLL_MS)
            elif not self._world.injected.strikes(Fault.BOT_KILLED, self._world.injected.faults.bot_killed):
                await self._serve(turn)

    async def _serve(self, turn: Turn) -> None:
        world = self._world
        late = world.injected.strikes(Fault.BOT_LATE, world.injected.faults.bot_late)
        await sleep(self._rng.uniform(12, 40) * SECOND if late else self._rng.uniform(80, 400))
        try:
            if turn.entry is None:
                await world.service.set_summary(turn, Summary(lines=[], upto=turn.view.last))
                return
            entry = Entry(n=0, at=world.clock.now_ms(), sender="bot", kind="answer", text=f"about {turn.entry.n}")
            asked = turn.entry.text.endswith("?")
            request = world.wishes.get(turn.view.player.id) if asked else None
            await world.service.commit(turn, TurnResult([entry], "{}", {"entry": turn.entry.n}, request))
            if request is not None:
                world.players[turn.view.player.id].ring()
        except (LeaseLost, NotOwner, UnknownConversation):
            return  # somebody else answers


async def strike(world: World, servers: Servers) -> None:
    """Faults of the servers and of the clock, for ever, as often as the settings say."""
    faults, rng = world.injected.faults, world.rng("faults")
    rates = {
        Fault.ROUTER_KILLED: faults.router_kills,
        Fault.ROUTER_FROZEN: faults.router_freezes,
        Fault.ARCHIVER_KILLED: faults.archiver_kills,
        Fault.CLOCK_FORWARD: faults.clock_jumps / 2,
        Fault.CLOCK_BACK: faults.clock_jumps / 2,
    }
    total = sum(rates.values())
    while total and not world.injected.stopped:
        await sleep(rng.expovariate(total) * HOUR)
        fault = rng.choices(list(rates), list(rates.values()))[0]
        if not world.injected.strikes(fault, 1):
            return
        jump = int(rng.uniform(1, faults.clock_jump_s) * SECOND)
        match fault:
            case Fault.ROUTER_KILLED:
                servers.kill_router()
            case Fault.ROUTER_FROZEN:
                servers.freeze_router()
            case Fault.ARCHIVER_KILLED:
                servers.kill_archiver()
            case Fault.CLOCK_FORWARD:
                servers.jump(jump)
            case _:
                servers.jump(-jump)


async def watch(world: World) -> None:
    """Once a minute: every conversation is checked, the desk is measured."""
    while True:
        await sleep(MINUTE)
        oracle, service = world.service.oracle, world.service
        oracle.check_all()
        items, total = await service.queue(100_000)
        oracle.check_queue([item.conversation for item in items])
        if world.closing:
            continue  # the desk of the drain says nothing of the day
        world.tally.sample(world.hour, await service.agents(), total)


async def beat(world: World) -> None:
    """The sockets of agents say that they are alive."""
    while True:
        for agent in sorted(world.connected):
            await world.service.beat(agent)
        await sleep(_BEAT_MS)


class _Log:
    """Takes what the worker logs; an event that the archive refuses is a loss."""

    def debug(self, _event: str, **_fields: Any) -> None:
        """Nothing."""

    info = warning = debug

    def error(self, event: str, **fields: Any) -> None:
        """An error of the worker ends the run."""
        raise Broken("the archive takes every event", f"{event} {fields}")
