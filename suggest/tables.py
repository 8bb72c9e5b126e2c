"""What completion serves from: every place of every phrase as flat arrays, in one file of a release."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import SupportError
from suggest.phrases import Entry, Kind, Phrase, Unit

#: Empty places before the first phrase and behind the last, so that a match may be looked for across its ends.
MARGIN = 64
#: Its name in a release.
COMPLETION_FILE = "completion.npz"
PLATFORMS = ("ios", "android", "pc")
_ALWAYS = (date.min.toordinal(), date.max.toordinal())
_HAN_FROM, _HAN_TO = 0x4E00, 0x9FA6
_READINGS = 2

Ints = NDArray[np.int32]


class TablesError(SupportError):
    """The file of completion is missing or not whole."""

    code = "bad_completion"


@dataclass(frozen=True)
class Words:
    """What stands for what: slang and abbreviations (alias to standard), and words that mean the same."""

    aliases: Mapping[str, str]
    #: Each the standard word first.
    synonyms: Sequence[Sequence[str]]

    @classmethod
    def read(cls, aliases: Path, synonyms: Path) -> Words:
        """From the lexicon's two files: `alias TAB standard`, and words told apart by |."""
        pairs = (line.split("\t") for line in _lines(aliases))
        return cls({alias: standard for alias, standard in pairs}, [line.split("|") for line in _lines(synonyms)])


@dataclass(frozen=True)
class PrefixTable:
    """What the shortest texts find (suggest.prefixes): of row i, places begins[i] to begins[i + 1] of the other arrays."""

    keys: Sequence[str]
    begins: Ints
    entries: NDArray[np.uint16]
    evidence: NDArray[np.float32]


