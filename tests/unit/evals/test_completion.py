"""The chapter on completion: what counts as a hit, and when."""

from __future__ import annotations

import numpy as np

from evals.completion import Places, Typed, _goals, _soon, places
from suggest.phrases import Kind, Phrase, Place, Unit
from suggest.tables import Tables, Words

ENTRY, SCENARIO = frozenset({"a.1"}), frozenset({"a"})


class E:
    platform: tuple[str, ...] = ()
    valid_from = valid_until = None
    wordings = ("充值",)

    def __init__(self, faq_id: str) -> None:
        self.id, self.scenario = faq_id, faq_id[0]


ENTRIES = [E("a.1"), E("a.2"), E("b.1")]
PHRASES = [
    Phrase("充值", number, Kind.STANDARD, (Unit("充", "chong"),), (0,), (Place.FIRST,))
    for number in range(len(ENTRIES))
]
TABLES = Tables.build(ENTRIES, PHRASES, {}, Words({}, []), {})


def typed(row: str, text: str, kind: str = "hanzi") -> Typed:
    return Typed(row, text, kind, ENTRY, SCENARIO)


def test_the_place_of_the_entry_and_of_its_scenario() -> None:
    found = places(
        "m", lambda text: ["b.1", "a.2", "a.1"] if text == "充" else [], [typed("r", "充"), typed("r", "值")], TABLES
    )
    assert found.strict.tolist() == [3, 0] and found.near.tolist() == [2, 0]


def test_only_the_first_eight_count() -> None:
    assert places("m", lambda _: ["b.1"] * 8 + ["a.1"], [typed("r", "充")], TABLES).strict.tolist() == [0]


def test_two_characters_count_what_one_has_found_too() -> None:
    what = [typed("r", "充"), typed("r", "充值"), typed("s", "充"), typed("s", "充值"), typed("s", "cz", "initials")]
    found = Places("m", np.array([2, 0, 6, 1, 1]), np.array([2, 0, 6, 1, 1]))
    assert _soon(found, what, near=False, most=1).tolist() == [True, False]
    assert _soon(found, what, near=False, most=2).tolist() == [True, True]


def test_pinyin_is_set_beside_the_longest_characters_of_its_question() -> None:
    what = [
        typed("r", "充"),
        typed("r", "充值"),
        typed("r", "chongzhi", "pinyin"),
        typed("s", "充值"),
        typed("s", "chongzhi", "pinyin"),
    ]
    found = Places("m", np.array([0, 1, 1, 1, 0]), np.array([0, 1, 1, 1, 0]))
    [pinyin] = [goal for goal in _goals(found, what) if "pinyin" in goal.name]
    assert pinyin.figure is not None and not isinstance(pinyin.figure, int) and pinyin.figure.value == 0.5
