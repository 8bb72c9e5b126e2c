"""Puts a run together, lets it go through its day and the drain, and says what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Optional
from unittest.mock import patch

from common.clock import FakeClock
from common.errors import SupportError
from handoff.archive_memory import MemoryArchive
from handoff.memory_store import MemoryStore
from handoff.policy import Policy
from handoff.protocol import Episode
from handoff.simulation.agents import AgentLife
from handoff.simulation.day import HOUR, MIDNIGHT_MS, MINUTE, Settings, staff, visits
from handoff.simulation.faults import Injected
from handoff.simulation.kernel import Kernel
from handoff.simulation.oracle import Broken, Oracle
from handoff.simulation.players import arrive
from handoff.simulation.servers import ARCHIVE_AFTER_MS, Servers, beat, strike, watch
from handoff.simulation.service import Service, Step
from handoff.simulation.tally import Tally
from handoff.simulation.world import World
from handoff.waiting_times import WaitingTimes

DRAIN_MS = 12 * HOUR  # within so long after the last arrival every request must have ended
_LOOK_MS = 5 * MINUTE

Progress = Callable[[World], None]


@dataclass(frozen=True)
class Failure:
    """The first invariant that did not hold."""

    invariant: str
    detail: str
    step: int
    journal: tuple[Step, ...]  # the last steps


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    settings: Settings
    world: World
    episodes: list[Episode]  # all that have ended
    tickets: int
    steps: int
    drained_ms: float  # how long after the last arrival the last request ended
    failure: Optional[Failure] = None


def simulate(
    settings: Settings,
    policy: Policy,
    store: type[MemoryStore] = MemoryStore,
    progress: Progress = lambda world: None,
) -> Result:
    """One run. `progress` is called every five simulated minutes."""
    with _seeded_ids(settings.seed):
        world = build(settings, policy, store)
        start(world)
        failure, drained_ms = None, 0.0
        try:
            drained_ms = _run(world, progress)
        except Broken as broken:
            failure = _failure(world, broken)
        except SupportError as error:
            failure = _failure(world, Broken("what always works is not refused", repr(error)))
        finally:
            world.kernel.close()
        episodes = [episode for _, episode in world.archive._episodes.values() if episode.state == "ended"]
        tickets = len(world.archive._tickets)
        return Result(settings, world, episodes, tickets, world.service.steps, drained_ms, failure)


def build(settings: Settings, policy: Policy, store: type[MemoryStore]) -> World:
    """All parts of a run, nothing started."""
    clock = FakeClock(MIDNIGHT_MS + int(settings.first_hour * HOUR))
    kernel, archive = Kernel(clock), MemoryArchive(policy)
    kept = store(clock, policy=policy)
    tally = Tally(kept)
    injected = Injected(settings.faults, Random(f"{settings.seed}/injected"))
    service = Service(kept, Oracle(kept, archive, clock, policy, tally.moved), kernel, tally, injected)
    times = WaitingTimes(kept, clock, policy)
    return World(settings, policy, clock, kernel, service, archive, tally, injected, times)


def start(world: World) -> None:
    """Servers, agents, players and faults."""
    servers = Servers(world)
    servers.start()
    for one in staff(world.settings, world.rng("staff")):
        world.kernel.spawn(AgentLife(world, one).live(), one.id)
    world.kernel.spawn(arrive(world, visits(world.settings, world.rng("visits"))), "arrivals")
    world.kernel.spawn(beat(world), "beats")
    world.kernel.spawn(watch(world), "watch")
    world.kernel.spawn(strike(world, servers), "faults")


def _run(world: World, progress: Progress) -> float:
    kernel = world.kernel
    end = world.settings.hours * HOUR
    while kernel.now < end:
        kernel.run(min(end, kernel.now + _LOOK_MS))
        progress(world)
    world.closing = True
    world.injected.stop()
    while not _is_drained(world) and kernel.now < end + DRAIN_MS:
        kernel.run(kernel.now + MINUTE)
    drained_ms = kernel.now - end
    # Then everything is quiet for long enough to be archived, and can be compared with what was acknowledged.
    kernel.run(kernel.now + ARCHIVE_AFTER_MS + _LOOK_MS)
    world.service.oracle.check_end()
    return drained_ms


def _failure(world: World, broken: Broken) -> Failure:
    return Failure(broken.invariant, broken.detail, world.service.steps, tuple(world.service.journal))


def _is_drained(world: World) -> bool:
    return not any(c.episode for c in world.service.store._conversations.values())


@contextmanager
def _seeded_ids(seed: int) -> Iterator[None]:
    """The store draws its ids with `secrets`; an order by id decides between equal keys, so a replay needs the same ones."""
    rng = Random(f"{seed}/ids")
    with patch.object(secrets, "token_hex", lambda count: f"{rng.getrandbits(8 * count):0{2 * count}x}"):
        yield