_NO_PREFIXES = PrefixTable([], np.zeros(1, np.int32), np.zeros(0, np.uint16), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Tables:
    """All phrases. A place is an index into the per-place arrays; after each phrase follows one empty place (unit 0)."""

    #: Of each entry, in the order of the library.
    ids: Sequence[str]
    scenarios: Sequence[str]
    #: [entries, 2]: first and last day, as ordinals; [entries]: bits of PLATFORMS, 0 for all.
    days: Ints
    platforms: NDArray[np.uint8]
    #: [entries]: the share of all questions that is expected, 1 on average.
    popularity: NDArray[np.float32]
    #: Of each phrase that may be shown, entry by entry; the phrases that are never shown come after them.
    texts: Sequence[str]
    #: [phrases + 1]: the first place of each phrase, shown or not.
    begins: Ints
    #: [phrases]
    entries: Ints
    kinds: NDArray[np.uint8]
    #: [places]: unit, suggest.phrases.Place; [places of shown phrases]: index in the text.
    units: NDArray[np.int16]
    places: NDArray[np.uint8]
    offsets: NDArray[np.uint16]
    #: Of each unit: its character and its syllable; unit 0 is none.
    chars: Sequence[str]
    syllables: Sequence[str]
    #: All syllables there are; [0x4E00 ... 0x9FA5, 2]: which of them each character is usually read as, -1 for none.
    spelling: Sequence[str]
    readings: NDArray[np.int16]
    words: Words
    prefixes: PrefixTable = _NO_PREFIXES

    @property
    def shown_begins(self) -> Ints:
        """[entries + 1]: the first phrase of each entry that may be shown."""
        owners = self.entries[: len(self.texts)]
        return np.searchsorted(owners, np.arange(len(self.ids) + 1)).astype(np.int32)

    @classmethod
    def build(
        cls,
        entries: Sequence[Entry],
        phrases: Sequence[Phrase],
        readings: Mapping[str, Sequence[str]],
        words: Words,
        popularity: Mapping[str, float],
    ) -> Tables:
        """The tables of `phrases`, those that are never shown last; `popularity` of an entry id is 1 on average."""
        vocabulary = [Unit(""), *sorted({u for one in phrases for u in one.units}, key=lambda u: (u.char, u.syllable))]
        number = {unit: index for index, unit in enumerate(vocabulary)}
        spelling = sorted(
            {one for known in readings.values() for one in known} | {u.syllable for u in vocabulary if u.syllable}
        )
        sizes = [len(one.units) + 1 for one in phrases]
        shown = [one for one in phrases if one.kind is not Kind.ASKED]
        return cls(
            ids=[entry.id for entry in entries],
            scenarios=[entry.scenario for entry in entries],
            days=np.array([_days(entry) for entry in entries], dtype=np.int32).reshape(-1, 2),
            platforms=np.array([_bits(entry.platform) for entry in entries], dtype=np.uint8),
            popularity=np.array([popularity.get(entry.id, 1.0) for entry in entries], dtype=np.float32),
            texts=[one.text for one in shown],
            begins=np.cumsum([MARGIN, *sizes], dtype=np.int32),
            entries=np.array([one.entry for one in phrases], dtype=np.int32),
            kinds=np.array([one.kind for one in phrases], dtype=np.uint8),
            units=_flat(([number[u] for u in one.units] for one in phrases), np.int16),
            places=_flat((one.places for one in phrases), np.uint8),
            offsets=_flat((one.offsets for one in shown), np.uint16),
            chars=[unit.char for unit in vocabulary],
            syllables=[unit.syllable for unit in vocabulary],
            spelling=spelling,
            readings=_readings(readings, {one: index for index, one in enumerate(spelling)}),
            words=words,
        )

    def save(self, path: Path) -> None:
        """Write the file; the same for the same tables."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        plain: dict[str, Any] = {name: list(getattr(self, name)) for name in _LISTS}
        plain["keys"] = list(self.prefixes.keys)
        arrays.update({f"prefix_{name}": getattr(self.prefixes, name) for name in _PREFIX_ARRAYS})
        plain["aliases"], plain["synonyms"] = dict(self.words.aliases), [list(one) for one in self.words.synonyms]
        text = json.dumps(plain, ensure_ascii=False).encode()
        with path.open("wb") as file:
            np.savez(file, plain=np.frombuffer(text, dtype=np.uint8), **arrays)

    @classmethod
    def load(cls, path: Path) -> Tables:
        """The tables in a file; TablesError when it is missing or not whole."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in _ARRAYS}
                prefixes = [file[f"prefix_{name}"] for name in _PREFIX_ARRAYS]
                plain = json.loads(file["plain"].tobytes())
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise TablesError(f"no completion in {path} ({error}): run `python -m bot.train`") from error
        words = Words(plain.pop("aliases"), plain.pop("synonyms"))
        return cls(**arrays, words=words, prefixes=PrefixTable(plain.pop("keys"), *prefixes), **plain)


_ARRAYS = ("days", "platforms", "popularity", "begins", "entries", "kinds", "units", "places", "offsets", "readings")
_LISTS = tuple(field.name for field in fields(Tables) if field.name not in (*_ARRAYS, "words", "prefixes"))
_PREFIX_ARRAYS = ("begins", "entries", "evidence")


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _days(entry: Entry) -> tuple[int, int]:
    first, last = _ALWAYS
    return (
        entry.valid_from.toordinal() if entry.valid_from else first,
        entry.valid_until.toordinal() if entry.valid_until else last,
    )


def _bits(platforms: Iterable[str]) -> int:
    return sum(1 << PLATFORMS.index(name) for name in platforms)


def _flat(rows: Iterable[Sequence[int]], kind: type[np.generic]) -> NDArray[Any]:
    """The rows one after another, each with an empty place behind it, between the margins."""
    values = [0] * MARGIN
    for row in rows:
        values += row
        values.append(0)
    values += [0] * MARGIN
    return np.array(values, dtype=kind)


def _readings(readings: Mapping[str, Sequence[str]], number: Mapping[str, int]) -> NDArray[np.int16]:
    table = np.full((_HAN_TO - _HAN_FROM, _READINGS), -1, dtype=np.int16)
    for char, known in readings.items():
        if _HAN_FROM <= ord(char) < _HAN_TO:
            for column, syllable in enumerate(known[:_READINGS]):
                table[ord(char) - _HAN_FROM, column] = number[syllable]
    return table


def readings_of(tables: Tables, char: str) -> list[str]:
    """How a character is usually read, the commonest first; none for one that nobody reads."""
    place = ord(char) - _HAN_FROM
    if not 0 <= place < len(tables.readings):
        return []
    return [tables.spelling[index] for index in tables.readings[place] if index >= 0]
