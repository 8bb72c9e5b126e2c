"""Finding what a player names: order numbers, amounts, times, servers, devices ...

spaCy with one token per character (on words, “充了648元” has no boundary to match at). Two steps in its pipeline: the
regular expressions of data/lexicon/patterns.tsv and times.tsv, then an EntityRuler over the names of names.tsv.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.logic.lean_imports import lean_imports
from bot.logic.times import TIMES, Rule, Times, fill, local_now
from common.privacy import passes_luhn
from common.text import Normalised
from faq_index.lexicon import read_rows

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

PATTERNS = "patterns.tsv"
NAMES = "names.tsv"
NUMERALS = "numerals.tsv"
FILES = (PATTERNS, NAMES, NUMERALS, TIMES)

_PHONE = re.compile(r"(?:86)?1[3-9]\d{9}")
_LONG_NUMBER = re.compile(r"(?<![\da-z*])\d{12,32}(?![\da-z])")
_VALUE = "value"
_TIMES = "times"
#: What a Chinese bank card begins with; one that fails Luhn's check is mistyped.
_UNIONPAY = "62"


@dataclass(frozen=True)
class Entity:
    """Something named in a text; `start` and `end` are positions in the source, `text` its words there.

    `value` is its one spelling: an amount is number and unit, a time ISO 8601. It is empty where the words name no number
    or moment (“几百块”, “前几天”).
    """

    entity: str
    start: int
    end: int
    value: str
    text: str


class EntityFinder:
    """Finds entities in normalised texts."""

    def __init__(self, folder: Path) -> None:
        self._numerals = Numerals(folder)
        self._times = Times(folder, self._numerals.number)
        self._spelling = Spelling(folder, self._numerals)
        self._nlp = _pipeline(folder, self._times)

    def find(self, source: str, normalised: Normalised, now: datetime | None = None) -> list[Entity]:
        """The entities of a text in their order, none overlapping another; times are seen from `now`, a local moment."""
        if not normalised.text:
            return []
        doc = self._nlp(normalised.text)
        times = doc.user_data.get(_TIMES, {})
        entities = []
        for span in doc.ents:
            start, end = normalised.source_span(span.start_char, span.end_char)
            if span.label_ == "time":
                value = self._times.resolve(times[span.start_char], now or local_now())
            else:
                value = self._value(span.label_, source[start:end] if span.label_ == "role" else span.text)
            entities.append(Entity(span.label_, start, end, value, source[start:end]))
        return entities

    def _value(self, label: str, text: str) -> str:
        if label == "amount":
            return self._numerals.amount(text)
        return self._spelling.of(label, text)


class PatternMatcher:
    """A step of a spaCy pipeline: what the regular expressions find becomes `doc.ents`.

    The match of a time stays in `doc.user_data["times"]`, by the position it starts at.
    """

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules

    def __call__(self, doc: Doc) -> Doc:
        spans: list[Span] = []
        taken: set[int] = set()
        times: dict[int, re.Match[str]] = {}
        for label, start, end, match in self._matches(doc.text):
            span = doc.char_span(start, end, label=label)
            if span is not None and taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                spans.append(span)
                if label == "time":
                    times[start] = match
        doc.user_data[_TIMES] = times
        doc.ents = tuple(sorted(spans, key=lambda span: span.start))
        return doc

    def _matches(self, text: str) -> Iterator[tuple[str, int, int, re.Match[str]]]:
        signs = set(text)
        for rule in self.rules:
            group = _VALUE if _VALUE in rule.pattern.groupindex else 0
            for match in rule.matches(text, signs):
                label = rule.label or number_label(match.group())
                if label:
                    yield label, *match.span(group), match


def number_label(digits: str) -> str:
    """What a long run of digits is: a card that passes Luhn's check, an identity card (none of ours), or an order."""
    if _PHONE.fullmatch(digits) or looks_like_identity_card(digits):
        return ""
    is_card = 15 <= len(digits) <= 19 and digits[0] in "3456" and (passes_luhn(digits) or digits.startswith(_UNIONPAY))
    return "card_number" if is_card else "order_number"


def looks_like_identity_card(digits: str) -> bool:
    """Whether digits may be a Chinese resident's identity number (GB 11643): 18 of them with a date of birth inside.

    The check digit is left aside: a mistyped one is no less private.
    """
    if len(digits) != 18 or digits[0] in "09":
        return False
    year, month, day = digits[6:10], digits[10:12], digits[12:14]
    return "1900" <= year <= "2029" and "01" <= month <= "12" and "01" <= day <= "31"


