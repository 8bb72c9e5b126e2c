"""Chips as Rasa payloads, and back."""

from __future__ import annotations

import pytest

from actions import replies
from faq_index.library import English, Entry, Library
from suggest.chips import Suggestion


def test_an_entrys_button_comes_back_as_its_chip() -> None:
    button = replies.faq_button("pay_refund.how", "pay_refund", "怎么退款？")
    assert button["title"] == "怎么退款？"
    assert replies.chip_id(button["payload"]) == "faq:pay_refund.how"


@pytest.mark.parametrize(
    ("payload", "chip"),
    [("/greet", "intent:greet"), ("随便", None), ("/x{broken", None), ('/x{"other":1}', "intent:x"), ("", None)],
)
def test_other_payloads(payload: str, chip: str | None) -> None:
    assert replies.chip_id(payload) == chip


def test_a_chip_is_in_the_players_language_where_the_library_is() -> None:
    both = Entry("pay.how", "pay", "怎么充值？", (), "点。", english=English("How to pay?", (), "Tap."))
    library = Library([both, Entry("pay.none", "pay", "问", (), "答")])
    suggestions = [Suggestion(entry.id, entry.scenario, entry.question) for entry in library.entries()]
    titles = {
        language: [button["title"] for button in replies.question_buttons(suggestions, library, language)]
        for language in ("en", "zh", "ja")
    }
    assert titles == {"en": ["How to pay?", "问"], "zh": ["怎么充值？", "问"], "ja": ["怎么充值？", "问"]}
