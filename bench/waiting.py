"""`python -m bench.waiting [--first-seed N] [--days N]`: whether the waits that players are told come true.

An M/G/c queue with two classes on simulated days, without processes; what is measured is `handoff.waiting` alone.
"""

from __future__ import annotations

import argparse
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from statistics import fmean
from typing import Optional

from handoff.engine import Wait
from handoff.waiting import Estimate, Factor, Stage, calibrate, coverage, estimate

MEAN_S = 480.0
WINDOW_S = 900.0  # over which the overtakers are counted
ACCEPT_S = 20
_ONE = Factor()

Handling = Callable[[random.Random], float]


def exponential(rng: random.Random) -> float:
    return rng.expovariate(1 / MEAN_S)


def lognormal(rng: random.Random) -> float:
    """Coefficient of variation 1.5."""
    variance = math.log(1 + 1.5**2)
    return rng.lognormvariate(math.log(MEAN_S) - variance / 2, math.sqrt(variance))


def steady(rng: random.Random) -> float:
    """Coefficient of variation 0.3."""
    return rng.gammavariate(11.1, MEAN_S / 11.1)


class Day:
    """An M/G/c queue with two classes; a fifth of the players is served first. The load rises from 0.8 to 1.15 at noon.

    Whoever comes is told an estimate with the factor that the finished waits give. `believed` is the number of slots that
    the estimates are given, relative to the real one; `calibrated` says whether the factor is used.
    """

    def __init__(
        self, seed: int, handling: Handling, slots: int = 20, believed: float = 1.0, calibrated: bool = True
    ) -> None:
        self._rng = random.Random(seed)
        self._handling = handling
        self._slots = slots
        self._believed = slots * believed
        self._calibrated = calibrated
        self._free = slots
        self._queue: list[tuple[int, int]] = []  # class (0 is served first), who
        self._told: list[tuple[float, Estimate]] = []
        self._handled: deque[int] = deque(maxlen=200)
        self._urgent: deque[float] = deque()
        self._events: list[tuple[float, int, float]] = []  # when, serial, handling time (0: an arrival)
        self._serial = 0
        self._factor = _ONE
        self.waits: list[Wait] = []  # as they end
        self.p50_kept: list[bool] = []

    def run(self, requests: int = 2000) -> Day:
        self._schedule(0.0)
        while self._events:
            now, _, handling = heappop(self._events)
            if handling:
                self._free += 1
                self._handled.append(round(handling * 1000))
            else:
                self._arrive(now)
                part = len(self._told) / requests
                if part < 1:
                    load = 1.15 if 0.35 < part < 0.55 else 0.8
                    self._schedule(now + self._rng.expovariate(load * self._slots / MEAN_S))
            self._serve(now)
        return self

    def _schedule(self, at: float, handling: float = 0.0) -> None:
        self._serial += 1
        heappush(self._events, (at, self._serial, handling))

    def _arrive(self, now: float) -> None:
        kind = int(self._rng.random() >= 0.2)
        while self._urgent and self._urgent[0] < now - WINDOW_S:
            self._urgent.popleft()
        if self._calibrated and len(self._told) % 25 == 0:
            self._factor = calibrate(self.waits[:-501:-1])
        position = 1 + sum(other <= kind for other, _ in self._queue)
        overtake = len(self._urgent) / WINDOW_S if kind else 0.0
        stage = Stage(0.0, self._believed, self._free, position, overtake)
        told = estimate([stage], list(self._handled), self._factor, accept_s=ACCEPT_S)
        if not kind:
            self._urgent.append(now)
        heappush(self._queue, (kind, len(self._told)))
        self._told.append((now, told))

    def _serve(self, now: float) -> None:
        while self._free and self._queue:
            self._free -= 1
            asked, told = self._told[heappop(self._queue)[1]]
            accepted = now + min(self._rng.expovariate(1 / 5), ACCEPT_S)
            handling = self._handling(self._rng)
            self._schedule(accepted + handling, handling)
            self.waits.append(Wait("payment", round((accepted - asked) * 1000), told.p90_s * 1000))
            if told.p90_s > ACCEPT_S:
                self.p50_kept.append(accepted - asked <= told.p50_s)


HANDLINGS: tuple[Handling, ...] = (exponential, lognormal, steady)
SLOTS = (5, 20, 60)


def days(
    handling: Handling, slots: int, seeds: Sequence[int], believed: float = 1.0, calibrated: bool = True
) -> tuple[list[float], list[float]]:
    """The shares of waits within the P90 and within the P50, a day each; printed as a line."""
    found = [Day(seed, handling, slots, believed, calibrated).run() for seed in seeds]
    within = [coverage(day.waits) for day in found]
    halves = [fmean(day.p50_kept) for day in found]
    print(
        f"{handling.__name__:12} {slots:3} slots, believed x{believed}, {'calibrated' if calibrated else 'the model alone':15} "
        f"within P90 {_range(within)}   within P50 {_range(halves)}",
        flush=True,
    )
    return within, halves


def _range(shares: Sequence[float]) -> str:
    return f"{fmean(shares):.1%} ({min(shares):.1%}-{max(shares):.1%})"


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Print every setting, then what a wrong number of slots does."""
    parser = argparse.ArgumentParser(prog="python -m bench.waiting", description=__doc__)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--days", type=int, default=20)
    asked = parser.parse_args(argv)
    seeds = range(asked.first_seed, asked.first_seed + asked.days)
    shares = [share for handling in HANDLINGS for slots in SLOTS for share in days(handling, slots, seeds)[0]]
    outside = sum(not 0.85 <= share <= 0.95 for share in shares)
    print(f"{len(shares)} days, {outside} of them outside 85-95 %")
    for believed in (0.7, 1.5):
        for calibrated in (False, True):
            days(exponential, 20, seeds, believed, calibrated)


if __name__ == "__main__":
    main()
