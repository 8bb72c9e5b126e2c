"""Finds where phrases hold what was typed: postings of the rarest pair of sounds, then one look-up for each pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.phrases import Kind, Place
from suggest.queries import Costs, Pattern, QueryReader, Sort, Tier, Way
from suggest.sounds import Speller, blurred
from suggest.tables import MARGIN, Ints, Tables, readings_of

Floats = NDArray[np.float32]
Evidence = NDArray[np.float64]

#: A tier that finds this many entries is enough; the next one forgives more.
_ENOUGH = 8
_REMEMBERED = 512
#: Of a long text the end counts, which was typed last.
_MOST_PAIRS = 12


@dataclass(frozen=True)
class Likeness:
    """How far a match is believed (shares of 1), and what it costs a pattern to be met only nearly (nats)."""

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
    initial: float = 0.6
    #: More letters of the last syllable are to come.
    unfinished: float = 0.3
    #: A character's other reading.
    other_reading: float = 1.0
    same_sound: float = 1.5
    fuzzy: float = 1.0
    #: Of pairs that stand apart.
    loose: float = 0.3
    #: Texts that each entry is thought to have beside its own, so that one with few isn't taken for sure.
    unseen: float = 3.0


_LIKENESS, _COSTS = Likeness(), Costs()


@dataclass(frozen=True)
class _PatternCosts:
    """[units]: what it costs each unit to stand for a pattern; infinite where it can't. `sounds`: those of the others."""

    costs: Floats
    sounds: Ints


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

    def count(self, keys: Ints) -> int:
        """How many places have one of the keys."""
        return int((self.begins[keys + 1] - self.begins[keys]).sum())

    def of(self, keys: Ints) -> Ints:
        """The places that have one of the keys, each different."""
        begins = self.begins[keys]
        sizes = self.begins[keys + 1] - begins
        ends = np.cumsum(sizes)
        total = int(ends[-1]) if len(ends) else 0
        places: Ints = self.order[np.arange(total, dtype=np.int32) + np.repeat(begins - ends + sizes, sizes)]
        return places


@dataclass(frozen=True)
class Hits:
    """Places where a way of reading begins, and what each costs."""

    places: Ints
    costs: Floats


@dataclass(frozen=True, order=True)
class Shown:
    """The wording of an entry that holds what was typed: number of the phrase, first and last place."""

    phrase: int
    first: int
    last: int


