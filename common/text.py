"""One spelling for every text: width, case, script, repeats and slang are evened out, and each character knows its source.

Everything that reads a player's words (classifier, index, completion) reads them through `normalise`, so that
“轉帳號ＺＨ！！！” and “转账号zh!” are the same text; the offsets lead an entity back to the words as typed.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

#: A letter or any other sign may stand this often in a row; digits are never squeezed, since a number must stay whole.
_MAX_LETTERS = 2
_MAX_SIGNS = 1

_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]")
_RUN = re.compile(r"([^\d\s])\1+")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Mn", "Me", "So", "Sk"})


@dataclass(frozen=True)
class Normalised:
    """A normalised text; `offsets[i]` is the index in the source of the character that `text[i]` comes from."""

    text: str
    offsets: tuple[int, ...]

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source that text[start:end] stands for (`end` is exclusive in both)."""
        return self.offsets[start], self.offsets[end - 1] + 1


class Aliases:
    """Slang, abbreviations and emoji with the standard words they stand for.

    An alias of Latin letters counts only as a whole word (`cz` is not in `czech`); any other wherever it occurs,
    the longest first.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)
        latin = sorted((word for word in words if word.isascii() and word.isalnum()), key=len, reverse=True)
        other = sorted((word for word in words if not (word.isascii() and word.isalnum())), key=len, reverse=True)
        parts = [re.escape(word) for word in other]
        if latin:
            parts.append(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, latin))})(?![a-z0-9])")
        self._pattern = re.compile("|".join(parts)) if parts else None

    @classmethod
    def read(cls, path: Path) -> Aliases:
        """Aliases from a file of `alias TAB standard` lines; `#` starts a comment line."""
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
        return cls({alias: standard for alias, standard in pairs})

    def replace(self, text: str, offsets: list[int]) -> tuple[str, list[int]]:
        """`text` with every alias replaced, and the offsets that go with it."""
        if self._pattern is None:
            return text, offsets
        out: list[str] = []
        sources: list[int] = []
        last = 0
        for match in self._pattern.finditer(text):
            start, end = match.span()
            standard = self._words[match.group()]
            out += text[last:start], standard
            sources += offsets[last:start]
            sources += _spread(offsets[start:end], len(standard))
            last = end
        out.append(text[last:])
        sources += offsets[last:]
        return "".join(out), sources


_NO_ALIASES = Aliases({})


def normalise(text: str, aliases: Aliases = _NO_ALIASES) -> Normalised:
    """Even out width, case, script (traditional → simplified), repeats, spaces, invisible signs and `aliases`."""
    chars: list[str] = []
    offsets: list[int] = []
    for index, char in enumerate(text):
        for plain in _plain(char):
            chars.append(plain)
            offsets.append(index)
    plain_text = _simplified("".join(chars))
    plain_text, offsets = aliases.replace(plain_text, offsets)
    plain_text, offsets = _keep(plain_text, offsets, _dropped_signs(plain_text))
    plain_text, offsets = _keep(plain_text, offsets, _spaces(plain_text))
    plain_text, offsets = _keep(plain_text, offsets, _repeats(plain_text))
    return Normalised(plain_text, tuple(offsets))


def is_english(text: str) -> bool:
    """Whether a text is written in English: Latin words, two of them at least, and nothing Chinese."""
    return len(_LATIN_WORD.findall(text)) >= 2 and _HAN.search(text) is None


@lru_cache(maxsize=20_000)
def _plain(char: str) -> str:
    """One character in its plain form: NFKC, lower case, any blank as a space; invisible ones vanish."""
    if char.isspace():
        return " "
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Co", "Mn", "Me"}:
        return ""
    plain = unicodedata.normalize("NFKC", char).lower()
    return "".join(" " if part.isspace() else part for part in plain if unicodedata.category(part) != "Mn")


def _simplified(text: str) -> str:
    """Traditional characters as simplified ones, one for one (phrases first, as OpenCC's t2s does it)."""
    script = _script()
    simple = text.translate(script.characters)
    if simple == text:
        return text
    for match in script.phrases.finditer(text):
        start, end = match.span()
        simple = simple[:start] + script.phrase_of[match.group()] + simple[end:]
    return simple


@dataclass(frozen=True)
class _Script:
    """OpenCC's t2s tables, cut down to what maps one character to one, so that offsets survive."""

    characters: Mapping[int, str]
    phrase_of: Mapping[str, str]
    phrases: re.Pattern[str]


@lru_cache(maxsize=1)
def _script() -> _Script:
    characters = {ord(old): new for old, new in _opencc_table("TSCharacters.txt") if len(old) == 1 and len(new) == 1}
    phrase_of = {old: new for old, new in _opencc_table("TSPhrases.txt") if len(old) == len(new)}
    longest_first = sorted(phrase_of, key=len, reverse=True)
    return _Script(characters, phrase_of, re.compile("|".join(map(re.escape, longest_first))))


def _opencc_table(name: str) -> list[tuple[str, str]]:
    spec = importlib.util.find_spec("opencc")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("opencc-python-reimplemented is not installed: run `make setup`")
    path = Path(spec.submodule_search_locations[0]) / "dictionary" / name
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [(old, new.split(" ")[0]) for old, new in (line.split("\t") for line in lines if "\t" in line)]


def _spread(sources: list[int], size: int) -> list[int]:
    """`size` offsets over the span `sources`: in order, the last one on its end."""
    if size <= 1:
        return sources[-1:] * size
    return [sources[min(index, len(sources) - 1)] for index in range(size - 1)] + sources[-1:]


@lru_cache(maxsize=20_000)
def _is_dropped(char: str) -> bool:
    return unicodedata.category(char) in _DROPPED_CATEGORIES


def _dropped_signs(text: str) -> Iterable[tuple[int, int]]:
    """Emoji that no alias has turned into a word, and other pictures."""
    if text.isascii():
        return ()
    return [(index, index + 1) for index, char in enumerate(text) if _is_dropped(char) and char not in "^`"]


def _repeats(text: str) -> Iterable[tuple[int, int]]:
    for match in _RUN.finditer(text):
        allowed = _MAX_LETTERS if match.group(1).isalpha() else _MAX_SIGNS
        if match.end() - match.start() > allowed:
            yield match.start() + allowed, match.end()


def _spaces(text: str) -> Iterable[tuple[int, int]]:
    """Spaces that part no two Latin words, and all but one of those that do."""
    if " " not in text:
        return
    for match in re.finditer(" +", text):
        start, end = match.span()
        inside = start > 0 and end < len(text) and _is_word(text[start - 1]) and _is_word(text[end])
        yield (start + 1, end) if inside else (start, end)


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _keep(text: str, offsets: list[int], cuts: Iterable[tuple[int, int]]) -> tuple[str, list[int]]:
    """`text` and `offsets` without the spans `cuts` (ascending, not overlapping)."""
    parts: list[str] = []
    sources: list[int] = []
    last = 0
    for start, end in cuts:
        parts.append(text[last:start])
        sources += offsets[last:start]
        last = end
    if not last:
        return text, offsets
    parts.append(text[last:])
    sources += offsets[last:]
    return "".join(parts), sources
