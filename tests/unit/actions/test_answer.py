"""An answer with its pages, in the language it was asked in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from rasa_sdk import Tracker

from actions.answer import choose, offer_of, with_links
from actions.knowledge import Knowledge, readable
from common.content import Link, Scenario
from faq_index.library import English, Entry, Library

ENTRY = Entry(
    "pay.how",
    "pay",
    "怎么充值？",
    (),
    "点「＋」。\n",
    links=(Link("充值", "https://yunlan.example/pay"),),
    english=English("How to pay?", (), "Tap the plus sign."),
)
CHINESE_ONLY = Entry("pay.none", "pay", "问", (), "答")


def test_the_pages_stand_under_the_answer() -> None:
    assert with_links(ENTRY) == "点「＋」。\n\n- [充值](https://yunlan.example/pay)"


def test_an_english_question_gets_the_english_answer_where_there_is_one() -> None:
    assert with_links(ENTRY, "en") == "Tap the plus sign.\n\n- [yunlan.example/pay](https://yunlan.example/pay)"
    assert with_links(CHINESE_ONLY, "en") == "答"


def test_an_answer_in_another_language_is_followed_by_an_offer_of_a_person() -> None:
    plain, offering = (cast(Scenario, SimpleNamespace(handoff=how)) for how in ("none", "offer"))
    assert offer_of(CHINESE_ONLY, plain, "en") == "utter_foreign_answer" == offer_of(ENTRY, plain, "ja")
    assert offer_of(CHINESE_ONLY, plain, "zh") is None and offer_of(ENTRY, plain, "en") is None
    assert offer_of(ENTRY, offering, "en") == "utter_offer_human"


def test_only_what_an_english_player_can_read_is_offered() -> None:
    assert readable([CHINESE_ONLY, ENTRY], "en") == [ENTRY]
    assert readable([CHINESE_ONLY, ENTRY], "zh") == readable([CHINESE_ONLY, ENTRY], "ja") == [CHINESE_ONLY, ENTRY]


def test_an_english_conversation_gets_the_best_entry_that_is_there_in_english() -> None:
    known = cast(Knowledge, SimpleNamespace(library=Library([CHINESE_ONLY, ENTRY]), valid_entries=lambda _: [ENTRY]))
    faq = [{"id": "pay.none", "scenario": "pay"}, {"id": "pay.how", "scenario": "pay"}]
    assert choose(asked("how do i pay for jade", faq), known) == ENTRY
    assert choose(asked("怎么充值", faq), known) == CHINESE_ONLY
    assert choose(asked("how do i pay for jade", faq[:1]), known) == CHINESE_ONLY
    assert choose(asked("how do i pay for jade", []), known) == ENTRY


def asked(text: str, faq: list[dict[str, str]]) -> Tracker:
    """A tracker after one message about paying."""
    latest = {"text": text, "intent": {"name": "pay"}, "entities": [], "faq": faq, "metadata": {}}
    return Tracker("c", {}, latest, [{"event": "user", "text": text}], False, None, {}, None)
