"""What is known of a text before any model sees it: its normal form, its words, its concepts; and its features."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from common.text import Normalised, normalise
from faq_index import words
from faq_index.lexicon import DICTIONARIES, Lexicon, load_lexicon

#: Order numbers, phones, cards; amounts and versions are shorter.
_LONG_NUMBER = re.compile(r"(?<![a-z0-9])[a-z]{0,3}[-.]?\d[\d-]{4,}\d(?![a-z0-9])")


@dataclass(frozen=True)
class Word:
    """A word of the normalised text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Analysis:
    """A text taken apart. Every part of the pipeline works on the same one."""

    source: str
    normalised: Normalised
    words: tuple[Word, ...]
    concepts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The normalised text."""
        return self.normalised.text


class Analyser:
    """Takes texts apart with one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        words.load_dictionaries(lexicon.folder / DICTIONARIES)

    @classmethod
    def load(cls, folder: Path) -> Analyser:
        """The analyser over the lexicon in `folder`."""
        return cls(load_lexicon(folder))

    @property
    def fingerprint(self) -> str:
        """Changes when the same text could come apart differently."""
        return self.lexicon.fingerprint

    def __call__(self, text: str) -> Analysis:
        return self.once(text)

    def once(self, text: str) -> Analysis:
        """A text taken apart, and not remembered."""
        normalised = normalise(text, self.lexicon.aliases)
        return Analysis(
            source=text,
            normalised=normalised,
            words=tuple(Word(*word) for word in words.cut(normalised.text)),
            concepts=self.lexicon.concepts.find(without_numbers(normalised.text)),
        )


class RememberingAnalyser(Analyser):
    """Takes each text apart once, for training: encoder, index and classifier are made of the same texts."""

    def __init__(self, lexicon: Lexicon) -> None:
        super().__init__(lexicon)
        self._known: dict[str, Analysis] = {}

    def __call__(self, text: str) -> Analysis:
        if text not in self._known:
            self._known[text] = self.once(text)
        return self._known[text]


def features(analysis: Analysis, longest: int = 4) -> tuple[list[str], list[str], list[str], list[str]]:
    """The features of a text in four blocks: character n-grams (with boundaries), words and pairs of words, concepts,
    and pinyin n-grams (homophones are the commonest typo).
    """
    plain = without_numbers(analysis.text)
    text = f"^{plain}$"
    grams = [text[i : i + n] for n in range(1, longest + 1) for i in range(len(text) - n + 1)]
    spoken = spoken_words(analysis)
    pairs = [f"{left} {right}" for left, right in itertools.pairwise(spoken)]
    sounds = pinyin(plain)
    heard = [" ".join(sounds[i : i + n]) for n in (2, 3) for i in range(len(sounds) - n + 1)]
    return grams, spoken + pairs, list(analysis.concepts), heard


def without_numbers(text: str) -> str:
    """A normalised text without long numbers: which order it is says nothing about what is asked."""
    return _LONG_NUMBER.sub("", text)


def spoken_words(analysis: Analysis) -> list[str]:
    """The words of a text that are more than punctuation, without long numbers."""
    plain = (without_numbers(word.text) for word in analysis.words)
    return [word for word in plain if any(char.isalnum() for char in word)]


def pinyin(text: str) -> list[str]:
    """The toneless syllable of each Chinese character; a run of Latin letters or digits is one syllable as it is."""
    sounds: list[str] = []
    run = ""
    table = _syllables()
    for char in text:
        if char.isascii() and char.isalnum():
            run += char
            continue
        if run:
            sounds.append(run)
            run = ""
        if char in table:
            sounds.append(table[char])
    return [*sounds, run] if run else sounds


def syllable_of(char: str) -> str | None:
    """The toneless syllable of a Chinese character; None for any other sign."""
    return _syllables().get(char)


@lru_cache(maxsize=1)
def _syllables() -> dict[str, str]:
    """Each common character's first reading without its tone."""
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.style._utils import replace_symbol_to_no_symbol

    return {
        chr(code): replace_symbol_to_no_symbol(readings.split(",")[0])
        for code, readings in PINYIN_DICT.items()
        if 0x4E00 <= code <= 0x9FFF
    }
