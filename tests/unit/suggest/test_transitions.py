"""What is asked next: the library's order until enough players have shown another."""

from __future__ import annotations

import pytest

from suggest import chips
from suggest.transitions import chances, next_entries
from tests.unit.suggest.conftest import E

A1, A2, A3, B1, C1 = (E(id, id[0]) for id in ("a.1", "a.2", "a.3", "b.1", "c.1"))


def ids(found: list[chips.Suggestion]) -> list[str]:
    return [one.faq_id for one in found]


def test_without_counts_the_order_stays() -> None:
    assert next_entries(["a", "b", "c"], {}) == ["a", "b", "c"]
    assert next_entries([], {}) == []


def test_chances_are_a_distribution() -> None:
    assert sum(chances(["a", "b"], {"b": 3.0, "z": 1.0}).values()) == pytest.approx(1)
    assert sum(chances([], {"z": 1.0}).values()) == pytest.approx(1)


def test_two_players_change_nothing_and_many_do() -> None:
    assert next_entries(["a", "b", "c"], {"c": 2.0})[0] == "a"
    assert next_entries(["a", "b", "c"], {"c": 40.0})[0] == "c"


def test_after_an_answer_what_players_ask_next_comes_first_also_from_elsewhere() -> None:
    found = chips.follow_ups(A1, [A1, A2, A3], [B1], seen=[], asked_next=[(C1, 60.0), (A3, 30.0)])
    assert ids(found) == ["c.1", "a.3"]


def test_what_was_seen_is_not_offered_however_often_it_is_asked() -> None:
    found = chips.follow_ups(A1, [A1, A2, A3], [], seen=["a.2"], asked_next=[(A2, 500.0), (A1, 500.0)])
    assert ids(found) == ["a.3"]
