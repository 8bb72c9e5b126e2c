"""An answer with its pages, in the language it was asked in."""

from __future__ import annotations

from actions.answer import with_links
from common.content import Link
from faq_index.library import English, Entry

ENTRY = Entry(
    "pay.how",
    "pay",
    "怎么充值？",
    (),
    "点「＋」。\n",
    links=(Link("充值", "https://yunlan.example/pay"),),
    english=English("How to pay?", (), "Tap the plus sign."),
)


def test_the_pages_stand_under_the_answer() -> None:
    assert with_links(ENTRY) == "点「＋」。\n\n- [充值](https://yunlan.example/pay)"


def test_an_english_question_gets_the_english_answer_where_there_is_one() -> None:
    assert with_links(ENTRY, english=True).startswith("Tap the plus sign.\n\n- [")
    assert with_links(Entry("a.b", "a", "问", (), "答"), english=True) == "答"
