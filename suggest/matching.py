"""How likely somebody who wants an entry types this, by where the entry's texts hold it, and which wording shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.phrases import Kind, Place
from suggest.queries import Costs, QueryReader, Tier, Way
from suggest.rows import Hits, Rows
from suggest.sounds import Speller
from suggest.tables import MARGIN, Ints, Tables
from suggest.vocabulary import Floats, Nearness, Vocabulary

Evidence = NDArray[np.float64]

#: A tier that finds this many entries is enough; the next one forgives more.
_ENOUGH = 8
#: Of a long text the end counts, which was typed last.
_MOST_PAIRS = 12
#: More than any price and length: the standard wording comes before all others.
_NOT_STANDARD = 1000.0


@dataclass(frozen=True)
class Likeness:
    """How far a match is believed (shares of 1)."""

    first: float = 1.0
    word: float = 0.35
    inside: float = 0.05
    #: What is left of that for an abbreviation.
    short_first: float = 1.0
    short_word: float = 0.6
    short_inside: float = 0.1
    #: Of a text of each kind.
    standard: float = 1.0
    similar: float = 1.0
    asked: float = 0.6
    #: Of pairs that stand apart.
    loose: float = 0.3
    #: Texts that each entry is thought to have beside its own, so that one with few isn't taken for sure.
    unseen: float = 3.0
    nearness: Nearness = field(default_factory=Nearness)


_LIKENESS, _COSTS = Likeness(), Costs()


@dataclass(frozen=True, order=True)
class Shown:
    """The wording of an entry that holds what was typed: number of the phrase, first and last place."""

    phrase: int
    first: int
    last: int


class _Weighed(NamedTuple):
    """Entries whose texts hold something, some of them often, and how far each match is believed."""

    entries: Ints
    weights: Floats


class Matcher:
    """Matches what is typed against all phrases."""

    def __init__(self, tables: Tables, likeness: Likeness = _LIKENESS, costs: Costs = _COSTS) -> None:
        self._tables = tables
        self._likeness = likeness
        self._reader = QueryReader(tables.words, Speller(tables.spelling), costs)
        self._rows = Rows(tables, Vocabulary(tables, likeness.nearness))
        sizes = np.diff(tables.begins)
        self._entry_at: Ints = _with_margins(np.repeat(tables.entries, sizes))
        self._weight_at = self._weights(sizes)
        self._short_weight_at = self._weight_at * self._short_at()
        self._all_places: Ints = np.arange(tables.begins[len(tables.texts)], dtype=np.int32)
        # Of each entry where the places of the texts begin that may be shown.
        self._shown_begins: Ints = tables.begins[tables.shown_begins]
        self._worse = (_NOT_STANDARD * (tables.kinds != Kind.STANDARD) + 0.05 * sizes).astype(np.float32)

    def evidence(self, typed: str) -> Evidence:
        """Of each entry how likely somebody who wants it types this: [entries], 0 where nothing holds it."""
        texts = self._reader.texts(typed)
        found: list[_Weighed] = []
        for tier in _tiers(texts):
            found += self._held(self._ways(texts, tier))
            evidence = self._summed(found)
            if np.count_nonzero(evidence) >= _ENOUGH:
                return evidence / self.weight_of
        if texts:
            found += self._held_loosely(self._reader.ways(*texts[0], Tier.SOUNDS)[0])
        return self._summed(found) / self.weight_of

    def shown(self, typed: str, entries: Sequence[int]) -> dict[int, Shown]:
        """The wordings that show why entries are offered: the standard one if it holds what was typed.

        An entry is missing when only what others asked holds it.
        """
        texts, found = self._reader.texts(typed), dict[int, Shown]()
        for tier in _tiers(texts):
            missing = [entry for entry in entries if entry not in found]
            if not missing or (found and tier is Tier.SLIPS):
                break
            found.update(self._best(missing, self._ways(texts, tier)))
        return found

    @cached_property
    def weight_of(self) -> Evidence:
        """[entries]: the weight of each entry's texts."""
        kinds = np.array([self._likeness.standard, self._likeness.similar, self._likeness.asked])
        totals = np.bincount(self._tables.entries, kinds[self._tables.kinds], minlength=len(self._tables.ids))
        return totals + self._likeness.unseen

    def _ways(self, texts: Sequence[tuple[str, float]], tier: Tier) -> Iterator[Way]:
        for text, cost in texts:
            yield from self._reader.ways(text, cost, tier)

    def _held(self, ways: Iterable[Way]) -> Iterator[_Weighed]:
        """What the texts hold of each way; nothing of most."""
        for way in ways:
            hits = self._rows.find(way.patterns)
            if len(hits.places):
                weight_at = self._short_weight_at if way.is_abbreviated else self._weight_at
                weights = weight_at[hits.places] * np.exp(-hits.costs - way.cost)
                yield _Weighed(self._entry_at[hits.places], weights)

    def _held_loosely(self, way: Way) -> Iterator[_Weighed]:
        """What the texts hold of its pairs, wherever they stand: the rarer a pair, the more it tells."""
        pairs = [Way(way.patterns[index : index + 2], 0.0) for index in range(len(way.patterns) - 1)][-_MOST_PAIRS:]
        for part in self._held(pairs if len(pairs) > 1 else ()):
            yield _Weighed(part.entries, part.weights * (self._likeness.loose / max(float(part.weights.sum()), 1.0)))

    def _summed(self, parts: Sequence[_Weighed]) -> Evidence:
        """[entries]: the weights of all parts."""
        if not parts:
            return np.zeros(len(self._tables.ids))
        entries, weights = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        summed: Evidence = np.bincount(entries, weights, minlength=len(self._tables.ids)).astype(np.float64)
        return summed

    def _best(self, entries: Sequence[int], ways: Iterable[Way]) -> dict[int, Shown]:
        """Of each entry the wording to show, among those that hold one of the ways."""
        begins, ends = (self._shown_begins[np.add(entries, later)] for later in (0, 1))
        places = np.concatenate(
            [self._all_places[begin:end] for begin, end in sorted(zip(begins.tolist(), ends.tolist()))]
        )
        parts: list[tuple[Hits, float, int]] = []
        for way in ways:
            hits = self._rows.among(way.patterns, places)
            if len(hits.places):
                bounds = zip(np.searchsorted(hits.places, begins).tolist(), np.searchsorted(hits.places, ends).tolist())
                parts += [
                    (Hits(hits.places[begin:end], hits.costs[begin:end]), way.cost, len(way.patterns))
                    for begin, end in bounds
                    if begin < end
                ]
        return self._ranked(parts) if parts else {}

    def _ranked(self, parts: Sequence[tuple[Hits, float, int]]) -> dict[int, Shown]:
        """The first of each entry: its standard wording, the nearest match, the shorter of equals."""
        places = np.concatenate([hits.places for hits, _, _ in parts])
        sizes = [len(hits.places) for hits, _, _ in parts]
        prices = np.concatenate([hits.costs for hits, _, _ in parts]) + np.repeat([cost for _, cost, _ in parts], sizes)
        lengths = np.repeat([length for _, _, length in parts], sizes)
        phrases = np.searchsorted(self._tables.begins, places, side="right") - 1
        ranks = prices + self._worse[phrases] + (self._tables.places[places] != Place.FIRST)
        order = np.lexsort((places, ranks))
        order = order[self._tables.places[places[order]] != Place.BURIED]
        entries, firsts = np.unique(self._tables.entries[phrases[order]], return_index=True)
        return {
            entry: Shown(int(phrases[row]), int(places[row]), int(places[row] + lengths[row]) - 1)
            for entry, row in zip(entries.tolist(), order[firsts].tolist())
        }

    def _weights(self, sizes: Ints) -> Floats:
        """[places]: how far a match there is believed."""
        like = self._likeness
        kinds = np.array([like.standard, like.similar, like.asked], dtype=np.float32)
        places = np.array([like.first, like.word, like.inside, 0.0], dtype=np.float32)
        behind = np.repeat(kinds[self._tables.kinds], sizes)
        heavy: Floats = _with_margins(behind)
        heavy[: len(self._tables.places)] *= places[self._tables.places]
        return heavy

    def _short_at(self) -> Floats:
        """[places]: what is left of that for an abbreviation."""
        like = self._likeness
        kept = np.array([like.short_first, like.short_word, like.short_inside, 0.0], dtype=np.float32)
        short: Floats = kept[self._tables.places]
        return short


def _tiers(texts: Sequence[tuple[str, float]]) -> Sequence[Tier]:
    """One letter or character has too many that sound alike for that to mean anything."""
    return (Tier.EXACT, Tier.SOUNDS) if texts and len(texts[0][0]) == 1 else (Tier.SOUNDS, Tier.SLIPS)


def _with_margins(values: NDArray[Any]) -> NDArray[Any]:
    return np.pad(values, MARGIN)
