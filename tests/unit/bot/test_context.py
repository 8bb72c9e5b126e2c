"""A message in its conversation, over a reader that knows a handful of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from bot.logic.context import Candidate, Interpretation, Kind, LastAnswer, Marks, Reading, interpret
from bot.logic.decision import Decision, Ranked
from bot.parse import in_context
from common.content import LEXICON
from common.settings import ROOT

REFUND = LastAnswer("pay_refund", "pay_refund.conditions")
MARKS = Marks(ROOT / LEXICON)
#: The parse result of an unclear text.
PLAIN = {
    "text": "t",
    "entities": [1],
    "intent_ranking": [{"name": "clarify", "confidence": 0.6}],
    "decision": "clarify",
}


def sure(scenario: str, chance: float = 0.98) -> Reading:
    entry = Candidate(f"{scenario}.howto", scenario, "?", 0.6)
    return Reading(Decision.ANSWER, Ranked(scenario, chance), [Ranked(scenario, chance)], [entry])


def unsure(*scenarios: str) -> Reading:
    ranked = [Ranked(name, 0.4 / place) for place, name in enumerate(scenarios, 1)]
    entries = [Candidate(f"{name}.howto", name, "?", 0.2) for name in scenarios]
    return Reading(Decision.CLARIFY, Ranked("clarify", 0.6), ranked, entries)


def act(name: str) -> Reading:
    return Reading(Decision.SMALLTALK, Ranked(name, 0.9), [Ranked("pay_limit", 0.01)], [])


class FakeReader:
    """Reads the texts it was given; any other is out of scope. Counts."""

    def __init__(self, known: Mapping[str, Reading], within: Mapping[str, float] | None = None) -> None:
        self._known, self._within = known, within or {}
        self.read: list[str] = []

    def __call__(self, text: str) -> Reading:
        self.read.append(text)
        nothing = Reading(Decision.FALLBACK, Ranked("out_of_scope", 0.9), [Ranked("pay_limit", 0.01)], [])
        return self._known.get(text, nothing)

    def within(self, text: str, scenario: str) -> Sequence[Candidate]:
        return [Candidate(f"{scenario}.{name}", scenario, "?", score) for name, score in self._within.items()]


def understood(reader: FakeReader, text: str, last: LastAnswer | None = REFUND) -> Interpretation:
    return interpret(text, last, reader, MARKS)


class TestFollowUp:
    @pytest.mark.parametrize("plain", [unsure("account_cancel"), FakeReader({})("")])
    def test_a_short_unclear_message_is_about_the_entry_of_the_last_scenario_that_stands_out(
        self, plain: Reading
    ) -> None:
        found = understood(FakeReader({"多久": plain}, {"how_long": 0.8, "conditions": 0.1}), "多久")
        assert (found.kind, found.reading.decision) == (Kind.FOLLOW_UP, Decision.ANSWER)
        assert found.reading.intent.name == found.reading.top == "pay_refund"
        assert found.reading.entries[0].id == "pay_refund.how_long"

    def test_what_is_clear_by_itself_is_a_new_topic(self) -> None:
        reader = FakeReader({"那摆摊呢": sure("trade_stall_howto")}, {"how_long": 0.9})
        assert understood(reader, "那摆摊呢") == Interpretation(Kind.PLAIN, sure("trade_stall_howto"))

    def test_without_a_last_answer_there_is_nothing_to_follow(self) -> None:
        reader = FakeReader({"多久": unsure("account_cancel")}, {"how_long": 0.9})
        assert understood(reader, "多久", None).kind is Kind.PLAIN

    @pytest.mark.parametrize("text", ["对了十连多少", "我昨天在论坛上看到有人说新出的那匹马"])
    def test_what_turns_away_or_is_long_is_no_follow_up(self, text: str) -> None:
        assert understood(FakeReader({text: unsure("play_pet")}, {"how_long": 0.9}), text).kind is Kind.PLAIN

    def test_a_long_unclear_message_that_is_likeliest_about_the_last_scenario_is_one(self) -> None:
        text = "等了整整三个工作日了银行那边什么动静都没有啊"
        found = understood(FakeReader({text: unsure("pay_refund")}, {"a": 0.3, "b": 0.3, "c": 0.3}), text)
        assert (found.kind, found.reading.decision) == (Kind.FOLLOW_UP, Decision.ANSWER)

    def test_where_no_entry_stands_out_it_asks_back_within_the_last_scenario(self) -> None:
        reader = FakeReader({"那手机端呢": unsure("tech_sync")}, {"a": 0.3, "b": 0.3, "c": 0.3})
        reading = understood(reader, "那手机端呢").reading
        assert (reading.decision, reading.intent.name, reading.top) == (Decision.CLARIFY, "clarify", "pay_refund")
        assert {entry.scenario for entry in reading.entries} == {"pay_refund"}

    def test_still_not_solved_stays_that_with_the_other_entries_of_the_last_scenario(self) -> None:
        found = understood(FakeReader({"还是不行": act("unsolved")}, {"conditions": 0.7, "how_long": 0.3}), "还是不行")
        assert (found.kind, found.reading.intent.name) == (Kind.FOLLOW_UP, "unsolved")
        assert (found.reading.top, found.reading.entries[0].id) == ("pay_refund", "pay_refund.how_long")

    def test_other_dialogue_acts_are_left_alone(self) -> None:
        assert understood(FakeReader({"谢谢": act("thanks")}, {"how_long": 0.9}), "谢谢").kind is Kind.PLAIN


class TestCorrection:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("不是退款，是没到账", "是没到账"),
            ("不是退款 是没到账", "是没到账"),
            ("我要的是改密码不是找回", "我要的是改密码"),
            ("不對不對 舊號已經註銷了", "舊號已經註銷了"),
            ("这是不是官方的", None),
            ("不是说三天到吗", None),
            ("不是", None),
            ("没有收到验证码", None),
        ],
    )
    def test_what_is_denied_is_left_out(self, text: str, meant: str | None) -> None:
        assert MARKS.meant(text) == meant

    def test_the_meant_part_replaces_the_old_reading(self) -> None:
        reader = FakeReader({"不是退款，是没到账": sure("pay_refund"), "是没到账": sure("pay_not_arrived")})
        found = understood(reader, "不是退款，是没到账")
        assert (found.kind, found.reading.top) == (Kind.CORRECTION, "pay_not_arrived")

    def test_the_denied_scenario_is_gone_and_what_is_left_may_be_clear(self) -> None:
        unclear = unsure("pay_not_arrived", "pay_refund")
        reader = FakeReader({"不是退款，是没到账": unclear, "是没到账": unclear})
        reading = understood(reader, "不是退款，是没到账").reading
        assert [item.name for item in reading.scenarios] == ["pay_not_arrived"]
        assert (reading.decision, reading.intent.name) == (Decision.ANSWER, "pay_not_arrived")

    def test_what_is_denied_may_be_what_was_never_answered(self) -> None:
        reader = FakeReader({"不是找回，是退款": sure("account_forgot_password"), "是退款": sure("pay_refund")})
        found = understood(reader, "不是找回，是退款")
        assert (found.kind, found.reading.top) == (Kind.CORRECTION, "pay_refund")

    def test_a_denial_within_the_last_scenario_is_none(self) -> None:
        reader = FakeReader(
            {"不是苹果，是安卓": unsure("pay_refund"), "是安卓": unsure("tech_compat")}, {"android": 0.9}
        )
        found = understood(reader, "不是苹果，是安卓")
        assert (found.kind, found.reading.entries[0].id) == (Kind.FOLLOW_UP, "pay_refund.android")


class TestTwoQuestions:
    def test_both_are_seen_where_a_word_joins_them(self) -> None:
        text = "充值没到账，另外怎么换绑"
        known = {text: sure("pay_not_arrived"), "充值没到账": sure("pay_not_arrived", 0.9)}
        found = understood(FakeReader({**known, "另外怎么换绑": sure("account_change_phone", 0.9)}), text, None)
        assert (found.kind, found.reading.top) == (Kind.TWO_QUESTIONS, "pay_not_arrived")
        assert found.also is not None and found.also.id == "account_change_phone.howto"

    @pytest.mark.parametrize(("chance", "kind"), [(0.98, Kind.TWO_QUESTIONS), (0.93, Kind.PLAIN)])
    def test_without_such_a_word_both_must_be_sure_and_the_whole_unclear(self, chance: float, kind: Kind) -> None:
        known = {"怎么退帮": sure("social_guild_join"), "保底几抽": sure("event_draw_rate", chance)}
        whole = {"怎么退帮 保底几抽": unsure("social_guild_join", "event_draw_rate")}
        assert understood(FakeReader({**known, **whole}), "怎么退帮 保底几抽", None).kind is kind
        clear = {"怎么退帮 保底几抽": sure("social_guild_join")}
        assert understood(FakeReader({**known, **clear}), "怎么退帮 保底几抽", None).kind is Kind.PLAIN

    def test_two_wordings_of_one_question_are_one(self) -> None:
        text = "怎么退帮，另外退帮在哪"
        known = {part: sure("social_guild_join") for part in ("怎么退帮", "另外退帮在哪", text)}
        assert understood(FakeReader(known), text, None).kind is Kind.PLAIN

    def test_a_story_is_not_taken_apart(self) -> None:
        text = "我攒了半年，等这个池子，抽下去全是紫的，朋友十连就出，昨天也没有，概率有问题吧"
        reader = FakeReader({text: unsure("event_draw_dispute")})
        assert understood(reader, text, None).kind is Kind.PLAIN
        assert reader.read == [text]


class TestCost:
    @pytest.mark.parametrize("text", ["怎么退帮", "我昨天退了帮，现在进不了别的帮，要等多久"])
    def test_what_is_answered_straight_away_is_read_once(self, text: str) -> None:
        reader = FakeReader({text: sure("social_guild_join")})
        understood(reader, text)
        assert reader.read == [text]

    def test_a_question_of_the_library_is_read_once_whatever_it_holds(self) -> None:
        text = "不是退款，另外是没到账"
        same = Reading(Decision.ANSWER, Ranked("a", 1.0), [Ranked("a", 1.0)], [Candidate("a.b", "a", text, 1.0)])
        reader = FakeReader({text: same})
        assert understood(reader, text).kind is Kind.PLAIN and reader.read == [text]


class TestParseResult:
    def test_a_plain_message_keeps_its_own(self) -> None:
        assert in_context(PLAIN, Interpretation(Kind.PLAIN, sure("a"))) is PLAIN

    def test_the_conversation_decides_and_what_the_text_names_stays(self) -> None:
        also = Candidate("b.c", "b", "?", 0.5)
        parsed = in_context(PLAIN, Interpretation(Kind.TWO_QUESTIONS, sure("a"), also))
        assert (parsed["text"], parsed["entities"], parsed["context"]) == ("t", [1], "two_questions")
        assert (parsed["decision"], parsed["intent"]["name"], parsed["faq"][0]["id"]) == ("answer", "a", "a.howto")
        assert [item["name"] for item in parsed["intent_ranking"]] == ["a", "clarify"]
        assert parsed["also"] == [{"id": "b.c", "scenario": "b", "question": "?", "score": 0.5}]
