"""Chips: what is offered after an answer, for a clarification and at the start."""

from __future__ import annotations

from dataclasses import dataclass

from suggest import chips


@dataclass(frozen=True)
class E:
    id: str
    scenario: str
    question: str = "?"


A1, A2, A3, B1, C1 = E("a.1", "a"), E("a.2", "a"), E("a.3", "a"), E("b.1", "b"), E("c.1", "c")


def ids(found: list[chips.Suggestion]) -> list[str]:
    return [s.faq_id for s in found]


def test_after_an_answer_the_rest_of_its_scenario_comes_first() -> None:
    assert ids(chips.follow_ups(A1, [A1, A2], [A1, B1], seen=[])) == ["a.2", "b.1"]


def test_what_was_seen_is_not_offered_again() -> None:
    assert ids(chips.follow_ups(A1, [A1, A2, A3], [B1], seen=["a.2", "b.1"])) == ["a.3"]


def test_a_clarification_offers_one_question_a_scenario() -> None:
    found = chips.alternatives(["b", "a", "c"], [A2, A1, B1], {"c": C1})
    assert ids(found) == ["b.1", "a.2", "c.1"]


def test_a_scenario_without_entries_makes_room_for_what_the_retriever_found() -> None:
    assert ids(chips.alternatives(["x", "a"], [A1, B1], {})) == ["a.1", "b.1"]
