"""The questions that completion offers, taken apart into characters and syllables once, when a release is made.

What serves them (suggest.completion) needs neither pypinyin nor jieba, which would cost the gateway 100 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from common.text import is_english, normalise

#: Readings of a character beyond these are rare ones.
_READINGS = 2
_HAN = range(0x3400, 0xA000)

#: Cuts a text into (word, start, end).
Cut = Callable[[str], Iterable[tuple[str, int, int]]]


class Entry(Protocol):
    """What completion needs of an FAQ entry."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def scenario(self) -> str:
        """The scenario it belongs to."""

    @property
    def wordings(self) -> tuple[str, ...]:
        """Every way to ask it, the standard wording first, the English ones last."""

    @property
    def platform(self) -> tuple[str, ...]:
        """Platforms that it is for; empty means all."""

    @property
    def valid_from(self) -> date | None:
        """The first day on which it holds."""

    @property
    def valid_until(self) -> date | None:
        """The last day on which it holds."""


class Kind(IntEnum):
    """What a text is to its entry."""

    #: The standard wording, in Chinese or in English.
    STANDARD = 0
    #: Another wording of the library.
    SIMILAR = 1
    #: What somebody asked; never shown.
    ASKED = 2


class Place(IntEnum):
    """Where in a text a unit stands."""

    #: At its very beginning.
    FIRST = 0
    #: At the beginning of a word.
    WORD = 1
    #: Inside a word.
    INSIDE = 2
    #: Inside a word of Latin letters, where nobody begins to type.
    BURIED = 3


_PLACES = tuple(Place)


class Unit(NamedTuple):
    """What one place of a text is matched by: a character and its syllable there; a letter or digit has none."""

    char: str
    syllable: str = ""


class Units(NamedTuple):
    """The units of a text, packed: they are kept on disk by the ten thousand (suggest.kept)."""

    chars: str
    #: Told apart by blanks, empty where a unit has none.
    syllables: str
    #: Two bytes each: where in the text.
    offsets: bytes
    #: A byte each: Place.
    places: bytes


@dataclass(frozen=True)
class Phrase:
    """A text and its units; of unit i, `offsets[i]` is its index in the text."""

    text: str
    entry: int
    kind: Kind
    units: tuple[Unit, ...]
    offsets: tuple[int, ...]
    places: tuple[Place, ...]


@lru_cache(maxsize=20_000)
def _unit(char: str, syllable: str) -> Unit:
    return Unit(char, syllable)


def phrase_of(text: str, entry: int, kind: Kind, packed: Units) -> Phrase:
    """`text` as a phrase of the entry of that number."""
    units = tuple(map(_unit, packed.chars, packed.syllables.split(" ")))
    places = tuple(_PLACES[place] for place in packed.places)
    return Phrase(text, entry, kind, units, tuple(array("H", packed.offsets)), places)


class Reader:
    """Takes texts apart; `cut` knows the game's words, which decide how a character is read in them."""

    def __init__(self, cut: Cut) -> None:
        import pypinyin

        self._cut = cut
        self._pypinyin = pypinyin
        self._spoken: dict[str, list[str]] = {}

    def units(self, text: str) -> Units:
        """The units of a text of less than 65,536 characters."""
        plain = normalise(text)
        chars: list[str] = []
        syllables: list[str] = []
        offsets, places = array("H"), bytearray()
        for word, start, _ in self._cut(plain.text):
            for index, (char, syllable) in enumerate(zip(word, self._syllables(word))):
                if not is_typed(char):
                    continue
                place = start + index
                chars.append(char)
                syllables.append(syllable)
                offsets.append(plain.offsets[place])
                places.append(_place(plain.text, place, begins=index == 0, first=len(chars) == 1))
        return Units("".join(chars), " ".join(syllables), offsets.tobytes(), bytes(places))

    def phrase(self, text: str, entry: int, kind: Kind) -> Phrase:
        """`text` as a phrase of the entry of that number."""
        return phrase_of(text, entry, kind, self.units(text))

    def readings(self, chars: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The usual readings of each character, the commonest first."""
        style = self._pypinyin.Style.NORMAL
        found = {}
        for char in chars:
            if is_han(char):
                [known] = self._pypinyin.pinyin(char, style=style, heteronym=True)
                found[char] = tuple(one for one in known if one.isascii())[:_READINGS]
        return found

    def _syllables(self, word: str) -> list[str]:
        """The syllable of each character of a word; of a letter, a digit or a sign none."""
        if word not in self._spoken:
            known = self._pypinyin.lazy_pinyin(word, errors=_letter_by_letter)
            self._spoken[word] = [one if is_han(char) and one.isascii() else "" for char, one in zip(word, known)]
        return self._spoken[word]


def _letter_by_letter(text: str) -> Any:
    return list(text)


def is_han(char: str) -> bool:
    """Whether it is a Chinese character of the common planes."""
    return ord(char) in _HAN


def is_typed(char: str) -> bool:
    """Whether completion minds a normalised character: Chinese ones, Latin letters, digits."""
    return is_han(char) or (char.isascii() and char.isalnum())


def phrases_of(
    entries: Sequence[Entry], asked: Mapping[str, Sequence[str]], units_of: Callable[[str], Units]
) -> list[Phrase]:
    """Every wording of the library, then what was `asked` (entry id to texts), entry by entry; no text of an entry twice."""
    found: list[tuple[str, int, Kind]] = []
    for number, entry in enumerate(entries):
        english = next((text for text in entry.wordings[1:] if is_english(text)), None)
        for place, text in enumerate(dict.fromkeys(entry.wordings)):
            found.append((text, number, Kind.STANDARD if place == 0 or text == english else Kind.SIMILAR))
    for number, entry in enumerate(entries):
        shown = set(entry.wordings)
        found += [(text, number, Kind.ASKED) for text in dict.fromkeys(asked.get(entry.id, ())) if text not in shown]
    phrases = (phrase_of(text, number, kind, units_of(text)) for text, number, kind in found)
    return [phrase for phrase in phrases if phrase.units]


def _place(text: str, index: int, begins: bool, first: bool) -> Place:
    if first:
        return Place.FIRST
    char, before = text[index], text[index - 1]
    if char.isascii() and before.isascii() and before.isalnum():
        return Place.BURIED
    return Place.WORD if begins or char.isascii() else Place.INSIDE
