"""The agent's summary: every fact the player named is in it, and each line points at its messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handoff.protocol import Episode, Stay, Summary
from handoff.summary import (
    MAX_EARLIER,
    MAX_QUESTIONS,
    MAX_QUOTES,
    Earlier,
    NothingToSummarise,
    Promise,
    Said,
    Shown,
    Transcript,
    history,
    summarise,
)

ROOT = Path(__file__).parents[3]

NAMES = {"pay_not_arrived": "充值未到账", "pay_refund": "申请退款"}


def said(n: int, text: str, scenario: str = "", confidence: float = 0.9, **more: Any) -> Said:
    ranking = [{"name": scenario, "confidence": confidence}] if scenario else []
    return Said(n, text, {"decision": "answer", "scenario_ranking": ranking, **more})


def fact(kind: str, value: str) -> dict[str, Any]:
    return {"entity": kind, "value": value}


def unclear(n: int, text: str, *likely: str, decision: str = "fallback") -> Said:
    return Said(n, text, {"decision": decision, "scenario_ranking": [{"name": s, "confidence": 0.2} for s in likely]})


def pick(n: int, text: str, scenario: str) -> Said:
    return said(n, text, scenario, 1.0, entities=[fact("faq_id", f"{scenario}.one")])


def spoken(n: int, text: str, intent: str) -> Said:
    return Said(n, text, {"decision": "smalltalk", "intent": {"name": intent}})


def build(messages: list[Said], shown: list[Shown] | None = None, upto: int = 9, **more: Any) -> Summary:
    return summarise(Transcript(messages, shown or [], upto, **more), "button", 1, NAMES)


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
        ([6], "", {"faq_id": "a.two", "question": "问二", "helped": None, "result": "shown"}),
        ([2, 4, 8], "", {"faq_id": "a.one", "question": "问一", "helped": False, "result": "not_helped"}),
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


@pytest.mark.parametrize("messages", [[], [Said(1, " ")]])
def test_without_a_word_there_is_nothing_to_summarise(messages: list[Said]) -> None:
    with pytest.raises(NothingToSummarise) as raised:
        build(messages)
    assert raised.value.code == "nothing_to_summarise"


# -- facts --


def entity(kind: str, value: str, message: str, words: str) -> dict[str, Any]:
    start = message.index(words)
    return {"entity": kind, "value": value, "text": words, "start": start, "end": start + len(words)}


def test_a_time_keeps_the_players_words_and_says_which_moment_they_meant() -> None:
    text = "昨晚8点充的"
    summary = build([said(1, text, entities=[entity("time", "2026-11-22T20:00", text, "昨晚8点")])])
    data = {"kind": "time", "value": "昨晚8点", "resolved": "2026-11-22T20:00"}
    assert lines(summary, "fact") == [([1], "", data)]


def test_words_without_a_value_are_shown_as_typed() -> None:
    text = "前几天充了几百块"
    found = [entity("time", "", text, "前几天"), entity("amount", "", text, "几百块")]
    del found[1]["text"]  # only its place in the message is known
    assert [data for _, _, data in lines(build([said(1, text, entities=found)]), "fact")] == [
        {"kind": "time", "value": "前几天"},
        {"kind": "amount", "value": "几百块"},
    ]


def test_the_same_words_on_two_days_are_two_facts() -> None:
    messages = [
        said(1, "今天充的", entities=[entity("time", "2026-11-22", "今天充的", "今天")]),
        said(3, "今天又充", entities=[entity("time", "2026-11-23", "今天又充", "今天")]),
    ]
    assert [refs for refs, _, _ in lines(build(messages), "fact")] == [[1], [3]]


def test_everything_that_a_player_names_is_in_the_summary() -> None:
    for line in (ROOT / "evals/sets/entities.tuning.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        found = [
            {"entity": e["label"], "value": "", "text": e["text"], "start": e["start"], "end": e["end"]}
            for e in item["entities"]
        ]
        named = {
            (data["kind"], data["value"])
            for _, _, data in lines(build([said(1, item["text"], entities=found)]), "fact")
        }
        assert named == {(e["label"], e["text"]) for e in item["entities"]}, item["text"]


def test_a_fact_added_while_waiting_enters_and_changes_no_reference_of_the_others() -> None:
    text = "昨晚8点充了648没到"
    messages = [
        said(
            1,
            text,
            "pay_not_arrived",
            entities=[entity("amount", "648", text, "648"), entity("time", "", text, "昨晚8点")],
        )
    ]
    shown = [Shown(2, "pay_not_arrived.one", "问一")]
    before = build(messages, shown, upto=3)
    order = "YL20261120083512"
    messages.append(Said(4, order, {"decision": "fallback", "entities": [entity("order_number", order, order, order)]}))
    after = build(messages, shown, upto=5)
    assert after.upto > before.upto
    kept = {
        (line.kind, tuple(line.refs), str(line.data))
        for line in before.lines
        if line.kind in ("fact", "answer", "scenario")
    }
    assert kept <= {(line.kind, tuple(line.refs), str(line.data)) for line in after.lines}
    assert ([4], "", {"kind": "order_number", "value": order}) in lines(after, "fact")


def test_every_line_about_the_conversation_names_its_messages() -> None:
    messages = [
        said(1, "充值没到账", "pay_not_arrived", entities=[fact("amount", "648 元")], risk="phishing"),
        unclear(3, "那个呢"),
        said(5, "我要退款", "pay_refund", emotion="angry"),
    ]
    past = [Earlier("e1", 1_000, "payment")]
    summary = build(
        messages, [Shown(2, "pay_not_arrived.one", "问一")], earlier=past, promises=[Promise("三天内补发", "e1")]
    )
    for line in summary.lines:
        if line.kind in ("promise", "earlier"):
            assert line.data["episode"] == "e1"
        else:
            assert line.refs or line.kind in ("urgency", "reason"), line


# -- what was tried --


def results(summary: Summary) -> dict[str, tuple[str, list[int]]]:
    return {data["faq_id"]: (data["result"], refs) for refs, _, data in lines(summary, "answer")}


FIRST = Shown(2, "pay_not_arrived.one", "问一")


def test_asking_the_same_after_an_answer_means_that_it_did_not_help() -> None:
    messages = [said(1, "充值没到账", "pay_not_arrived"), said(3, "钱扣了还是没到账啊", "pay_not_arrived")]
    summary = build(messages, [FIRST])
    assert results(summary) == {"pay_not_arrived.one": ("asked_again", [2, 3])}
    assert lines(summary, "answer")[0][2]["helped"] is False


@pytest.mark.parametrize(
    "message",
    [
        said(3, "那要多久", "pay_not_arrived", context="follow_up"),
        pick(3, "充值多久到账？", "pay_not_arrived"),
        said(3, "我要退款", "pay_refund"),
        said(3, "是不是没到", "pay_not_arrived", 0.3),
        said(3, "648元", "pay_not_arrived", entities=[entity("amount", "648 元", "648元", "648元")]),
    ],
    ids=["follow-up", "chip", "another scenario", "uncertain", "only a fact"],
)
def test_going_on_from_an_answer_is_not_asking_again(message: Said) -> None:
    assert (
        results(build([said(1, "充值没到账", "pay_not_arrived"), message], [FIRST]))["pay_not_arrived.one"][0]
        == "shown"
    )


def test_a_typed_verdict_is_about_the_answer_before_it() -> None:
    shown = [FIRST, Shown(4, "pay_refund.one", "问二")]
    messages = [said(1, "没到", "pay_not_arrived"), said(3, "退款", "pay_refund"), spoken(5, "还是不行", "unsolved")]
    assert results(build(messages, shown)) == {
        "pay_not_arrived.one": ("shown", [2]),
        "pay_refund.one": ("not_helped", [4, 5]),
    }


def test_the_newest_word_on_an_answer_counts() -> None:
    messages = [
        said(1, "没到", "pay_not_arrived"),
        said(3, "还是没到账", "pay_not_arrived"),
        spoken(5, "好了，到了", "solved"),
    ]
    assert results(build(messages, [FIRST]))["pay_not_arrived.one"] == ("helped", [2, 3, 5])


# -- what is open --


def questions(summary: Summary) -> list[tuple[list[int], str]]:
    return [(refs, data["state"]) for refs, _, data in lines(summary, "question")]


def test_a_question_that_the_bot_did_not_answer_is_open() -> None:
    messages = [unclear(1, "我坐骑呢", "gear_lost"), said(3, "怎么退款", "pay_refund")]
    shown = [Shown(4, "pay_refund.one", "问", helped=True, verdict_n=5)]
    assert questions(build(messages, shown)) == [([1], "unanswered")]


@pytest.mark.parametrize(
    "later", [pick(3, "充值没到账怎么办？", "pay_not_arrived"), said(3, "充值没到", "pay_not_arrived")]
)
def test_a_later_chip_or_answer_on_the_matter_closes_it(later: Said) -> None:
    messages = [unclear(1, "那个没来", "pay_refund", "pay_not_arrived", decision="clarify"), later]
    shown = [Shown(4, "pay_not_arrived.one", "问", helped=True, verdict_n=5)]
    assert questions(build(messages, shown)) == []


def test_the_newest_question_is_open_until_its_answer_helped() -> None:
    message = said(1, "充值没到", "pay_not_arrived")
    assert questions(build([message], [FIRST])) == [([1, 2], "no_verdict")]
    assert questions(build([message], [Shown(2, FIRST.faq_id, "问", False, 3)])) == [([1, 2, 3], "not_helped")]
    assert questions(build([message], [Shown(2, FIRST.faq_id, "问", True, 3)])) == []
    assert questions(build([message])) == [([1], "unanswered")]


def test_an_agents_reply_closes_what_was_asked_before_it() -> None:
    assert questions(build([unclear(1, "我坐骑呢"), unclear(5, "人呢那个坐骑")], replied=[3])) == [([5], "unanswered")]


def test_an_order_number_sent_on_its_own_is_no_question() -> None:
    order = "YL20261120083512"
    alone = Said(
        3, f"订单{order}", {"decision": "fallback", "entities": [entity("order_number", order, f"订单{order}", order)]}
    )
    assert questions(build([unclear(1, "没给我东西"), alone])) == [([1], "unanswered")]


def test_an_order_number_sent_on_its_own_does_not_change_the_wish() -> None:
    order = "YL20261120083512"
    text = f"订单号{order}"
    alone = said(3, text, "pay_order_query", entities=[entity("order_number", order, text, order)])
    summary = build([said(1, "钱扣了灵玉没到", "pay_not_arrived"), alone])
    assert lines(summary, "wish")[0][:2] == ([1], "钱扣了灵玉没到")
    assert [refs for refs, _, _ in lines(summary, "quote")] == [[1], [3]]


def test_a_short_first_message_is_the_wish_even_when_it_is_mostly_a_fact() -> None:
    text = "648没到"
    summary = build([said(1, text, "pay_not_arrived", entities=[entity("amount", "648", text, "648")])])
    assert lines(summary, "wish")[0][1] == text and questions(summary) == [([1], "unanswered")]


def test_only_the_newest_open_questions_are_listed() -> None:
    many = [unclear(n, f"第{n}问") for n in range(1, 20, 2)]
    assert [refs[0] for refs, _ in questions(build(many))] == [19 - 2 * k for k in reversed(range(MAX_QUESTIONS))]


def test_a_greeting_is_no_question() -> None:
    assert questions(build([spoken(1, "你好", "greet")])) == []


# -- what was before --


def test_earlier_episodes_say_when_what_how_it_ended_and_the_rating() -> None:
    ended = Episode(
        id="e1", state="ended", reason="button", urgency=1, requested_at=1_000, scenario="pay_refund", group="payment",
        end_reason="returned", disposition="follow_up", ended_at=5_000, score=4, weighted=2.6, promise="三天内退款",
        owners=[Stay("a1", "小云", 2_000, "offer"), Stay("a2", "小竹", 3_000, "transfer")],
    )  # fmt: skip
    now = Episode(id="e2", state="queued", reason="button", urgency=1, requested_at=9_000)
    earlier, promises = history([ended, now], "e2")
    summary = build([said(1, "退款呢", "pay_refund")], earlier=earlier, promises=promises)
    assert lines(summary, "earlier") == [
        ([], "", {
            "episode": "e1", "at": 1_000, "group": "payment", "scenario": "pay_refund", "name": "申请退款", "end": "returned",
            "disposition": "follow_up", "score": 2.6, "complaint": False,
        })
    ]  # fmt: skip
    assert lines(summary, "promise") == [([], "三天内退款", {"episode": "e1", "agent": "小竹", "at": 5_000})]


def test_too_many_earlier_episodes_leave_the_newest_and_the_complaints() -> None:
    past = [Earlier("complained", 1, "complaint"), *(Earlier(f"e{n}", n, "payment") for n in range(2, 12))]
    found = [data["episode"] for _, _, data in lines(build([said(1, "在吗")], earlier=past), "earlier")]
    assert found == ["e11", "e10", "e9", "e8", "complained"] and len(found) == MAX_EARLIER


def test_who_pressed_that_it_did_not_help_is_not_told_as_asking_again() -> None:
    messages = [said(1, "充值没到账", "pay_not_arrived"), said(4, "钱扣了还是没到账啊", "pay_not_arrived")]
    summary = build(messages, [Shown(2, "pay_not_arrived.one", "问一", helped=False, verdict_n=3)])
    assert results(summary) == {"pay_not_arrived.one": ("not_helped", [2, 3])}


def test_pictures_are_counted_and_pointed_at() -> None:
    summary = build([said(1, "钱扣了灵玉没到", "pay_not_arrived")], pictures=[3, 5])
    assert lines(summary, "fact") == [([3, 5], "", {"kind": "picture", "value": "2"})]
    assert lines(build([said(1, "钱扣了灵玉没到", "pay_not_arrived")]), "fact") == []


def test_a_player_who_only_sent_a_picture_has_a_summary() -> None:
    summary = build([], pictures=[1], upto=2)
    assert [(line.kind, line.refs) for line in summary.lines] == [("fact", [1]), ("urgency", []), ("reason", [])]
