"""How syllables sound and how letters stand for them: what pinyin input, abbreviations and slips of the finger have in common.

Pinyin is written without tones, ü as v. Which syllables there are is told by whoever knows (suggest.phrases).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter

from suggest.recent import Recent

#: Initials of two letters that many players speak, and type, as one.
_RETROFLEX = {"zh": "z", "ch": "c", "sh": "s"}
#: Finals whose ng many players speak, and type, as n: (i)ang, (u)ang, eng, ing.
_NASALS = ("ang", "eng", "ing")
#: The letters beside each other on a keyboard, row by row.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
#: More readings of one run of letters than this are not tried: the first ones are the likely ones.
_MOST_READINGS = 6
#: In the costs of Speller._pieces.
_MUCH_DEARER = 1.2
_LONGEST_SYLLABLE = 6
_VOWELS = frozenset("aeiouv")
#: A slip within fewer letters would make anything of anything.
_LEAST_SLIPPED = 3
#: A run is read letter by letter only this far.
_LONGEST_ABBREVIATION = 24
#: Runs whose readings are kept: who types on needs those of the beginning.
_REMEMBERED = 2048


class Part(Enum):
    """What a piece of typed letters stands for."""

    #: A whole syllable.
    SYLLABLE = "syllable"
    #: The beginning of a syllable, at the end of what was typed.
    BEGUN = "begun"
    #: The first letter(s) of a syllable, or a letter or digit that stands for itself.
    INITIAL = "initial"


@dataclass(frozen=True)
class Letters:
    """A piece of what was typed: the letters and what they stand for; `slips` counts the wrong keys in them."""

    text: str
    part: Part
    slips: int = 0


#: One way to read a run of letters, piece by piece.
Reading = tuple[Letters, ...]
#: Readings, each with what it costs and whether it has a slip in it.
_Ways = list[tuple[float, Reading, bool]]


def blurred(syllable: str) -> str:
    """The syllable without the differences that fuzzy pinyin ignores: zh/z, ch/c, sh/s, n/l, ang/an, eng/en, ing/in, v/u.

    Works on the beginning of a syllable as well.
    """
    for initial, plain in _RETROFLEX.items():
        if syllable.startswith(initial):
            syllable = plain + syllable[2:]
    if len(syllable) > 1 and syllable[0] == "n":
        syllable = "l" + syllable[1:]
    if syllable.endswith(_NASALS):
        syllable = syllable[:-1]
    return syllable.replace("v", "u")


def slipped(syllable: str) -> Iterator[str]:
    """What comes of one slip of the finger: a letter missing, doubled, swapped with the next, or a neighbouring key."""
    for place, letter in enumerate(syllable):
        before, after = syllable[:place], syllable[place + 1 :]
        yield before + after
        yield before + letter * 2 + after
        yield from (before + near + after for near in _NEIGHBOURS.get(letter, ""))
        if after and after[0] != letter:
            yield before + after[0] + letter + after[1:]


def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for place, letter in enumerate(row):
            beside = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            above = _ROWS[number - 1][place : place + 2] if number else ""
            below = _ROWS[number + 1][max(0, place - 1) : place + 1] if number + 1 < len(_ROWS) else ""
            found[letter] = beside + above + below
    return found


_NEIGHBOURS = _neighbours()


class Speller:
    """Reads runs of letters as syllables, beginnings of syllables and initials."""

    def __init__(self, syllables: Iterable[str]) -> None:
        self._syllables = frozenset(one for one in syllables if not _VOWELS.isdisjoint(one))
        self._begun = frozenset(one[:size] for one in self._syllables for size in range(2, len(one)))
        self._meant = _meant(self._syllables)
        self._best: Recent[tuple[str, bool], _Ways] = Recent(_REMEMBERED)

    def readings(self, run: str, ends: bool) -> list[Reading]:
        """The likely readings of a run of letters and digits, likeliest first; `ends`: nothing follows it in the field."""
        found = self._read(run, ends, slips=False)
        if len(run) <= _LONGEST_ABBREVIATION:
            found.append(tuple(Letters(letter, Part.INITIAL) for letter in run))
        return list(dict.fromkeys(found))

    def slipped_readings(self, run: str, ends: bool) -> list[Reading]:
        """Readings with one slip of the finger inside a syllable."""
        return [reading for reading in self._read(run, ends, slips=True) if any(piece.slips for piece in reading)]

    def _read(self, run: str, ends: bool, slips: bool) -> list[Reading]:
        """The best readings of the run."""
        ways = self._ways(run, slips, last=True) if ends else self._best_of(run, slips)
        return [reading for cost, reading, _ in ways if cost <= ways[0][0] + _MUCH_DEARER]

    def _best_of(self, run: str, slips: bool) -> _Ways:
        """The best ways to read a run that is a beginning of a longer one; the shorter ones are found first."""
        if not run:
            return [(0.0, (), False)]
        known = self._best.get((run, slips))
        return known if known is not None else self._best.put((run, slips), self._ways(run, slips, last=False))

    def _ways(self, run: str, slips: bool, last: bool) -> _Ways:
        end = len(run)
        ways = [
            (cost + price, (*reading, piece), slipped or bool(piece.slips))
            for start in range(max(0, end - _LONGEST_SYLLABLE - 1), end)
            for piece, price in self._pieces(run[start:], last, slips)
            for cost, reading, slipped in self._best_of(run[:start], slips)
            if not (piece.slips and slipped)
        ]
        return sorted(ways, key=itemgetter(0))[: _MOST_READINGS * (1 + slips)]

    def _pieces(self, text: str, last: bool, slips: bool) -> Iterator[tuple[Letters, float]]:
        """What a piece may be, each with what it costs the reading: the fewer and the more complete pieces, the better."""
        if text in self._syllables:
            yield Letters(text, Part.BEGUN if last else Part.SYLLABLE), 0.3
        elif last and text in self._begun:
            yield Letters(text, Part.BEGUN), 0.4
        if len(text) == 1 or text in _RETROFLEX:
            yield Letters(text, Part.INITIAL), 1.0
        if slips and len(text) >= _LEAST_SLIPPED:
            for syllable in self._meant.get(text, ()):
                yield Letters(syllable, Part.SYLLABLE, slips=1), 0.9


def _meant(syllables: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The syllables that a wrong spelling of at least three letters may stand for."""
    known, found = frozenset(syllables), dict[str, set[str]]()
    for syllable in known:
        for wrong in slipped(syllable):
            if len(wrong) >= _LEAST_SLIPPED and wrong not in known:
                found.setdefault(wrong, set()).add(syllable)
    return {wrong: tuple(sorted(syllables)) for wrong, syllables in found.items()}
