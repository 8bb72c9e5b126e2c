"""Questions taken apart: characters, their syllables in context, where words begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from suggest.phrases import Kind, Place, Reader, phrases_of


@dataclass(frozen=True)
class E:
    id: str
    wordings: tuple[str, ...]
    scenario: str = "s"
    platform: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None


def by_twos(text: str) -> Iterator[tuple[str, int, int]]:
    """A cutter that knows words of two characters."""
    for start in range(0, len(text), 2):
        word = text[start : start + 2]
        yield word, start, start + len(word)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(by_twos)


def test_a_character_sounds_as_its_word_says(reader: Reader) -> None:
    assert [unit.syllable for unit in reader.phrase("重新", 0, Kind.STANDARD).units] == ["chong", "xin"]
    assert [unit.syllable for unit in reader.phrase("重要", 0, Kind.STANDARD).units] == ["zhong", "yao"]


def test_signs_are_left_out_and_places_kept(reader: Reader) -> None:
    phrase = reader.phrase("充值，没到？", 0, Kind.STANDARD)
    assert "".join(unit.char for unit in phrase.units) == "充值没到"
    assert phrase.offsets == (0, 1, 3, 4)


def test_traditional_characters_and_capitals_are_read_as_plain_ones(reader: Reader) -> None:
    assert "".join(unit.char for unit in reader.phrase("轉帳VIP", 0, Kind.SIMILAR).units) == "转帐vip"


def test_words_begin_where_they_are_cut(reader: Reader) -> None:
    assert reader.phrase("充值没到", 0, Kind.STANDARD).places == (Place.FIRST, Place.INSIDE, Place.WORD, Place.INSIDE)


def test_nobody_begins_inside_a_latin_word(reader: Reader) -> None:
    assert reader.phrase("my vip", 0, Kind.STANDARD).places == (
        Place.FIRST, Place.BURIED, Place.WORD, Place.BURIED, Place.BURIED,
    )  # fmt: skip


def test_shown_wordings_come_before_what_was_asked_and_none_twice(reader: Reader) -> None:
    entries = [E("a", ("充值", "充钱", "how to pay", "pay how")), E("b", ("退款",))]
    found = phrases_of(entries, {"a": ["充钱", "氪金"], "gone": ["?"]}, reader.units)
    assert [(one.text, one.entry, one.kind) for one in found] == [
        ("充值", 0, Kind.STANDARD),
        ("充钱", 0, Kind.SIMILAR),
        ("how to pay", 0, Kind.STANDARD),
        ("pay how", 0, Kind.SIMILAR),
        ("退款", 1, Kind.STANDARD),
        ("氪金", 0, Kind.ASKED),
    ]


def test_a_text_without_anything_to_type_is_no_phrase(reader: Reader) -> None:
    assert phrases_of([E("a", ("？？",))], {}, reader.units) == []


def test_usual_readings_of_a_character(reader: Reader) -> None:
    assert reader.readings("重a") == {"重": ("zhong", "chong")}
