"""What is in the field, as the ways to read it: characters, syllables, initials, slang. Each way is a row of patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum

from common.text import Aliases, normalise
from suggest.phrases import is_typed
from suggest.sounds import Letters, Part, Speller
from suggest.tables import Words

_RUN = re.compile(r"[a-z0-9]+|.")
#: Nobody looks for a question by more than this.
LONGEST = 64
_REMEMBERED = 256
#: Runs of letters in one text beyond which readings multiply.
_MOST_WAYS = 12


class Tier(IntEnum):
    """How much is forgiven."""

    #: Nothing.
    EXACT = 0
    #: Characters of the same sound, fuzzy pinyin.
    SOUNDS = 1
    #: Slips of the finger in pinyin too.
    SLIPS = 2


class Sort(Enum):
    """What a pattern asks of a unit."""

    #: This very character.
    CHAR = "char"
    #: A character that sounds like this one, or nearly so.
    ALIKE = "alike"
    #: This syllable.
    SYLLABLE = "syllable"
    #: A syllable that begins like this.
    BEGUN = "begun"
    #: An initial, a letter or a digit.
    INITIAL = "initial"


@dataclass(frozen=True)
class Pattern:
    """What one unit of a phrase has to be."""

    text: str
    sort: Sort
    #: Whether fuzzy pinyin will do.
    blurred: bool = False


@dataclass(frozen=True)
class Way:
    """One way to read what was typed, and what this reading costs (in nats: e^-cost is how far it is believed)."""

    patterns: tuple[Pattern, ...]
    cost: float

    @property
    def is_abbreviated(self) -> bool:
        """Whether some syllable is only begun in its middle, as in an abbreviation."""
        return any(pattern.sort is Sort.INITIAL for pattern in self.patterns)


@dataclass(frozen=True)
class Costs:
    """What it costs to take one thing for another."""

    slang: float = 0.7
    synonym: float = 1.6
    slip: float = 2.0


_SORTS = {Part.SYLLABLE: Sort.SYLLABLE, Part.BEGUN: Sort.BEGUN, Part.INITIAL: Sort.INITIAL}


class QueryReader:
    """Reads what is typed."""

    def __init__(self, words: Words, speller: Speller, costs: Costs) -> None:
        self._aliases = Aliases(words.aliases)
        self._speller = speller
        self._costs = costs
        self._meant: dict[str, list[tuple[str, float]]] = {}
        self._read: dict[tuple[str, Tier], list[Way]] = {}
        self._same: dict[str, list[str]] = {}
        for group in words.synonyms:
            for word in group:
                self._same.setdefault(word, []).extend(other for other in group if other != word)

    def texts(self, typed: str) -> list[tuple[str, float]]:
        """What may have been meant: the text itself, with slang replaced, with words of the same meaning; what each costs."""
        if len(typed) > LONGEST:
            return []
        known = self._meant.get(typed)
        if known is None:
            if len(self._meant) >= _REMEMBERED:
                self._meant.clear()
            known = self._meant[typed] = self._new_texts(typed)
        return known

    def _new_texts(self, typed: str) -> list[tuple[str, float]]:
        plain = _typed(normalise(typed).text)
        if not plain:
            return []
        found = {plain: 0.0}
        standard = _typed(normalise(typed, self._aliases).text)
        if standard:
            found.setdefault(standard, self._costs.slang)
        for text, cost in list(found.items()):
            for word in self._words_in(text):
                for other in self._same[word]:
                    found.setdefault(text.replace(word, other, 1), cost + self._costs.synonym)
        return list(found.items())[:_MOST_WAYS]

    def ways(self, text: str, cost: float, tier: Tier) -> list[Way]:
        """The ways to read one text at this tier, the likeliest first; of SLIPS only those that need it."""
        known = self._read.get((text, tier))
        if known is None:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            known = self._read[text, tier] = self._new_ways(text, tier)
        return [Way(way.patterns, way.cost + cost) for way in known] if cost else known

    def _new_ways(self, text: str, tier: Tier) -> list[Way]:
        ways = [Way((), 0.0)]
        runs = _RUN.findall(text)
        for place, run in enumerate(runs):
            last = place == len(runs) - 1
            choices = list(self._choices(run, last, tier))
            ways = [Way((*way.patterns, *more), way.cost + price) for way in ways for more, price in choices][
                :_MOST_WAYS
            ]
        return ways

    def _choices(self, run: str, last: bool, tier: Tier) -> Iterator[tuple[tuple[Pattern, ...], float]]:
        if not run.isascii():
            yield (Pattern(run, Sort.CHAR if tier is Tier.EXACT else Sort.ALIKE, tier is not Tier.EXACT),), 0.0
            return
        readings = (
            self._speller.slipped_readings(run, last) if tier is Tier.SLIPS else self._speller.readings(run, last)
        )
        for reading in readings or self._speller.readings(run, last):
            slips = sum(piece.slips for piece in reading)
            yield tuple(_pattern(piece, tier) for piece in reading), slips * self._costs.slip

    def _words_in(self, text: str) -> list[str]:
        pieces = {
            text[start:end] for start in range(len(text)) for end in range(start + 2, min(len(text), start + 8) + 1)
        }
        return sorted(pieces & self._same.keys(), key=lambda word: (-len(word), word))


def _typed(text: str) -> str:
    return "".join(filter(is_typed, text))


def _pattern(piece: Letters, tier: Tier) -> Pattern:
    return Pattern(piece.text, _SORTS[piece.part], tier is not Tier.EXACT)
