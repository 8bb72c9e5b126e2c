"""Finding what a player names: order numbers, amounts, times, servers, devices ...

spaCy with one token per character (on words, “充了648元” has no boundary to match at). Two steps in its pipeline: our
regular expressions of data/lexicon/patterns.tsv, then an EntityRuler over the names of names.tsv.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.logic.lean_imports import lean_imports
from common.privacy import passes_luhn
from common.text import Normalised
from faq_index.lexicon import read_rows

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

PATTERNS = "patterns.tsv"
NAMES = "names.tsv"
NUMERALS = "numerals.tsv"
FILES = (PATTERNS, NAMES, NUMERALS)

_PHONE = re.compile(r"(?:86)?1[3-9]\d{9}")
_LONG_NUMBER = re.compile(r"(?<![\da-z])\d{12,24}(?![\da-z])")


@dataclass(frozen=True)
class Entity:
    """Something named in a text; `start` and `end` are positions in the source, `text` its words there."""

    entity: str
    start: int
    end: int
    value: str
    text: str


class EntityFinder:
    """Finds entities in normalised texts."""

    def __init__(self, folder: Path) -> None:
        self._nlp = _pipeline(folder)
        self._numerals = Numerals(folder)

    def find(self, source: str, normalised: Normalised) -> list[Entity]:
        """The entities of a text in their order, none overlapping another."""
        if not normalised.text:
            return []
        return [self._entity(span, source, normalised) for span in self._nlp(normalised.text).ents]

    def _entity(self, span: Span, source: str, normalised: Normalised) -> Entity:
        start, end = normalised.source_span(span.start_char, span.end_char)
        return Entity(span.label_, start, end, self._value(span.label_, span.text), source[start:end])

    def _value(self, label: str, text: str) -> str:
        if label == "amount":
            return self._numerals.amount(text)
        if label in {"order_number", "card_number"}:
            return re.sub(r"[ -]", "", text).upper() if label == "card_number" else text.replace(" ", "").upper()
        return re.sub(r"[ -]", "", text) if label == "phone" else text


class PatternMatcher:
    """A step of a spaCy pipeline: what the regular expressions find becomes `doc.ents`."""

    def __init__(self, rules: list[tuple[str, re.Pattern[str]]]) -> None:
        self.rules = rules

    def __call__(self, doc: Doc) -> Doc:
        spans: list[Span] = []
        taken: set[int] = set()
        for label, start, end in self._matches(doc.text):
            span = doc.char_span(start, end, label=label)
            if span is not None and taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                spans.append(span)
        doc.ents = tuple(sorted(spans, key=lambda span: span.start))
        return doc

    def _matches(self, text: str) -> list[tuple[str, int, int]]:
        found = []
        for label, pattern in self.rules:
            for match in pattern.finditer(text):
                group = "value" if "value" in pattern.groupindex else 0
                found.append((label, *match.span(group)))
        found += [(number_label(match.group()), *match.span()) for match in _LONG_NUMBER.finditer(text)]
        return [(label, start, end) for label, start, end in found if label]


def number_label(digits: str) -> str:
    """What a long run of digits is: a card that passes Luhn's check, an identity card (none of ours), or an order."""
    if _PHONE.fullmatch(digits) or looks_like_identity_card(digits):
        return ""
    return "card_number" if 15 <= len(digits) <= 19 and passes_luhn(digits) else "order_number"


def looks_like_identity_card(digits: str) -> bool:
    """Whether digits may be a Chinese resident's identity number (GB 11643): 18 of them with a date of birth inside.

    The check digit is left aside: a mistyped one is no less private.
    """
    if len(digits) != 18 or digits[0] in "09":
        return False
    year, month, day = digits[6:10], digits[10:12], digits[12:14]
    return "1900" <= year <= "2029" and "01" <= month <= "12" and "01" <= day <= "31"


class Numerals:
    """Reads amounts, in digits or in Chinese numerals, with the table numerals.tsv."""

    def __init__(self, folder: Path) -> None:
        table: dict[str, dict[str, str]] = defaultdict(dict)
        for sign, kind, value in read_rows(folder / NUMERALS):
            table[kind][sign] = value
        self._digits = {sign: int(value) for sign, value in table["digit"].items()}
        self._powers = {sign: int(value) for sign, value in table["power"].items()}
        self._myriad = next(iter(table["myriad"]))
        self._scales = {sign: int(value) for sign, value in table["scale"].items()}
        self._units = table["unit"]
        self._signs = "".join({*self._digits, *self._powers, self._myriad})

    def amount(self, text: str) -> str:
        """An amount as plain number and unit, as in `648 元`; without a unit when none was typed."""
        unit = next(
            (
                name
                for sign, name in sorted(self._units.items(), key=lambda item: -len(item[0]))
                if text.endswith(sign) or text.startswith(sign)
            ),
            "",
        )
        digits = re.search(r"\d[\d,]*(?:\.\d+)?", text)
        if digits:
            scale = self._scales.get(text[digits.end() :].strip()[:1], 1)
            return f"{_plain(float(digits.group().replace(',', '')) * scale)} {unit}".strip()
        words = re.search(f"[{self._signs}]+", text)
        return f"{self.number(words.group())} {unit}".strip() if words else text

    def number(self, text: str) -> int:
        """The number that Chinese numerals stand for."""
        high, _, low = text.rpartition(self._myriad)
        return (self.number(high) * 10_000 if high else 0) + self._below_ten_thousand(low)

    def _below_ten_thousand(self, text: str) -> int:
        total, digit = 0, 0
        for sign in text:
            if sign in self._powers:
                total += (digit or 1) * self._powers[sign]
                digit = 0
            else:
                digit = self._digits[sign]
        return total + digit


def _plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _pipeline(folder: Path) -> Language:
    with lean_imports():
        import spacy
        from spacy.language import Language

    rules = [(label, re.compile(pattern)) for label, pattern in read_rows(folder / PATTERNS)]
    if not Language.has_factory("game_patterns"):
        Language.factory("game_patterns", func=lambda nlp, name: PatternMatcher([]))
    nlp = spacy.blank("zh")  # its default segmenter cuts into characters
    step: Any = nlp.add_pipe("game_patterns")
    step.rules = rules
    ruler: Any = nlp.add_pipe("entity_ruler", config={"overwrite_ents": False})
    ruler.add_patterns(
        [{"label": label, "pattern": name} for label, names in read_rows(folder / NAMES) for name in names.split("|")]
    )
    return nlp