class Numerals:
    """Reads numbers and amounts, in digits or in Chinese numerals, with the table numerals.tsv."""

    def __init__(self, folder: Path) -> None:
        table: dict[str, dict[str, str]] = defaultdict(dict)
        for sign, kind, *value in read_rows(folder / NUMERALS):
            table[kind][sign] = value[0] if value else ""
        self._digits = {sign: int(value) for sign, value in table["digit"].items()}
        self._powers = {sign: int(value) for sign, value in table["power"].items()}
        self._myriad = next(iter(table["myriad"]))
        self._scales = {sign: int(value) for sign, value in table["scale"].items()}
        self._units = table["unit"]
        self._unit = re.compile("|".join(map(re.escape, sorted(self._units, key=len, reverse=True))))
        self._about = re.compile(f"[{''.join(table['about'])}, ]")
        self._unknown = re.compile(f"[{''.join(table['unknown'])}]")
        self._signs = "".join({*self._digits, *self._powers, self._myriad})
        self._words = re.compile(f"[{self._signs}]+")

    def amount(self, text: str) -> str:
        """An amount as plain number and unit, as in `648 元`; without a unit when none was typed, "" without a number."""
        if self._unknown.search(text):
            return ""
        text = self._about.sub("", text)
        unit = self._unit.search(text)
        if unit is None:
            return _plain(self._quantity(text))
        before, after = text[: unit.start()], text[unit.end() :]
        number = self._quantity(before or after)
        if before and (tenths := self._words.match(after) or re.match(r"\d", after)):
            number += self.number(tenths.group()) / 10
        return f"{_plain(number)} {self._units[unit.group()]}"

    def _quantity(self, text: str) -> float:
        """The number in a text; digits may have a scale and one digit more, as in `1w5`."""
        digits = re.search(r"(-?\d+(?:\.\d+)?)(\D?)(\d?)", text)
        if digits is None:
            words = self._words.search(text)
            return float(self.number(words.group())) if words else 0.0
        scale = self._scales.get(digits[2], 1)
        return float(digits[1]) * scale + (int(digits[3]) * scale / 10 if digits[3] else 0)

    def number(self, text: str) -> int:
        """The number that digits or Chinese numerals stand for; KeyError for anything else.

        A last digit alone counts the next smaller power, as it is spoken: one thousand two is 1200.
        """
        if text.isdecimal():
            return int(text)
        if len(text) > 1 and all(sign in self._digits for sign in text):
            return int("".join(str(self._digits[sign]) for sign in text))
        high, _, low = text.rpartition(self._myriad)
        if high and len(low) == 1 and low in self._digits:
            return self.number(high) * 10_000 + self._digits[low] * 1_000
        return (self.number(high) * 10_000 if high else 0) + self._below_ten_thousand(low)

    def chinese(self, number: int) -> str:
        """A number from 1 to 99 in Chinese numerals."""
        signs = {value: sign for sign, value in reversed(self._digits.items())}
        ten = next(iter(self._powers))
        tens, ones = divmod(number, 10)
        return (signs[tens] if tens > 1 else "") + (ten if tens else "") + (signs[ones] if ones else "")

    def _below_ten_thousand(self, text: str) -> int:
        total, digit, smaller = 0, 0, 1
        for sign in text:
            if sign in self._powers:
                total += (digit or 1) * self._powers[sign]
                digit, smaller = 0, self._powers[sign] // 10
            else:
                digit = self._digits[sign]
                smaller = smaller if digit else 1
        return total + digit * smaller


class Spelling:
    """The one spelling of what is named, with the table names.tsv."""

    def __init__(self, folder: Path, numerals: Numerals) -> None:
        self._numerals = numerals
        self._servers: list[str] = []
        self._names: dict[str, str] = {}
        self._device_words: dict[str, str] = {}
        for label, names, *value in read_rows(folder / NAMES):
            for name in names.split("|"):
                if label == "server_word":
                    self._servers.append(name)
                elif value:
                    (self._device_words if label == "device_word" else self._names)[name] = value[0]
        words = "|".join(sorted(map(re.escape, self._device_words), key=len, reverse=True))
        self._device_parts = re.compile(rf"{words}|[a-z]{{0,2}}\d+(?!\d)(?:[a-z](?![a-z]))?|[a-z]+|[^\da-z -]+|\+")

    def of(self, label: str, text: str) -> str:
        """The value of an entity with this label and text."""
        plain = re.sub(r"[ -]", "", text)
        if label == "card_number":
            return plain.upper()
        if label == "order_number":
            return plain.upper() if text.startswith("yl") else re.sub(r"[ -]+", "-", text).upper()
        if label == "phone":
            return re.sub(r"\D", "", re.sub(r"^\+?86(?=1)", "", plain))
        if label == "version":
            return re.sub(r"^v(?=\d)", "", text)
        if label == "server":
            return self._server(text)
        return self._names.get(text) or (self._device(text) if label == "device" else text)

    def _device(self, text: str) -> str:
        parts = self._device_parts.findall(text.replace("pro max", "promax"))
        return " ".join(self._device_words.get(part, part.upper()) for part in parts)

    def _server(self, text: str) -> str:
        """With its number in Chinese numerals, and the known name when exactly one differs by a single character."""
        name, number, kind = re.fullmatch(r"(\D*?)(\d*)(\D*)", text).groups()  # type: ignore[union-attr]
        if len(name) > 1 and 0 < len(number) < 3:
            text = name + self._numerals.chinese(int(number)) + kind
        near = [known for known in self._servers if sum(a != b for a, b in zip(known, text)) <= 1]
        return near[0] + text[len(near[0]) :] if len(near) == 1 else text


def _plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _rules(folder: Path, times: Times) -> list[Rule]:
    """The rules in the order they are tried; an empty label is one of `number_label`."""
    rows = read_rows(folder / PATTERNS)
    pieces = {label[1:]: pattern for label, pattern, *_ in rows if label.startswith("@")}
    rules = [
        Rule(label, re.compile(fill(pattern, pieces)), frozenset("".join(signs)))
        for label, pattern, *signs in rows
        if not label.startswith("@")
    ]
    return [*rules, *times.forms, Rule("", _LONG_NUMBER, frozenset())]


def _pipeline(folder: Path, times: Times) -> Language:
    with lean_imports():
        import spacy
        from spacy.language import Language

    if not Language.has_factory("game_patterns"):
        Language.factory("game_patterns", func=lambda nlp, name: PatternMatcher([]))
    nlp = spacy.blank("zh")  # its default segmenter cuts into characters
    step: Any = nlp.add_pipe("game_patterns")
    step.rules = _rules(folder, times)
    ruler: Any = nlp.add_pipe("entity_ruler", config={"overwrite_ents": False})
    ruler.add_patterns(
        [
            {"label": label, "pattern": name}
            for label, names, *_ in read_rows(folder / NAMES)
            if not label.endswith("_word")
            for name in names.split("|")
        ]
    )
    return nlp
