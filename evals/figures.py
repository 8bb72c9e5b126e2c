"""Figures with their uncertainty: 95 % intervals by bootstrap (Efron 1979) over the texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.logic import decision_fitting

_SAMPLES = 1000
_INTERVAL = (0.025, 0.975)

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Share:
    """How many of a number of texts, with its interval."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:6.1%} ({self.low:.1%}–{self.high:.1%}, n={self.count})"


@dataclass(frozen=True)
class Estimate:
    """A figure that is no share of texts (a ratio, a macro-F1), with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def share(hits: Sequence[bool]) -> Share:
    """The share of hits; of nothing it is 0."""
    return weighted_share(hits, [1.0] * len(hits))


def weighted_share(hits: Sequence[bool], weights: Sequence[float]) -> Share:
    """The hits' share of the whole weight; of nothing it is 0."""
    if not sum(weights):
        return Share(0.0, 0.0, 0.0, 0)
    heavy = np.asarray(weights, dtype=float)
    hit = np.asarray(hits, dtype=float) * heavy
    drawn = _drawn(len(heavy))
    low, high = _interval(hit[drawn].sum(axis=1) / np.maximum(heavy[drawn].sum(axis=1), 1e-12))
    return Share(float(hit.sum() / heavy.sum()), low, high, len(heavy))


def estimate(statistic: Callable[[Rows], float], count: int) -> Estimate:
    """A figure of `count` texts; `statistic` tells it for the rows of a sample [count]. Of nothing it is 0.

    Samples for which it is no number (a ratio to nothing) are left out.
    """
    if not count:
        return Estimate(0.0, 0.0, 0.0)
    samples = np.asarray([statistic(rows) for rows in _drawn(count)])
    samples = samples[np.isfinite(samples)]
    low, high = _interval(samples) if len(samples) else (float("nan"), float("nan"))
    return Estimate(float(statistic(np.arange(count))), low, high)


def error_ratio(ours: Sequence[bool], theirs: Sequence[bool]) -> Estimate:
    """Our errors for each of theirs on the same texts; infinite when they make none."""
    wrong, other = ~np.asarray(ours, dtype=bool), ~np.asarray(theirs, dtype=bool)

    def ratio(rows: Rows) -> float:
        return float(wrong[rows].sum() / other[rows].sum()) if other[rows].any() else float("inf")

    return estimate(ratio, len(wrong))


def macro_f1(right: Sequence[str], found: Sequence[str]) -> Estimate:
    """The mean F1 of all labels that are right or found."""
    labels = sorted({*right, *found})
    places = {label: place for place, label in enumerate(labels)}
    truth, guess = (np.asarray([places[label] for label in side], dtype=np.int64) for side in (right, found))

    def mean(rows: Rows) -> float:
        table = np.zeros((len(labels), len(labels)))
        np.add.at(table, (truth[rows], guess[rows]), 1)
        totals = table.sum(axis=0) + table.sum(axis=1)
        present = totals > 0
        return float((2 * table.diagonal()[present] / totals[present]).mean())

    return estimate(mean, len(truth))


def calibration_error(sure: Sequence[float], right: Sequence[bool]) -> Estimate:
    """Expected calibration error (bot.logic.decision_fitting.calibration_error)."""
    chances, hits = np.asarray(sure, dtype=float), np.asarray(right, dtype=bool)
    return estimate(lambda rows: decision_fitting.calibration_error(chances[rows], hits[rows]), len(chances))


def _drawn(count: int) -> NDArray[np.int64]:
    """Rows of each sample, [samples, count]; the same for the same count, so that figures of the same texts are paired."""
    return np.random.default_rng(0).integers(0, count, (_SAMPLES, count))


def _interval(samples: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(samples, _INTERVAL)
    return float(low), float(high)
