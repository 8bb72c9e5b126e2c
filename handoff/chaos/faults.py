"""Chooses what goes wrong next, and keeps the times in which the service could not have kept its promises."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any, Optional

from handoff.chaos.clients import Client, World
from handoff.chaos.processes import Fleet, Kind, Process

BOT_KILLS = 12  # one of so many kills may hit a bot worker, which takes long to come back
_WEIGHTS = {Kind.REDIS: 2, Kind.GATEWAY: 2, Kind.HANDOFF: 2, Kind.BOT: 1}
_FREEZE_S = {Kind.REDIS: 1.5, Kind.GATEWAY: 5.0, Kind.HANDOFF: 5.0, Kind.BOT: 5.0}
_SEVER_S = 3.0
_WORK = 5  # commands that are acknowledged before the next kill
_WAIT_S = 20.0  # for them
_ANOTHER = 0.45  # the chance that a kill comes with another fault


class Disturbances:
    """When Redis was away, a gateway frozen (its agents seem gone, then there again) or no handoff worker at work."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []
        self._since: Optional[int] = None

    def look(self, fleet: Fleet) -> None:
        """Something may have changed."""
        now = time.time_ns() // 1_000_000
        away = not all(process.healthy for process in fleet.of(Kind.REDIS))
        frozen = any(process.frozen for process in fleet.of(Kind.GATEWAY))
        disturbed = away or frozen or not any(process.healthy for process in fleet.of(Kind.HANDOFF))
        if disturbed and self._since is None:
            self._since = now
        elif not disturbed and self._since is not None:
            self._spans.append((self._since, now))
            self._since = None

    def within(self, start: int, end: int) -> int:
        """Milliseconds between two times (UTC milliseconds) that were disturbed."""
        return sum(max(0, min(end, until) - max(start, since)) for since, until in self._spans)


class Faults:
    """Kills so many times, and freezes and cuts in between."""

    def __init__(self, fleet: Fleet, clients: Sequence[Client], world: World, kills: int, every_s: float) -> None:
        self._fleet = fleet
        self._ledger = world.ledger
        self._clients = clients
        self._random = Random(world.random.random())
        self._kills = kills
        self._every_s = every_s
        self._others: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def run(self, report: Callable[[int, str], None]) -> None:
        """All of it. `report`: told of every kill, its number and what else was done with it."""
        done = 0
        while done < self._kills:
            await asyncio.sleep(self._every_s * self._random.uniform(0.6, 1.4))
            await self._until_something_went_well()
            victim = self._victim()
            if victim is None:
                continue
            self._fleet.kill(victim)
            done += 1
            other = self._another() if self._random.random() < _ANOTHER else ""
            report(done, f"kill -9 {victim.name}{other}")
        await asyncio.gather(*self._others)

    async def _until_something_went_well(self) -> None:
        """A service that is down already is no test: each kill must interrupt work."""
        told = self._ledger.acknowledged
        before, deadline = len(told), time.monotonic() + _WAIT_S
        while len(told) < before + _WORK and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def _victim(self) -> Optional[Process]:
        spared = [Kind.BOT] if self._bot_kills() >= self._kills // BOT_KILLS else []
        ready = [process for process in self._fleet.processes if process.healthy and process.kind not in spared]
        weights = [_WEIGHTS[process.kind] for process in ready]
        return self._random.choices(ready, weights)[0] if ready else None

    def _bot_kills(self) -> int:
        return sum(process.kills for process in self._fleet.of(Kind.BOT))

    def _another(self) -> str:
        """One more fault; how it reads behind the kill."""
        roll = self._random.random()
        if roll < 0.4:
            return self._cut_clients()
        ready = [process for process in self._fleet.processes if process.healthy]
        linked = [process for process in ready if process.link]
        if roll < 0.7 and ready:
            victim = self._random.choice(ready)
            seconds = self._random.uniform(0.5, _FREEZE_S[victim.kind])
            self._begin("freezes", self._fleet.freeze(victim, seconds))
            return f", SIGSTOP {victim.name} {seconds:.1f} s"
        if linked:
            victim = self._random.choice(linked)
            seconds = self._random.uniform(0.3, _SEVER_S)
            self._begin("cuts from Redis", self._fleet.sever(victim, seconds))
            return f", {victim.name} cut from Redis {seconds:.1f} s"
        return ""

    def _cut_clients(self) -> str:
        cut = self._random.sample(self._clients, max(1, len(self._clients) // 4))
        for client in cut:
            client.drop()
        self.counts["clients cut"] += len(cut)
        return f", {len(cut)} clients cut"

    def _begin(self, name: str, fault: Coroutine[Any, Any, None]) -> None:
        self.counts[name] += 1
        task = asyncio.create_task(fault)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
