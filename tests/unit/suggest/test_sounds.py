"""How letters are read as syllables, and which syllables sound alike."""

from __future__ import annotations

import pytest

from suggest.sounds import Part, Speller, blurred, slipped

SPELLER = Speller(["gai", "mi", "ma", "chong", "zhi", "xi", "an", "xian", "zhang", "hao", "n"])


def read(run: str, ends: bool = True) -> list[str]:
    return [" ".join(piece.text for piece in reading) for reading in SPELLER.readings(run, ends)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zhi", "zi"), ("chong", "cong"), ("shi", "si"), ("nan", "lan"), ("zhang", "zan"), ("cheng", "chen"),
        ("ping", "pin"), ("liang", "lian"), ("zhuang", "zuan"), ("lv", "lu"),
    ],
)  # fmt: skip
def test_fuzzy_pinyin_takes_one_for_the_other(one: str, other: str) -> None:
    assert blurred(one) == blurred(other)


def test_other_sounds_stay_apart() -> None:
    assert len({blurred(one) for one in ("zhong", "zen", "ban", "pan", "hua", "fa", "n")}) == 7


def test_the_likeliest_reading_is_the_one_of_whole_syllables() -> None:
    assert read("gaimima")[0] == "gai mi ma"


def test_a_run_may_be_read_in_two_ways() -> None:
    assert {"xian", "xi an"} <= set(read("xian"))


def test_initials_and_syllables_mix() -> None:
    assert "c zhi" in read("czhi") and "ch z" in read("chz")


def test_the_last_syllable_may_be_unfinished() -> None:
    assert read("chongzh")[0] == "chong zh"
    assert read("gaim")[0] == "gai m"
    assert "cho" in read("cho") and "cho" not in read("cho", ends=False)


def test_every_run_can_be_read_letter_by_letter() -> None:
    assert "v i p" in read("vip") and "1 0 0" in read("100")


@pytest.mark.parametrize("typed", ["chng", "choong", "chogn", "chonh"])
def test_a_slip_of_the_finger_is_seen_through(typed: str) -> None:
    readings = SPELLER.slipped_readings(typed + "zhi", True)
    assert ["chong", "zhi"] in [[piece.text for piece in reading] for reading in readings]
    assert all(sum(piece.slips for piece in reading) == 1 for reading in readings)


def test_slips_of_one_letter_only() -> None:
    assert {"zi", "hi", "zh", "zzhi", "hzi", "zih", "xhi"} <= set(slipped("zhi"))
    assert "zhong" not in set(slipped("zhi"))


def test_a_long_run_has_few_readings() -> None:
    assert len(SPELLER.readings("zhangxianhaogaimimachongzhizhanghao", True)) <= 7


def test_a_consonant_alone_is_no_syllable() -> None:
    assert all(piece.part is not Part.SYLLABLE for reading in SPELLER.readings("nm", False) for piece in reading)
