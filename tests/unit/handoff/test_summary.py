"""The agent's summary: every fact the player named is in it, and each line points at its messages."""

from __future__ import annotations

from typing import Any

from handoff.protocol import Summary
from handoff.summary import MAX_QUOTES, Said, Shown, Transcript, summarise

NAMES = {"pay_not_arrived": "充值未到账", "pay_refund": "申请退款"}


def said(n: int, text: str, scenario: str = "", confidence: float = 0.9, **more: Any) -> Said:
    ranking = [{"name": scenario, "confidence": confidence}] if scenario else []
    return Said(n, text, {"decision": "answer", "scenario_ranking": ranking, **more})


def fact(kind: str, value: str) -> dict[str, Any]:
    return {"entity": kind, "value": value}


def build(messages: list[Said], shown: list[Shown] | None = None) -> Summary:
    return summarise(Transcript(messages, shown or [], 9), "button", 1, NAMES)


def lines(summary: Summary, kind: str) -> list[tuple[list[int], str, dict[str, Any]]]:
    return [(line.refs, line.text, line.data) for line in summary.lines if line.kind == kind]


def test_it_says_what_the_player_wants_in_their_words() -> None:
    summary = build([Said(1, "你好", {"decision": "smalltalk"}), said(3, "钱扣了灵玉没到", "pay_not_arrived")])
    assert lines(summary, "wish") == [([3], "钱扣了灵玉没到", {"scenario": "pay_not_arrived", "name": "充值未到账"})]
    assert lines(summary, "quote") == [([3], "钱扣了灵玉没到", {})]
    assert summary.upto == 9


def test_an_uncertain_scenario_is_not_claimed_as_the_wish_but_listed() -> None:
    summary = build([said(1, "那个东西呢怎么还没有", "pay_refund", 0.2)])
    assert lines(summary, "wish") == [([1], "那个东西呢怎么还没有", {})]
    assert lines(summary, "scenario")[0][2] == {"scenario": "pay_refund", "name": "申请退款", "confidence": 0.2}


def test_the_newest_certain_wish_comes_first() -> None:
    summary = build([said(1, "充值没到", "pay_not_arrived"), said(5, "算了我要退款", "pay_refund")])
    assert lines(summary, "wish")[0][2]["scenario"] == "pay_refund"
    assert [line[2]["scenario"] for line in lines(summary, "scenario")] == ["pay_refund", "pay_not_arrived"]


def test_every_fact_is_there_once_with_all_messages_that_name_it() -> None:
    order, amount = fact("order_number", "YL20261120083512"), fact("amount", "648元")
    summary = build(
        [
            said(1, "648没到", entities=[amount]),
            said(3, "订单YL20261120083512", entities=[order, fact("faq_id", "x")]),
            said(5, "就是那648", entities=[amount, amount]),
        ]
    )
    assert lines(summary, "fact") == [
        ([1, 5], "", {"kind": "amount", "value": "648元"}),
        ([3], "", {"kind": "order_number", "value": "YL20261120083512"}),
    ]


def test_answers_shown_are_listed_once_with_their_verdict() -> None:
    shown = [
        Shown(2, "a.one", "问一", helped=False, verdict_n=4),
        Shown(6, "a.two", "问二"),
        Shown(8, "a.one", "问一"),
    ]
    assert lines(build([said(1, "问")], shown), "answer") == [
        ([6], "", {"faq_id": "a.two", "question": "问二", "helped": None}),
        ([8, 4], "", {"faq_id": "a.one", "question": "问一", "helped": False}),
    ]


def test_tone_and_risk_point_at_the_messages_that_show_them() -> None:
    summary = build(
        [
            said(1, "唉", emotion="sad"),
            said(3, "骗子！", emotion="angry", risk="phishing"),
            said(5, "快点", emotion="angry"),
        ]
    )
    assert lines(summary, "tone") == [([3, 5], "", {"emotion": "angry"})]
    assert lines(summary, "risk") == [([3], "", {"kind": "phishing"})]


def test_a_long_conversation_keeps_the_first_words_and_the_newest() -> None:
    summary = build([said(n, f"第{n}句") for n in range(1, 30)])
    quoted = [refs[0] for refs, _, _ in lines(summary, "quote")]
    assert quoted == [1, *range(30 - MAX_QUOTES + 1, 30)]


def test_pressing_the_button_without_a_word_still_says_why() -> None:
    summary = build([])
    assert [line.kind for line in summary.lines] == ["urgency", "reason"]
    assert lines(summary, "reason") == [([], "", {"code": "button"})]
