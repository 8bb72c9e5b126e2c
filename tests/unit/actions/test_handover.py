"""The conversation in tracker events becomes a summary, whatever there is of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import handover
from actions.handover import ActionHandoffSummary, transcript
from faq_index.library import Entry, Library
from handoff.protocol import Summary
from handoff.summary import Earlier, Promise

LIBRARY = Library([Entry("pay_not_arrived.one", "pay_not_arrived", "充值没到怎么办？", (), "等十分钟")])
SCENARIOS = {"pay_not_arrived": SimpleNamespace(id="pay_not_arrived", name="充值未到账")}


def user(n: int, text: str, **understood: Any) -> dict[str, Any]:
    return {"event": "user", "text": text, "parse_data": understood, "metadata": {"n": n}}


def bot(n: int, faq_id: str = "") -> dict[str, Any]:
    return {"event": "bot", "text": "…", "data": {"custom": {"faq_id": faq_id}} if faq_id else {}, "metadata": {"n": n}}


def run(events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, **asked: Any) -> Summary:
    monkeypatch.setattr(handover, "knowledge", lambda: SimpleNamespace(library=LIBRARY, scenarios=SCENARIOS))
    tracker = Tracker("c", {}, {"text": "", "metadata": asked}, events, False, None, {}, None)
    dispatcher = CollectingDispatcher()
    assert ActionHandoffSummary().run(dispatcher, tracker, {}) == []
    return msgspec.convert(dispatcher.messages[0]["custom"]["summary"], Summary)


def test_answers_carry_their_question_and_the_players_verdict() -> None:
    rated = {"event": "user", "text": "没用", "metadata": {"n": 3, "rated": 2, "helpful": False}}
    found = transcript(
        [user(1, "没到"), bot(2, "pay_not_arrived.one"), rated], {"pay_not_arrived.one": "充值没到怎么办？"}, {}
    )
    assert [(s.n, s.question, s.helped, s.verdict_n) for s in found.shown] == [(2, "充值没到怎么办？", False, 3)]
    assert [s.n for s in found.said] == [1] and found.upto == 3


def test_what_a_person_wrote_is_a_reply() -> None:
    agent = {"event": "agent", "text": "您好", "metadata": {"n": 3}}
    found = transcript([user(1, "没到"), bot(2), agent], {}, {})
    assert found.replied == [3] and found.upto == 3


def test_earlier_episodes_and_promises_come_with_the_request() -> None:
    past = {
        "earlier": [{"episode": "e1", "at": 5, "score": 2.5}],
        "promises": [{"text": "三天内补发", "episode": "e1"}],
    }
    found = transcript([user(1, "没到")], {}, past)
    assert found.earlier == [Earlier("e1", 5, score=2.5)] and found.promises == [Promise("三天内补发", "e1")]


def test_the_action_writes_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    ranking = [{"name": "pay_not_arrived", "confidence": 0.9}]
    events = [user(1, "充值没到", decision="answer", scenario_ranking=ranking), bot(2, "pay_not_arrived.one")]
    promises = [{"text": "三天内补发", "episode": "e1"}]
    summary = run(events, monkeypatch, reason="button", urgency=2, promises=promises)
    kinds = [line.kind for line in summary.lines]
    assert {"wish", "quote", "answer", "question", "promise", "urgency", "reason"} <= set(kinds)
    assert next(line.data["name"] for line in summary.lines if line.kind == "wish") == "充值未到账"


def test_a_player_without_a_word_leaves_the_reason_only(monkeypatch: pytest.MonkeyPatch) -> None:
    summary = run([bot(1)], monkeypatch, reason="button", urgency=2)
    assert [(line.kind, line.data) for line in summary.lines] == [("reason", {"code": "button"})]
    assert summary.upto == 1


def test_a_picture_is_no_message_but_a_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = {"event": "user", "text": "", "metadata": {"n": 2, "image": "a" * 32}}
    found = transcript([user(1, "没到"), picture], {}, {})
    assert [s.n for s in found.said] == [1] and found.pictures == [2] and found.upto == 2
    facts = [line for line in run([picture], monkeypatch, reason="button").lines if line.kind == "fact"]
    assert [(line.refs, line.data) for line in facts] == [([2], {"kind": "picture", "value": "1"})]
