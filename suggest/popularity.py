"""How often each entry is asked, and what is asked far more than usual right now.

Shares are Dirichlet means in two steps: the prior of day one, moved by the last weeks (half-life 7 d), moved by the last
hours (2 h). A trend is an excess over the long baseline that a gamma-Poisson model can't take for chance: three players who
ask the same odd thing are none, an outage is one within the first dozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.store import Counts

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

#: How many questions asked the prior, and the share of the weeks before, are worth.
PRIOR_WORTH = 300.0
WEEK_WORTH = 600.0
#: So many of all questions are as likely about any entry as about any other: what nobody can guess.
ANYTHING = 0.3
#: Of entries of a scenario that nobody has asked yet the first is the commonest: 1, 1/2 ** SLOPE, 1/3 ** SLOPE ...
SLOPE = 0.8
#: The gamma prior of a trend's ratio has this shape and rate (mean 1).
RATIO_SHAPE = 2.0
#: The ratio must be above this with 95 % certainty.
RATIO_BAR = 1.5
_Z = 1.645
#: No outage makes more of all questions.
_MOST = 0.95


@dataclass(frozen=True)
class Popularity:
    """Of each entry, in the order of the library."""

    #: How many of 1 ask it, in general. [entries]
    share: Floats
    #: How many of 1 ask it because of what happens right now; 0 for most. [entries]
    trend: Floats


def day_one(scenarios: Sequence[str], weights: Mapping[str, float]) -> Floats:
    """Shares before anything was counted. [entries]

    `scenarios` is each entry's scenario in the order of the library, `weights` a scenario's weight on any scale
    (data/traffic.tsv); one without a weight counts as the lightest.
    """
    lightest = min((weight for weight in weights.values() if weight > 0), default=1.0)
    places: dict[str, int] = {}
    shares = np.zeros(len(scenarios))
    for row, scenario in enumerate(scenarios):
        places[scenario] = places.get(scenario, 0) + 1
        shares[row] = places[scenario] ** -SLOPE
    whole = {name: float(shares[[s == name for s in scenarios]].sum()) for name in places}
    heavy = np.asarray([(weights.get(name) or lightest) / whole[name] for name in scenarios])
    shares *= heavy
    return np.asarray(shares / shares.sum()) if len(shares) else shares


class Counter:
    """Makes Popularity of counts, for one library."""

    def __init__(self, entries: Sequence[str], scenarios: Sequence[str], prior: Floats) -> None:
        """`prior` are the shares of day one. [entries]"""
        self._rows = {entry: row for row, entry in enumerate(entries)}
        names = {name: number for number, name in enumerate(dict.fromkeys(scenarios))}
        self._scenario = np.asarray([names[name] for name in scenarios], dtype=np.int64)
        self._prior = prior

    def popularity(self, counts: Counts) -> Popularity:
        """Of these counts; entries that the library no longer has are left out."""
        now, hours, week = (self._dense(part) for part in (counts.now, counts.hours, counts.week))
        usual = _moved(self._prior, week, PRIOR_WORTH)
        share = _moved(usual, hours, WEEK_WORTH)
        trend = self._trend(now, usual)
        return Popularity((1 - ANYTHING) * share + ANYTHING / max(len(share), 1), trend)

    def _dense(self, counts: Mapping[str, float]) -> Floats:
        dense = np.zeros(len(self._rows))
        for entry, weight in counts.items():
            row = self._rows.get(entry)
            if row is not None:
                dense[row] = weight
        return dense

    def _trend(self, now: Floats, usual: Floats) -> Floats:
        """The excess share of each entry, its own or its part of its scenario's."""
        total = now.sum()
        if not total:
            return np.zeros_like(now)
        together: Floats = np.bincount(self._scenario, now).astype(np.float64)
        excess = _excess(together, total * np.bincount(self._scenario, usual))[self._scenario]
        part = now / np.maximum(together, 1e-9)[self._scenario]
        trend = np.maximum(_excess(now, usual * total), excess * part) / total
        return np.asarray(trend * min(1.0, _MOST / max(float(trend.sum()), _MOST)))


def _moved(share: Floats, counts: Floats, worth: float) -> Floats:
    return np.asarray((counts + worth * share) / (counts.sum() + worth))


def _excess(count: Floats, expected: Floats) -> Floats:
    """How many more than expected there are for certain; 0 where it may be chance."""
    ratio = _low(count + RATIO_SHAPE) / (expected + RATIO_SHAPE)
    return np.asarray(np.where(ratio > RATIO_BAR, np.maximum(_low(count + 0.5) - expected, 0), 0))


def _low(shape: Floats) -> Floats:
    """The 5 % quantile of a gamma of rate 1 (Wilson & Hilferty 1931)."""
    return np.asarray(shape * np.maximum(1 - 1 / (9 * shape) - _Z / (3 * np.sqrt(shape)), 0) ** 3)
