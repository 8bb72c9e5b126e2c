"""What is in the field, as the ways to read it: characters, syllables, initials, slang. Each way is a row of patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache

from common.text import Aliases, normalise
from suggest.phrases import is_typed
from suggest.recent import Recent
from suggest.sounds import Letters, Part, Speller
from suggest.tables import Words

_RUN = re.compile(r"[a-z0-9]+|[^a-z0-9]+")
#: Nobody looks for a question by more than this.
LONGEST = 64
_REMEMBERED = 1024
#: Characters of the longest word that stands for another.
_LONGEST_WORD = 20
#: What may have been meant beyond this is not looked at: synonyms come last, and rarely decide.
_MOST_TEXTS = 6
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


@dataclass(frozen=True, eq=False)
class Pattern:
    """What one unit of a phrase has to be. `pattern_of` makes them: the same one again, so that rows are compared fast."""

    text: str
    sort: Sort
    #: Whether fuzzy pinyin will do.
    blurred: bool = False


@lru_cache(maxsize=16_384)
def pattern_of(text: str, sort: Sort, blurred: bool = False) -> Pattern:
    """The pattern."""
    return Pattern(text, sort, blurred)


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
        # Looking for hundreds of aliases takes long, and few texts have one.
        self._slang = frozenset(_typed(normalise(alias).text) for alias in words.aliases)
        self._meant: Recent[str, list[tuple[str, float]]] = Recent(_REMEMBERED)
        self._read: Recent[tuple[str, int], list[Way]] = Recent(_REMEMBERED)
        self._same: dict[str, list[str]] = {}
        for group in words.synonyms:
            for word in group:
                self._same.setdefault(word, []).extend(other for other in group if other != word)

    def texts(self, typed: str) -> list[tuple[str, float]]:
        """What may have been meant: the text itself, with slang replaced, with words of the same meaning; what each costs."""
        if len(typed) > LONGEST:
            return []
        known = self._meant.get(typed)
        return known if known is not None else self._meant.put(typed, self._new_texts(typed))

    def _new_texts(self, typed: str) -> list[tuple[str, float]]:
        plain = _typed(normalise(typed).text)
        if not plain:
            return []
        found = {plain: 0.0}
        if not self._slang.isdisjoint(_pieces(plain, 1)):
            found.setdefault(_typed(normalise(typed, self._aliases).text) or plain, self._costs.slang)
        for text, cost in list(found.items()):
            for word in self._words_in(text):
                for other in self._same[word]:
                    found.setdefault(text.replace(word, other, 1), cost + self._costs.synonym)
        return list(found.items())[:_MOST_TEXTS]

    def ways(self, text: str, cost: float, tier: Tier) -> list[Way]:
        """The ways to read one text at this tier, the likeliest first; of SLIPS only those that need it."""
        key = text, tier.value
        known = self._read.get(key)
        if known is None:
            known = self._read.put(key, self._new_ways(text, tier))
        return [Way(way.patterns, way.cost + cost) for way in known] if cost else known

    def _new_ways(self, text: str, tier: Tier) -> list[Way]:
        ways = [Way((), 0.0)]
        runs = _RUN.findall(text)
        for place, run in enumerate(runs, 1):
            choices = self._choices(run, place == len(runs), tier)
            ways = [Way((*way.patterns, *more), way.cost + price) for way in ways for more, price in choices][
                :_MOST_WAYS
            ]
        return ways

    def _choices(self, run: str, last: bool, tier: Tier) -> list[tuple[tuple[Pattern, ...], float]]:
        """The ways to read one run of characters, or of letters and digits, and what each costs."""
        if not run.isascii():
            sort = Sort.CHAR if tier is Tier.EXACT else Sort.ALIKE
            return [(tuple(pattern_of(char, sort, tier is not Tier.EXACT) for char in run), 0.0)]
        slipped = self._speller.slipped_readings(run, last) if tier is Tier.SLIPS else []
        return [
            (
                tuple(_pattern(piece, tier) for piece in reading),
                sum(piece.slips for piece in reading) * self._costs.slip,
            )
            for reading in slipped or self._speller.readings(run, last)
        ]

    def _words_in(self, text: str) -> list[str]:
        return sorted(_pieces(text, 2) & self._same.keys(), key=lambda word: (-len(word), word))


def _pieces(text: str, least: int) -> set[str]:
    """The parts of a text that may be a word, of at least that many characters."""
    ends = len(text) + 1
    return {
        text[start:end] for start in range(ends) for end in range(start + least, min(ends, start + _LONGEST_WORD + 1))
    }


def _typed(text: str) -> str:
    return "".join(filter(is_typed, text))


def _pattern(piece: Letters, tier: Tier) -> Pattern:
    return pattern_of(piece.text, _SORTS[piece.part], tier is not Tier.EXACT)
