"""Which language a player writes, and what leaves it as it was."""

from __future__ import annotations

import pytest

from common.language import conversation_language, language_of, next_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I can't log in since yesterday", "en"),
        ("keeps crashing", "en"),
        ("where is my 灵玉", "en"),
        ("how to change game name", "en"),
        ("充值没到账", "zh"),
        ("我的account被ban了", "zh"),
        ("cz没到账 help me please", "zh"),
        ("wo de hao bei dao le", "zh"),
        ("zenme xiugai mima", "zh"),
        ("アカウントを盗まれました", "ja"),
        ("계정을 잃어버렸어요", "ko"),
        ("ฉันเข้าเกมไม่ได้", "th"),
        ("не могу войти", "ru"),
    ],
)
def test_letters_and_words_tell_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "", "648", "YL20261123000417", "ok", "bug", "iPhone 15 Pro Max", "🙂", "(´･ω･`)", "[phone:****5678]",
        "[email:a***@mail.example]", "https://yunlan.example/pay/how", '/pay_refund{"faq_id": "pay_refund.how"}',
    ],
)  # fmt: skip
def test_what_has_no_words_says_nothing_and_leaves_the_language(text: str) -> None:
    assert language_of(text) is None
    assert next_language("zh", text) == "zh" and next_language("en", text) == "en"


@pytest.mark.parametrize("text", ["hello", "Hi", "help!", "no sound"])
def test_a_few_words_tell_it_only_where_nothing_is_known(text: str) -> None:
    assert next_language(None, text) == "en"
    assert next_language("zh", text) == "zh"


def test_a_conversation_follows_the_latest_text_that_tells() -> None:
    assert conversation_language([]) is None
    assert conversation_language(["你好", "my top up did not arrive", "648"]) == "en"
    assert conversation_language(["my top up did not arrive", "那中文呢", "ok"]) == "zh"
