"""Texts that are nearly the same: Jaccard over character trigrams, found without comparing every pair.

Two sets that are alike by at least t share one of their rarest grams, so only those few are looked up (prefix
filtering; Bayardo, Ma & Srikant 2007). 30,000 short texts take a second or two.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from common.text import normalise

#: Shorter texts have too few trigrams to be alike: they are compared as a whole.
SHORT = 6


@dataclass(frozen=True)
class Pair:
    """Two texts that are alike."""

    first: int
    second: int
    #: 0..1
    likeness: float


@lru_cache(maxsize=200_000)
def bare(text: str) -> str:
    """What two typings of one sentence share: letters and digits of the normalised text. Aliases stay: an
    abbreviation is another example, not the same one.
    """
    return "".join(char for char in normalise(text).text if char.isalnum()) or text


def grams(key: str) -> frozenset[str]:
    """The character trigrams of a bare text; a short one is its own only gram."""
    if len(key) < SHORT:
        return frozenset({key})
    return frozenset(key[start : start + 3] for start in range(len(key) - 2))


def within(keys: Sequence[str], threshold: float) -> Iterator[Pair]:
    """Pairs of `keys` (bare texts) with a Jaccard likeness of at least `threshold`, the earlier one first."""
    yield from _join(keys, keys, threshold, itself=True)


def between(keys: Sequence[str], others: Sequence[str], threshold: float) -> Iterator[Pair]:
    """Pairs of one of `keys` and one of `others` with a likeness of at least `threshold`."""
    yield from _join(keys, others, threshold, itself=False)


def _join(keys: Sequence[str], others: Sequence[str], threshold: float, itself: bool) -> Iterator[Pair]:
    left = [grams(key) for key in keys]
    right = left if itself else [grams(key) for key in others]
    counts = Counter(gram for sets in ((left,) if itself else (left, right)) for found in sets for gram in found)
    by_gram: dict[str, list[int]] = defaultdict(list)
    if not itself:
        for index, found in enumerate(right):
            for gram in _rarest(found, counts, threshold):
                by_gram[gram].append(index)
    for index, found in enumerate(left):
        rarest = _rarest(found, counts, threshold)
        for other in {other for gram in rarest for other in by_gram[gram]}:
            likeness = jaccard(found, right[other])
            if likeness >= threshold:
                yield Pair(other, index, likeness) if itself else Pair(index, other, likeness)
        if itself:
            for gram in rarest:
                by_gram[gram].append(index)


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Shared grams over all grams of two texts."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def _rarest(found: frozenset[str], counts: Counter[str], threshold: float) -> list[str]:
    """One of these must be among the other text's, if the two are alike."""
    kept = len(found) - math.ceil(threshold * len(found)) + 1
    return sorted(found, key=lambda gram: (counts[gram], gram))[:kept]
