"""Chips as Rasa payloads, and back."""

from __future__ import annotations

import pytest

from actions import replies


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
