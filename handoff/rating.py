"""The rating of an episode in five dimensions, as one figure."""

from __future__ import annotations

from collections.abc import Mapping


def weighted(ratings: Mapping[str, int], percent: Mapping[str, int]) -> float:
    """The weighted mean (1..5, two decimals) of a rating in every dimension of `percent`; 0 when one is missing."""
    if any(name not in ratings for name in percent):
        return 0.0
    return round(sum(ratings[name] * share for name, share in percent.items()) / 100, 2)
