"""Learns the ranker's weights from impressions: what was shown, and what the player wanted after all.

Once it is known what a player asked, by a tap or by typing, every entry has a label: that one 1, all others 0. Those not
shown are represented by a few that the impression drew, with their weight. Where a player asked nothing, only the chips
they are likely to have looked at count as passed over. How likely that is at each place shows in those who typed what
stood there (position bias by examination; Richardson et al. 2007, Craswell et al. 2008).

The fit is the maximum of the posterior by Newton steps, in turns over the dense weights and the groups of biases, in each
of which a row has one bias, so that the Hessian is diagonal. The belief is Laplace's approximation at that maximum.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.features import FEATURES, VERSION
from suggest.popularity import Floats
from suggest.ranker import ENTRY_SD, PAIR_SD, Belief, Weights, prior_means, prior_precision
from suggest.store import Impression

Places = NDArray[np.int64]

#: Places of chips, card included.
SHOWN = 6
#: What is believed of looking at each place before it was seen, and how many observations that is worth.
_LOOKED = 0.85
_LOOKED_WORTH = 30.0
#: Impressions of a time when more of 1 asked because of an outage are not learned from.
_QUIET = 0.15
#: Below this a bias is not worth its bytes.
_SMALLEST = 0.01
_ROUNDS = 10
_GROUPS = ("", "event", "page")


@dataclass
class _Table:
    """Impressions as arrays; a row for each entry of each impression."""

    #: How many impressions.
    count: int
    #: [rows, FEATURES]
    features: Floats
    #: 1 where the entry was asked.
    labels: Floats
    #: How many entries a row stands for; 0 where nothing was asked.
    weights: Floats
    #: Where it stood, -1: it was not shown.
    ranks: Places
    #: 1 where the player tapped something.
    tapped: Places
    #: For each group the number of the row's bias, -1: none.
    biases: list[Places]
    #: For each group (where, entry) of each number.
    names: list[list[tuple[str, str]]]


def train(impressions: Iterable[Impression]) -> Weights:
    """The weights that these impressions speak for; without any that can be used, the prior.

    They are gone through once, so that they need not be in memory all at once.
    """
    table = _table(impressions)
    if not table.count:
        return Weights()
    looked = _examination(table)
    told_nothing = table.weights == 0
    table.weights[told_nothing] = looked[np.minimum(table.ranks[told_nothing], SHOWN - 1)]
    means, covariance, biases = _fit(table)
    found: dict[str, dict[str, Belief]] = {}
    for names, (values, variances) in zip(table.names, biases):
        for (where, entry), value, variance in zip(names, values.tolist(), variances.tolist()):
            if abs(value) > _SMALLEST:
                found.setdefault(where, {})[entry] = (round(value, 4), round(variance, 5))
    return Weights(
        tuple(means.tolist()), tuple(map(tuple, covariance.tolist())), found, table.count, tuple(looked.tolist())
    )


def _examination(table: _Table) -> Floats:
    """How likely a chip is looked at, by its place: of those who wanted what stood there, how many tapped it. [SHOWN]"""
    wanted = (table.labels == 1) & (table.ranks >= 0) & (table.ranks < SHOWN)
    all_of = np.bincount(table.ranks[wanted], minlength=SHOWN)
    tapped = np.bincount(table.ranks[wanted & (table.tapped == 1)], minlength=SHOWN)
    return np.asarray((tapped + _LOOKED * _LOOKED_WORTH) / (all_of + _LOOKED_WORTH))


def _is_usable(impression: Impression) -> bool:
    """Whether it has our features, and no outage made it."""
    rows = impression.rows
    same = impression.version == VERSION and bool(rows) and len(rows[0].features) == len(FEATURES)
    return same and impression.trend <= _QUIET


def _table(impressions: Iterable[Impression]) -> _Table:
    features, labels, weights = array("d"), array("d"), array("d")
    ranks, tapped = array("q"), array("q")
    numbers: list[dict[tuple[str, str], int]] = [{} for _ in _GROUPS]
    biases = [array("q") for _ in _GROUPS]
    count = 0
    for impression in filter(_is_usable, impressions):
        count += 1
        where = ("", impression.event and f"event:{impression.event}", impression.page and f"page:{impression.page}")
        for row in impression.rows:
            if not impression.asked and row.rank < 0:
                continue
            features.extend(row.features)
            labels.append(row.entry == impression.asked)
            weights.append(row.weight if impression.asked else 0)
            ranks.append(row.rank)
            tapped.append(impression.is_picked)
            for group, known in enumerate(numbers):
                is_known = group == 0 or bool(where[group])
                biases[group].append(known.setdefault((where[group], row.entry), len(known)) if is_known else -1)
    return _Table(
        count,
        np.asarray(features).reshape(-1, len(FEATURES)),
        np.asarray(labels),
        np.asarray(weights),
        np.asarray(ranks),
        np.asarray(tapped),
        [np.asarray(group) for group in biases],
        [list(known) for known in numbers],
    )


def _fit(table: _Table) -> tuple[Floats, Floats, list[tuple[Floats, Floats]]]:
    """Means and covariance of the dense weights, values and variances of each group's biases."""
    prior, precision = prior_means(), prior_precision()
    means = prior.copy()
    values = [np.zeros(len(names)) for names in table.names]
    scores = table.features @ means
    curvature = np.diag(precision)
    variances: list[Floats] = []
    for _ in range(_ROUNDS):
        chances, steep = _slopes(scores, table)
        curvature = (table.features * steep[:, None]).T @ table.features + np.diag(precision)
        slope = table.features.T @ (table.weights * (table.labels - chances)) - precision * (means - prior)
        step = np.linalg.solve(curvature, slope)
        means += step
        scores += table.features @ step
        variances = []
        for group, rows in enumerate(table.biases):
            deviation = ENTRY_SD if group == 0 else PAIR_SD
            variances.append(_step(table, scores, values[group], rows, deviation**-2.0))
    return means, np.linalg.inv(curvature), list(zip(values, variances))


def _step(table: _Table, scores: Floats, values: Floats, rows: Places, precision: float) -> Floats:
    """One Newton step of a group's biases, `values` and `scores` changed in place; their variances."""
    has = rows >= 0
    chances, steep = _slopes(scores, table)
    slope = np.bincount(rows[has], (table.weights * (table.labels - chances))[has], len(values)) - precision * values
    curvature = np.bincount(rows[has], steep[has], len(values)) + precision
    step = np.clip(slope / curvature, -1, 1)
    values += step
    scores[has] += step[rows[has]]
    return np.asarray(1 / curvature)


def _slopes(scores: Floats, table: _Table) -> tuple[Floats, Floats]:
    chances = 1 / (1 + np.exp(-scores))
    return chances, table.weights * chances * (1 - chances)
