"""What a wish for a person carries."""

from __future__ import annotations

from typing import Any

from common.content import Scenario
from common.yaml_items import Place
from handoff.protocol import Entry
from handoff.requests import request_of


def scenario(id: str, skill: str, tier: int = 1, urgency: int = 0) -> Scenario:
    return Scenario(id, id, "", (), (), "", tier, skill, urgency, "none", "none", Place("scenarios.yml", 1))


SCENARIOS = {
    one.id: one
    for one in (
        scenario("pay_not_arrived", "payment", tier=2, urgency=2),
        scenario("event_list", "event"),
        scenario("refund", "payment", tier=3, urgency=1),
        scenario("complain", "complaint", urgency=1),
        scenario("human", "general"),
    )
}


def understood(name: str, confidence: float = 0.9, **more: Any) -> dict[str, Any]:
    return {"scenario_ranking": [{"name": name, "confidence": confidence}], "decision": "answer", **more}


def said(n: int, text: str = "在吗") -> Entry:
    return Entry(n=n, at=n, sender="player", kind="text", text=text)


def rated(n: int, helpful: bool) -> Entry:
    return Entry(n=n, at=n, sender="player", kind="feedback", entry=n - 1, helpful=helpful)


def ended(n: int, event: str = "closed") -> Entry:
    return Entry(n=n, at=n, sender="system", kind="status", event=event)


def test_without_a_word_it_is_a_general_request_for_an_advisor() -> None:
    request = request_of("button", {}, [], SCENARIOS)
    assert (request.reason, request.group, request.tier, request.urgency) == ("button", "general", 2, 1)
    assert (request.scenario, request.scenarios, request.failed, request.language) == ("", 1, 0, "zh")


def test_the_newest_certain_scenario_names_the_group_the_tier_and_the_urgency() -> None:
    understanding = {1: understood("event_list"), 3: understood("pay_not_arrived"), 5: understood("event_list", 0.4)}
    request = request_of("button", understanding, [said(1), said(3), said(5)], SCENARIOS)
    assert (request.scenario, request.group, request.tier, request.urgency) == ("pay_not_arrived", "payment", 2, 2)
    assert request.scenarios == 2


def test_an_advisor_is_the_least_and_an_expert_stays_one() -> None:
    assert request_of("button", {1: understood("event_list")}, [said(1)], SCENARIOS).tier == 2
    assert request_of("button", {1: understood("refund")}, [said(1)], SCENARIOS).tier == 3


def test_the_wish_itself_is_no_matter() -> None:
    understanding = {1: understood("pay_not_arrived"), 3: understood("human", decision="handoff")}
    assert request_of("asked", understanding, [said(1), said(3)], SCENARIOS).group == "payment"


def test_an_action_that_knows_the_scenario_is_believed() -> None:
    understanding = {1: understood("event_list")}
    request = request_of("urgent", understanding, [said(1)], SCENARIOS, scenario="refund", urgency=3)
    assert (request.scenario, request.group, request.urgency, request.scenarios) == ("refund", "payment", 3, 2)


def test_a_scenario_that_the_content_no_longer_has_is_passed_over() -> None:
    understanding = {1: understood("event_list"), 2: understood("of_last_year")}
    assert request_of("asked", understanding, [said(1)], SCENARIOS, scenario="gone").scenario == "event_list"


def test_urgency_is_what_was_said_since_the_matter_came_up() -> None:
    understanding = {1: understood("refund", urgency=3), 2: understood("event_list", urgency=0)}
    assert request_of("button", understanding, [said(1), said(2)], SCENARIOS).urgency == 1
    understanding[3] = {"scenario_ranking": [], "urgency": 2}
    assert request_of("button", understanding, [said(1), said(2), said(3)], SCENARIOS).urgency == 2


def test_failures_complaints_and_tone_count() -> None:
    understanding = {1: understood("complain", emotion="angry"), 4: understood("event_list", emotion="neutral")}
    entries = [said(1), rated(2, False), rated(3, True), said(4), rated(5, False)]
    request = request_of("button", understanding, entries, SCENARIOS)
    assert (request.failed, request.complaint, request.emotion) == (2, True, "angry")


def test_what_the_last_episode_settled_does_not_count_again() -> None:
    understanding = {1: understood("complain", emotion="angry"), 2: understood("event_list")}
    entries = [said(1), said(2), rated(3, False), ended(4)]
    request = request_of("button", understanding, entries, SCENARIOS)
    assert (request.scenarios, request.failed, request.complaint, request.emotion) == (1, 0, False, "neutral")
    assert (
        request.scenario == "event_list"
    )  # the player is back: with the same matter, as long as they say nothing else


def test_a_player_who_writes_english_is_known_by_it() -> None:
    assert request_of("button", {}, [said(1, "my recharge did not arrive")], SCENARIOS).language == "en"
    assert request_of("button", {}, [said(1, "my recharge"), said(2, "充值没到账")], SCENARIOS).language == "zh"
