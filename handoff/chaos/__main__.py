"""`python -m handoff.chaos --kills 60 [--seed S] [--no-bot]`: kill -9, SIGSTOP and cut connections under real clients.

Starts Redis, two gateways, two handoff workers and a bot worker in a temporary folder. Exit status 1 on any violation. The
seed decides what is done; the machine decides when exactly, so a run is not repeated to the letter.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Optional

from common.keys import Keys
from handoff.chaos.agents import Agent
from handoff.chaos.clients import Client, World
from handoff.chaos.evidence import Evidence, collect
from handoff.chaos.faults import Disturbances, Faults
from handoff.chaos.ledger import Ledger
from handoff.chaos.oracle import ends_by_reason, orphans, violations
from handoff.chaos.processes import Fleet, Kind
from handoff.chaos.stack import Address, clients, prepare, processes
from handoff.connect import RedisClock, open_redis
from handoff.policy_file import read_policy
from handoff.redis_store import RedisStore
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine

DRAIN_S = 120.0
RECOVER_S = 300.0
_SHOWN = 20  # violations


@dataclass
class Run:
    """A running service with its clients."""

    address: Address
    fleet: Fleet
    world: World
    players: list[Client]
    agents: list[Agent]
    disturbances: Disturbances

    @property
    def clients(self) -> list[Client]:
        """Everybody."""
        return [*self.players, *self.agents]


@contextlib.asynccontextmanager
async def running(folder: Path, seed: int, bot: bool) -> AsyncIterator[Run]:
    """The service with everybody connected; all of it ends with the context."""
    address, ids = await prepare(folder)
    disturbances = Disturbances()
    fleet = Fleet(processes(address, bot), lambda: disturbances.look(fleet))
    try:
        await fleet.start()
        gateways = [f"127.0.0.1:{process.port}" for process in fleet.of(Kind.GATEWAY)]
        world = World(gateways, Ledger(), Random(seed))
        players, agents = await clients(gateways, ids, world)
        run = Run(address, fleet, world, [*players], agents, disturbances)
        for client in run.clients:
            client.start()
        try:
            yield run
        finally:
            for client in run.clients:
                await client.stop()
    finally:
        await fleet.stop()


async def drain(run: Run, store: RedisStore) -> list[str]:
    """Let everything that was begun come to its end; what has not in time."""
    run.world.calm = True
    deadline = time.monotonic() + DRAIN_S
    while left := await _left(run, store):
        if time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.5)
    return []


async def _left(run: Run, store: RedisStore) -> list[str]:
    left = []
    _, waiting = await store.queue()
    if waiting:
        left.append(f"{waiting} conversations are still in the queue")
    for agent in run.agents:
        if held := await store.conversations_of_agent(agent.id):
            left.append(f"agent {agent.id} still has {held}")
        if offers := await store.offers_of(agent.id):
            left.append(f"agent {agent.id} still has offers: {offers}")
    if events := await store.outbox():
        left.append(f"{len(events)} events are still not in the archive")
    if due := await store.due():
        left.append(f"timers are due: {due}")
    if owing := [client.id for client in run.clients if client.busy]:
        left.append(f"commands are still unanswered: {owing}")
    return left


async def hurt(run: Run, kills: int, every_s: float) -> Faults:
    """Kill, freeze and cut, with a line a kill; the service has recovered when this returns."""
    faults = Faults(run.fleet, run.clients, run.world, kills, every_s)
    started = time.monotonic()

    def report(done: int, what: str) -> None:
        told = len(run.world.ledger.acknowledged)
        print(f"[{done:>4}/{kills} {time.monotonic() - started:6.1f} s] {what:<62} acknowledged {told}", flush=True)

    await faults.run(report)
    await run.fleet.recover(RECOVER_S)
    return faults


async def settle(run: Run) -> tuple[Evidence, list[str]]:
    """Drain the service and read what it has kept; the second part is what did not come to its end."""
    settings = run.address.settings
    redis = await open_redis(settings)
    clock = RedisClock()
    await clock.sync(redis)
    store = RedisStore(redis, clock, Keys(settings.redis_prefix), policy=read_policy(settings.policy))
    archive = SqlArchive(await open_engine(settings.database_url))
    try:
        left = await drain(run, store)
        told = {one.conversation for one in run.world.ledger.acknowledged} | set(run.world.ledger.seen)
        return await collect(store, archive, run.address.database, told), left
    finally:
        await archive.close()
        await redis.close(close_connection_pool=True)


def table(run: Run, evidence: Evidence, faults: Faults) -> None:
    """Print what was done and what came of it."""
    ledger = run.world.ledger
    print("\n  process      kills  SIGSTOP  own exits  start, median and most")
    for process in run.fleet.processes:
        starts = sorted(process.starts_s)
        print(
            f"  {process.name:<12} {process.kills:>5} {process.freezes:>8} {process.own_exits:>10}"
            f"  {starts[len(starts) // 2]:.1f} s, {starts[-1]:.1f} s"
        )
    orphaned = [one for one in orphans(ledger, evidence, run.disturbances.within) if not one.kept]
    back = sorted(orphan.waited_ms - orphan.disturbed_ms for orphan in orphaned)
    offered = sorted(orphan.offered_ms for orphan in orphaned if orphan.offered_ms)
    rows = {
        "other faults": dict(faults.counts),
        "connections": ledger.connections,
        "commands acknowledged": len(ledger.acknowledged),
        "sent again, unanswered": ledger.resent,
        "sent again, answered": ledger.repeats,
        "commands refused": dict(ledger.refused.most_common()),
        "conversations": f"{len(evidence.logs)}, {evidence.archived} of them archived",
        "log entries": sum(len(log.entries) for log in evidence.logs.values()),
        "requests, by their end": ends_by_reason(evidence),
        "timers acted": sum(line.event == "timer" for line in evidence.audit),
        "orphans back in the queue": _span(back),
        "orphans offered or taken": _span(offered),
    }
    print()
    for name, value in rows.items():
        print(f"  {name:<26} {value}")


def _span(milliseconds: Sequence[int]) -> str:
    if not milliseconds:
        return "none"
    p50, most = milliseconds[len(milliseconds) // 2] / 1000, milliseconds[-1] / 1000
    return f"{len(milliseconds)}, after {p50:.1f} s (median), {most:.1f} s (most)"


async def main(kills: int, seed: int, bot: bool, every_s: float, keep: Optional[Path]) -> int:
    """Run it all; the exit status."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as temporary:
        folder = keep or Path(temporary)
        async with running(folder, seed, bot) as run:
            print(f"seed {seed}: started in {time.monotonic() - started:.0f} s", flush=True)
            faults = await hurt(run, kills, every_s)
            evidence, left = await settle(run)
            table(run, evidence, faults)
    broken = [*left, *violations(run.world.ledger, evidence, run.disturbances.within)]
    print(f"\n{len(broken)} violations" if broken else "")
    for violation in broken[:_SHOWN]:
        print(f"  {violation}")
    requests = len(evidence.episodes)
    print(
        f"chaos: {kills} kills, seed {seed}, {len(run.world.ledger.acknowledged)} acknowledged, {requests} requests, "
        f"{len(broken)} violations, {time.monotonic() - started:.0f} s"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m handoff.chaos", description=__doc__)
    options.add_argument("--kills", type=int, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--no-bot", action="store_true", help="play the bot instead of starting Rasa")
    options.add_argument("--every", type=float, default=2.4, help="seconds between kills, about")
    options.add_argument("--keep", type=Path, help="an empty folder for logs and data, kept at the end")
    asked = options.parse_args()
    sys.exit(asyncio.run(main(asked.kills, asked.seed, not asked.no_bot, asked.every, asked.keep)))
