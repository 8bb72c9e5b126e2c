"""Tells a waiting player how long it will take, and keeps what it tells honest by what came of earlier estimates.

Both halves are plain arithmetic: the gateway, which calls them on every change of the queue, stays free of numpy and scipy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from statistics import NormalDist
from typing import NamedTuple, Optional

from handoff.engine import Wait

TARGET = 0.9  # share of waits that should be over within the P90
GAIN = 0.03  # by how much (logarithm) one wait can move the factor; see `calibrate`
LEAST, MOST = 0.5, 4.0  # the factor's bounds
PRIOR_WEIGHT = 5  # as many handling times the prior counts for
BUSIEST = 0.3  # overtakers take at most this share of the endings: a rush in which more come does not last as long as the wait

_Z90 = NormalDist().inv_cdf(TARGET)


@dataclass(frozen=True)
class Estimate:
    """Seconds until half, and nine tenths, of such waits are over; zeros: not known."""

    p50_s: int
    p90_s: int


@dataclass(frozen=True)
class Factor:
    """By what the endings that the model's quantiles ask for are multiplied."""

    p50: float = 1.0
    p90: float = 1.0


@dataclass(frozen=True)
class Stage:
    """A time of the wait, in which the same agents may have the request; it lasts until the next one begins."""

    begins_s: float  # seconds from now
    busy: float  # conversations that these agents have
    free: int  # conversations that they could take at once
    place: float  # requests that these agents serve first, plus one; those that others may serve, too, count in part
    overtake_per_s: float = 0.0  # requests a second that come later and are served by these agents first


def estimate(
    stages: Sequence[Stage],
    handled_ms: Sequence[int],
    factor: Factor,
    *,
    prior_s: float = 480.0,
    accept_s: int = 20,
) -> Estimate:
    """The wait of a request that more and more agents may have.

    While all agents of a stage are busy, their conversations end at about the rate r = busy / mean handling time, and
    requests of higher priority come in at the rate o and go first. The request is served when the endings outnumber
    those overtakers by its place less the free slots, or when a stage begins that has more free slots than places.
    In a single stage that is the first passage of a random walk with drift r - o and variance d r + o a second, so its
    mean is place / (r - o) and its variance place (d r + o) / (r - o)^3 (Cox & Miller, The Theory of Stochastic
    Processes, 1965, section 5.7; with exponential times it is the busy period of an M/M/1 queue, exactly). d, the index
    of dispersion of the endings, is 1 over a time in which few slots end twice (many slots together are nearly Poisson:
    Palm and Khinchin) and becomes the squared coefficient of variation of the handling times later. A Gamma
    distribution with this mean and variance gives the quantiles. Over several stages a quantile is reached when as
    many endings are expected as that quantile asks for in the stage.

    Args:
        stages: in order of time, the first one now.
        handled_ms: how long the last conversations took, milliseconds.
        factor: from `calibrate`: by what the endings that must come are multiplied.
        prior_s: handling time that is assumed before there are figures, seconds; counts for PRIOR_WEIGHT of them.
        accept_s: how long an offer waits for its agent, seconds; nobody is told less.
    """
    handling = _handling(handled_ms, prior_s)
    p50 = _reached(stages, handling, 0.0, factor.p50, accept_s / 2)
    p90 = _reached(stages, handling, _Z90, factor.p90, accept_s)
    if p50 is None or p90 is None:
        return Estimate(0, 0)
    return Estimate(math.ceil(p50), math.ceil(max(p90, p50)))


def _reached(stages: Sequence[Stage], handling: _Handling, z: float, factor: float, accept_s: float) -> Optional[float]:
    """Seconds until the quantile with this normal one, at least `accept_s`; None: nobody will ever be there."""
    expected = 0.0  # endings up to the stage's beginning, less overtakers
    for stage, following in zip_longest(stages, stages[1:]):
        if stage.free >= stage.place:
            return stage.begins_s + accept_s
        if stage.busy <= 0:
            continue
        rate = stage.busy / handling.mean_s
        overtake = min(max(stage.overtake_per_s, 0.0), BUSIEST * rate)
        drift, rest = rate - overtake, stage.place - stage.free
        dispersion = (stage.busy + rest * handling.variation) / (stage.busy + rest)
        # Both relative to the mean, rest / drift: the walk's own variance, and how little of the mean is known.
        spread = (dispersion * rate + overtake) / (rest * drift) + handling.variation / handling.certainty
        needed = factor * rest * _quantile(1 / spread, z)
        reached = stage.begins_s + max(needed - expected, 0.0) / drift
        if following is None or reached < following.begins_s:
            return max(reached, stage.begins_s + accept_s if expected >= needed else accept_s)
        expected += (following.begins_s - stage.begins_s) * drift
    return None


def calibrate(waits: Sequence[Wait], target: float = TARGET, accept_s: int = 20) -> Factor:
    """The factor that makes `target` of the waits end within the P90, from finished waits, newest first.

    What was told was already multiplied by the factor of its time, which is not recorded, so a quantile of waited / told
    (split conformal prediction) would measure the error that is left and not the whole. Adaptive conformal inference
    needs only whether each wait kept its promise: a miss raises the factor by GAIN * target, a hit lowers it by GAIN *
    (1 - target), in logarithms, and the share of hits tends to the target whatever the distribution does (Gibbs &
    Candès, Adaptive Conformal Inference Under Distribution Shift, 2021; the update of their level is here one of a
    scale). It starts at 1, so few data move it little. A factor that lasts has to be earned again within the window of
    waits: it costs ln(factor) / GAIN misses more than the target allows, in the whole window.

    The P50 has the P90's factor, since what was told of it is not recorded: that is right for what is mostly wrong, the
    number of agents or the handling time, which stretches both alike.
    """
    log = 0.0
    for wait in reversed(list(who_queued(waits, accept_s))):
        log += GAIN * (target - float(wait.waited_ms <= wait.told_p90_ms))
        log = min(max(log, math.log(LEAST)), math.log(MOST))
    return Factor(math.exp(log), math.exp(log))


def coverage(waits: Sequence[Wait], accept_s: int = 20) -> float:
    """Share of waits that ended within the P90 that was told, 0 when there are none."""
    kept = [wait.waited_ms <= wait.told_p90_ms for wait in who_queued(waits, accept_s)]
    return sum(kept) / len(kept) if kept else 0.0


def who_queued(waits: Iterable[Wait], accept_s: int = 20) -> Iterable[Wait]:
    """Those who had to queue: where an agent was free the promise is always kept, and quiet hours would drown the rest."""
    return (wait for wait in waits if wait.told_p90_ms > accept_s * 1000)


class _Handling(NamedTuple):
    """Handling times."""

    mean_s: float
    variation: float  # squared coefficient of variation
    certainty: float  # by how many times they are known


def _handling(handled_ms: Sequence[int], prior_s: float) -> _Handling:
    certainty = PRIOR_WEIGHT + len(handled_ms)
    times = [ms / 1000 for ms in handled_ms]
    mean = (PRIOR_WEIGHT * prior_s + sum(times)) / certainty
    # The prior's times are exponential ones: their second moment is twice the squared mean.
    second = (PRIOR_WEIGHT * 2 * prior_s**2 + sum(time * time for time in times)) / certainty
    return _Handling(mean, max(second / mean**2 - 1, 0.0), certainty)


def _quantile(shape: float, z: float) -> float:
    """A Gamma quantile as a multiple of the mean, by Wilson and Hilferty (1931); `z` is the normal one."""
    spread = 1 / (9 * shape)
    return max(1 - spread + z * math.sqrt(spread), 0.0) ** 3
