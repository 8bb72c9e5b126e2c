"""What it costs a unit of a phrase (a character with its syllable) to stand for a pattern of what is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suggest.queries import Pattern, Sort
from suggest.recent import Recent
from suggest.sounds import blurred
from suggest.tables import Ints, Tables, readings_of

Floats = NDArray[np.float32]

#: Bytes of the patterns met lately.
_REMEMBERED = 6_000_000


@dataclass(frozen=True)
class Nearness:
    """What it costs a pattern to be met only nearly (nats)."""

    initial: float = 0.6
    #: More letters of the last syllable are to come.
    unfinished: float = 0.3
    #: A character's other reading.
    other_reading: float = 1.0
    same_sound: float = 1.5
    fuzzy: float = 1.0


@dataclass(frozen=True)
class PatternCosts:
    """[units]: what it costs each unit to stand for a pattern; infinite where it can't. `sounds`: those of the others."""

    costs: Floats
    sounds: Ints


class Vocabulary:
    """The units by what they may be called by. Units that sound alike share a sound, which has a number."""

    def __init__(self, tables: Tables, nearness: Nearness) -> None:
        self._tables = tables
        self._nearness = nearness
        self._size = len(tables.chars)
        self._recent: Recent[Pattern, PatternCosts] = Recent(_REMEMBERED)
        # What may be taken for one another is looked up together.
        names = [blurred(syllable) or char for char, syllable in zip(tables.chars, tables.syllables)]
        known, numbers = np.unique(np.array(names), return_inverse=True)
        self.sound_of: Ints = numbers.astype(np.int32)
        self.sounds = len(known)
        self._by_char: dict[str, list[int]] = {}
        self._by_syllable: dict[str, list[int]] = {}
        self._by_blurred: dict[str, list[int]] = {}
        #: By a reading that the character has elsewhere.
        self._by_other: dict[str, list[int]] = {}
        for unit, (char, syllable) in enumerate(zip(tables.chars, tables.syllables)):
            if char:
                self._add(unit, char, syllable)

    def costs(self, pattern: Pattern) -> PatternCosts:
        """What it costs each unit to stand for the pattern."""
        known = self._recent.get(pattern)
        if known is None:
            costs = self._new_costs(pattern)
            known = PatternCosts(costs, np.unique(self.sound_of[costs < np.inf]))
            self._recent.put(pattern, known, costs.nbytes + known.sounds.nbytes)
        return known

    def _add(self, unit: int, char: str, syllable: str) -> None:
        self._by_char.setdefault(char, []).append(unit)
        if syllable:
            self._by_syllable.setdefault(syllable, []).append(unit)
            self._by_blurred.setdefault(blurred(syllable), []).append(unit)
        for other in readings_of(self._tables, char):
            if other != syllable:
                self._by_other.setdefault(other, []).append(unit)

    def _new_costs(self, pattern: Pattern) -> Floats:
        costs: Floats = np.full(self._size, np.inf, dtype=np.float32)
        if pattern.sort in (Sort.CHAR, Sort.ALIKE):
            self._cost_of_character(costs, pattern)
        elif pattern.sort is Sort.INITIAL:
            _lower(costs, self._starting(pattern.text), self._nearness.initial)
            _lower(costs, self._by_char.get(pattern.text, ()), 0.0)
        else:
            self._cost_of_syllable(costs, pattern)
        return costs

    def _cost_of_character(self, costs: Floats, pattern: Pattern) -> None:
        near = self._nearness
        if pattern.sort is Sort.ALIKE:
            for reading in readings_of(self._tables, pattern.text):
                _lower(costs, self._by_syllable.get(reading, ()), near.same_sound)
                _lower(costs, self._by_blurred.get(blurred(reading), ()), near.same_sound + near.fuzzy)
        _lower(costs, self._by_char.get(pattern.text, ()), 0.0)

    def _cost_of_syllable(self, costs: Floats, pattern: Pattern) -> None:
        near = self._nearness
        if pattern.blurred:
            _lower(costs, self._by_blurred.get(blurred(pattern.text), ()), near.fuzzy)
        if pattern.sort is Sort.BEGUN:
            if pattern.blurred:
                _lower(costs, self._blurry_starting(pattern.text), near.fuzzy + near.unfinished)
            _lower(costs, self._starting(pattern.text), near.unfinished)
        _lower(costs, self._by_other.get(pattern.text, ()), near.other_reading)
        _lower(costs, self._by_syllable.get(pattern.text, ()), 0.0)

    def _starting(self, beginning: str) -> list[int]:
        return [u for syllable, units in self._by_syllable.items() if syllable.startswith(beginning) for u in units]

    def _blurry_starting(self, beginning: str) -> list[int]:
        plain = blurred(beginning)
        return [u for syllable, units in self._by_blurred.items() if syllable.startswith(plain) for u in units]


def _lower(costs: Floats, units: Sequence[int], cost: float) -> None:
    if units:
        chosen = np.asarray(units)
        costs[chosen] = np.minimum(costs[chosen], cost)
