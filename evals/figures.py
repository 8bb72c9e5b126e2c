"""Shares with their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_SAMPLES = 1000


@dataclass(frozen=True)
class Share:
    """How many of a number of texts, with a 95 % interval by bootstrap (Efron 1979) over the texts."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:6.1%} ({self.low:.1%}–{self.high:.1%}, n={self.count})"


def share(hits: Sequence[bool]) -> Share:
    """The share of hits; of nothing it is 0."""
    if not len(hits):
        return Share(0.0, 0.0, 0.0, 0)
    values = np.asarray(hits, dtype=float)
    drawn = np.random.default_rng(0).integers(0, len(values), (_SAMPLES, len(values)))
    means = values[drawn].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Share(float(values.mean()), float(low), float(high), len(values))