class Matcher:
    """Matches what is typed against all phrases; remembers the patterns that it met last."""

    def __init__(self, tables: Tables, likeness: Likeness = _LIKENESS, costs: Costs = _COSTS) -> None:
        self._tables = tables
        self._likeness = likeness
        self.reader = QueryReader(tables.words, Speller(tables.spelling), costs)
        sizes = np.diff(tables.begins)
        self._entry_at: Ints = _with_margins(np.repeat(tables.entries, sizes))
        self._weight_at = self._weights(sizes)
        like = likeness
        self._shown_begins = tables.shown_begins
        self._short_at = np.array([like.short_first, like.short_word, like.short_inside, 0.0])
        self._patterns: dict[Pattern, _PatternCosts] = {}
        # Units that sound alike have one number: what may be taken for one another is looked up together.
        names = [blurred(syllable) or char for char, syllable in zip(tables.chars, tables.syllables)]
        known, numbers = np.unique(np.array(names), return_inverse=True)
        self._sound_of: Ints = numbers.astype(np.int32)
        self._sounds = len(known)
        sounds = self._sound_of[tables.units]
        self._singles = _Postings.of_keys(sounds, self._sounds)
        self._pairs = _Postings.of_keys(sounds[:-1] * self._sounds + sounds[1:], self._sounds**2)

    def evidence(self, typed: str) -> Evidence:
        """Of each entry how likely somebody who wants it types this: [entries], 0 where nothing holds it."""
        texts = self.reader.texts(typed)
        found = np.zeros(len(self._tables.ids))
        for tier in self._tiers(texts):
            for text, cost in texts:
                for way in self.reader.ways(text, cost, tier):
                    self._add(found, way)
            if np.count_nonzero(found) >= _ENOUGH:
                return found / self.weight_of
        if texts:
            self._add_loosely(found, self.reader.ways(*texts[0], Tier.SOUNDS)[0])
        return found / self.weight_of

    def _tiers(self, texts: Sequence[tuple[str, float]]) -> Sequence[Tier]:
        """One letter or character has too many that sound alike for that to mean anything."""
        return (Tier.EXACT, Tier.SOUNDS) if texts and len(texts[0][0]) == 1 else (Tier.SOUNDS, Tier.SLIPS)

    def _add(self, found: Evidence, way: Way) -> None:
        """Add to `found` what each entry's texts hold of it."""
        hits = self._hits(way)
        if hits is None:
            return
        weights = self._weight_at[hits.places] * np.exp(-hits.costs)
        if way.is_abbreviated:
            weights *= self._short_at[self._tables.places[hits.places]]
        found += np.bincount(self._entry_at[hits.places], weights, minlength=len(found))

    def _add_loosely(self, found: Evidence, way: Way) -> None:
        """Add what each entry's texts hold of its pairs, wherever they stand: the rarer a pair, the more it tells."""
        pairs = [Way(way.patterns[index : index + 2], 0.0) for index in range(len(way.patterns) - 1)][-_MOST_PAIRS:]
        for pair in pairs if len(pairs) > 1 else ():
            part = np.zeros(len(found))
            self._add(part, pair)
            found += self._likeness.loose * part / max(part.sum(), 1.0)

    def shown(self, typed: str, entries: Iterable[int]) -> dict[int, Shown]:
        """The wordings that show why entries are offered: the standard one if it holds what was typed.

        An entry is missing when only what others asked holds it.
        """
        texts, found = self.reader.texts(typed), dict[int, Shown]()
        for tier in self._tiers(texts):
            missing = [entry for entry in entries if entry not in found]
            if not missing or (found and tier is Tier.SLIPS):
                break
            ways = [way for text, cost in texts for way in self.reader.ways(text, cost, tier)]
            places = self._places_of(missing)
            ranked = sorted((rank, shown) for way in ways for rank, shown in self._wordings(way, places))
            for _, shown in ranked:
                found.setdefault(int(self._tables.entries[shown.phrase]), shown)
        return found

    @cached_property
    def weight_of(self) -> Evidence:
        """[entries]: the weight of each entry's texts."""
        kinds = np.array([self._likeness.standard, self._likeness.similar, self._likeness.asked])
        totals = np.bincount(self._tables.entries, kinds[self._tables.kinds], minlength=len(self._tables.ids))
        return totals + self._likeness.unseen

    def _rank(self, place: int, phrase: int, price: float) -> tuple[bool, float]:
        """Where a match stands among the wordings that could be shown; less is better, the shorter of equals."""
        size = int(self._tables.begins[phrase + 1] - self._tables.begins[phrase])
        is_standard = bool(self._tables.kinds[phrase] == Kind.STANDARD)
        return not is_standard, price + 0.05 * size + (self._tables.places[place] != Place.FIRST)

    def _weights(self, sizes: Ints) -> Floats:
        """[places]: how far a match there is believed."""
        like = self._likeness
        kinds = np.array([like.standard, like.similar, like.asked], dtype=np.float32)
        places = np.array([like.first, like.word, like.inside, 0.0], dtype=np.float32)
        behind = np.repeat(kinds[self._tables.kinds], sizes)
        heavy: Floats = _with_margins(behind)
        heavy[: len(self._tables.places)] *= places[self._tables.places]
        return heavy

    def _hits(self, way: Way) -> Hits | None:
        """Where the way's patterns stand in a row; None for nowhere."""
        patterns = [self._costs_of(pattern) for pattern in way.patterns]
        places = self._candidates(patterns)
        total: Floats = np.full(len(places), way.cost, dtype=np.float32)
        for index, pattern in enumerate(patterns):
            total += pattern.costs[self._tables.units[places + index]]
            kept = total < np.inf
            places, total = places[kept], total[kept]
            if not len(places):
                return None
        return Hits(places, total)

    def _candidates(self, patterns: Sequence[_PatternCosts]) -> Ints:
        """Places where the patterns may begin to stand: those of the rarest two that stand together."""
        if len(patterns) == 1:
            return self._singles.of(patterns[0].sounds)
        best: tuple[int, int, Ints] | None = None
        for index, (one, other) in enumerate(pairwise(patterns)):
            keys = (one.sounds[:, None] * self._sounds + other.sounds).ravel()
            count = self._pairs.count(keys)
            if best is None or count < best[0]:
                best = count, index, keys
        assert best is not None
        _, index, keys = best
        return self._pairs.of(keys) - index

    def _places_of(self, entries: Sequence[int]) -> Ints:
        """The places of the entries' wordings at which somebody may begin to type."""
        tables, starts = self._tables, self._shown_begins
        places = np.concatenate([np.arange(*tables.begins[starts[e : e + 2]]) for e in entries])
        begun: Ints = places[tables.places[places] != Place.BURIED]
        return begun

    def _wordings(self, way: Way, places: Ints) -> Iterator[tuple[tuple[bool, float], Shown]]:
        """Where of these places a wording holds the way's patterns, each with its rank."""
        tables = self._tables
        total: Floats = np.full(len(places), way.cost, dtype=np.float32)
        for index, pattern in enumerate(way.patterns):
            total += self._costs_of(pattern).costs[tables.units[places + index]]
            kept = total < np.inf
            places, total = places[kept], total[kept]
            if not len(places):
                return
        phrases = np.searchsorted(tables.begins, places, side="right") - 1
        for place, phrase, price in zip(places.tolist(), phrases.tolist(), total.tolist()):
            yield self._rank(place, phrase, price), Shown(phrase, place, place + len(way.patterns) - 1)

    def _costs_of(self, pattern: Pattern) -> _PatternCosts:
        known = self._patterns.get(pattern)
        if known is None:
            if len(self._patterns) >= _REMEMBERED:
                self._patterns.clear()
            costs = self._new_costs(pattern)
            known = self._patterns[pattern] = _PatternCosts(costs, np.unique(self._sound_of[costs < np.inf]))
        return known

    def _new_costs(self, pattern: Pattern) -> Floats:
        """[units]: what it costs each unit to stand for the pattern; infinite where it can't."""
        costs = np.full(len(self._tables.chars), np.inf, dtype=np.float32)
        like = self._likeness
        if pattern.sort in (Sort.CHAR, Sort.ALIKE):
            if pattern.sort is Sort.ALIKE:
                for reading in readings_of(self._tables, pattern.text):
                    _lower(costs, self._sounding(reading), like.same_sound)
                    _lower(costs, self._blurring(reading), like.same_sound + like.fuzzy)
            _lower(costs, self._vocabulary.by_char.get(pattern.text, ()), 0.0)
            return costs
        if pattern.sort is Sort.INITIAL:
            _lower(costs, self._starting(pattern.text), like.initial)
            _lower(costs, self._vocabulary.by_char.get(pattern.text, ()), 0.0)
            return costs
        if pattern.blurred:
            _lower(costs, self._blurring(pattern.text), like.fuzzy)
        if pattern.sort is Sort.BEGUN:
            if pattern.blurred:
                _lower(costs, self._blurry_starting(pattern.text), like.fuzzy + like.unfinished)
            _lower(costs, self._starting(pattern.text), like.unfinished)
        _lower(costs, self._vocabulary.by_other.get(pattern.text, ()), like.other_reading)
        _lower(costs, self._sounding(pattern.text), 0.0)
        return costs

    def _sounding(self, syllable: str) -> Sequence[int]:
        return self._vocabulary.by_syllable.get(syllable, ())

    def _blurring(self, syllable: str) -> Sequence[int]:
        return self._vocabulary.by_blurred.get(blurred(syllable), ())

    def _starting(self, beginning: str) -> list[int]:
        known = self._vocabulary.by_syllable
        return [unit for syllable, units in known.items() if syllable.startswith(beginning) for unit in units]

    def _blurry_starting(self, beginning: str) -> list[int]:
        known, plain = self._vocabulary.by_blurred, blurred(beginning)
        return [unit for syllable, units in known.items() if syllable.startswith(plain) for unit in units]

    @cached_property
    def _vocabulary(self) -> _Vocabulary:
        return _Vocabulary.of(self._tables)


@dataclass(frozen=True)
class _Vocabulary:
    """The units by what they may be called by."""

    by_char: dict[str, list[int]]
    by_syllable: dict[str, list[int]]
    by_blurred: dict[str, list[int]]
    #: By a reading that the character has elsewhere.
    by_other: dict[str, list[int]]

    @classmethod
    def of(cls, tables: Tables) -> _Vocabulary:
        made = cls({}, {}, {}, {})
        for unit, (char, syllable) in enumerate(zip(tables.chars, tables.syllables)):
            if not char:
                continue
            made.by_char.setdefault(char, []).append(unit)
            if syllable:
                made.by_syllable.setdefault(syllable, []).append(unit)
                made.by_blurred.setdefault(blurred(syllable), []).append(unit)
            for other in readings_of(tables, char):
                if other != syllable:
                    made.by_other.setdefault(other, []).append(unit)
        return made


def _lower(costs: Floats, units: Sequence[int], cost: float) -> None:
    if units:
        chosen = np.asarray(units)
        costs[chosen] = np.minimum(costs[chosen], cost)


def _with_margins(values: NDArray[Any]) -> NDArray[Any]:
    return np.pad(values, MARGIN)
