"""Finds where phrases hold patterns in a row: those of one pattern less, of which the last decides.

Who types on asks for the same row and one pattern more, so rows are remembered and only ever grow by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suggest.queries import Pattern
from suggest.recent import Recent
from suggest.tables import Ints, Tables
from suggest.vocabulary import Floats, Vocabulary

#: Bytes of the rows found lately, and what each takes beside its arrays.
_REMEMBERED = 10_000_000
_OVERHEAD = 600
#: Rows of so few patterns stand at very many places.
_SHORT = 2


@dataclass(frozen=True)
class Hits:
    """Places where a row begins, ascending, and what each costs."""

    places: Ints
    costs: Floats


_NONE = Hits(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))


@dataclass(frozen=True)
class _Postings:
    """At which places each key stands."""

    order: Ints
    #: [keys + 1]: where those of each key begin.
    begins: Ints

    @classmethod
    def of_keys(cls, keys: Ints, count: int) -> _Postings:
        """The postings of `keys` [places], numbers below `count`."""
        begins = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=count))])
        return cls(np.argsort(keys, kind="stable").astype(np.int32), begins.astype(np.int32))

    def of(self, keys: Ints) -> Ints:
        """The places that have one of the keys, each different; ascending."""
        begins = self.begins[keys]
        sizes = self.begins[keys + 1] - begins
        held = np.flatnonzero(sizes)
        if not len(held):
            return _NONE.places
        begins, sizes = begins[held], sizes[held]
        ends = np.cumsum(sizes)
        places: Ints = self.order[np.arange(ends[-1], dtype=np.int32) + np.repeat(begins - ends + sizes, sizes)]
        places.sort()
        return places


class Rows:
    """Where phrases hold rows of patterns."""

    def __init__(self, tables: Tables, vocabulary: Vocabulary) -> None:
        self._units = tables.units
        self._vocabulary = vocabulary
        self._recent: Recent[tuple[Pattern, ...], Hits] = Recent(_REMEMBERED)
        sounds, count = vocabulary.sound_of[tables.units], vocabulary.sounds
        self._count = count
        self._singles = _Postings.of_keys(sounds, count)
        self._pairs = _Postings.of_keys(sounds[:-1] * count + sounds[1:], count**2)

    def find(self, patterns: Sequence[Pattern]) -> Hits:
        """Where the patterns stand one after another."""
        row = tuple(patterns)
        known, size = self._recent.get(row), len(row)
        while known is None and size > 2:
            size -= 1
            known = self._recent.get(row[:size])
        if known is None:
            known = self._begun(row[:2])
        for end in range(size + 1, len(row) + 1):
            if not len(known.places):
                return self._keep(row, _NONE)
            known = self._keep(row[:end], self._grown(known, row[end - 1], end - 1))
        return known

    def among(self, patterns: Sequence[Pattern], places: Ints) -> Hits:
        """Those at the given places (ascending), or all of them where that is as cheap."""
        row = tuple(patterns)
        hits = self._recent.get(row) if len(row) <= _SHORT else self.find(row)
        if hits is None:
            hits = Hits(places, np.zeros(len(places), dtype=np.float32))
            for index, pattern in enumerate(row):
                hits = self._grown(hits, pattern, index)
        return hits

    def _begun(self, row: tuple[Pattern, ...]) -> Hits:
        """The hits of one or two patterns."""
        costs = [self._vocabulary.costs(pattern) for pattern in row]
        if len(row) == 1:
            places = self._singles.of(costs[0].sounds)
        else:
            places = self._pairs.of((costs[0].sounds[:, None] * self._count + costs[1].sounds).ravel())
        hits = Hits(places, np.zeros(len(places), dtype=np.float32))
        for index, pattern in enumerate(row):
            hits = self._grown(hits, pattern, index)
        return self._keep(row, hits)

    def _grown(self, hits: Hits, pattern: Pattern, index: int) -> Hits:
        """Those of the hits whose place `index` later has the pattern too."""
        totals = hits.costs + self._vocabulary.costs(pattern).costs[self._units[hits.places + index]]
        kept = (totals < np.inf).nonzero()[0]
        if not len(kept):
            return _NONE
        return Hits(hits.places[kept], totals[kept])

    def _keep(self, row: tuple[Pattern, ...], hits: Hits) -> Hits:
        return self._recent.put(row, hits, hits.places.nbytes + hits.costs.nbytes + _OVERHEAD)
