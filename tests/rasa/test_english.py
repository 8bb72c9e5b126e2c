"""Conversations in English over the real model: answers, chips and every sentence of the bot, and the way back to Chinese."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actions.knowledge import knowledge
from handoff.protocol import Entry

_HAN = re.compile(r"[\u3400-\u9fff]")


def is_english(output: Any) -> bool:
    """Whether neither what is said nor what is offered is Chinese (answers quote the game's Chinese menus)."""
    return not any(_HAN.search(text) for text in (output.text, *(chip.text for chip in output.chips)))


@pytest.mark.parametrize(
    "text", ["hello", "thank you very much", "are you a robot", "what's the weather like", "I want to speak to a human"]
)
async def test_the_bots_own_sentences_are_english_for_an_english_player(dialogue: Any, text: str) -> None:
    assert is_english(await dialogue.say(text))


async def test_a_question_gets_its_english_answer_and_english_chips(dialogue: Any) -> None:
    entry = knowledge().library.entry("pay_not_arrived.what_to_do")
    output = await dialogue.say(entry.english.question)
    assert output.faq_id == entry.id and output.text.startswith(entry.english.answer.strip()[:40])
    assert output.chips and not any(_HAN.search(chip.text) for chip in output.chips)


async def test_an_unclear_question_is_asked_back_in_english(dialogue: Any) -> None:
    for text in ("my reward is gone", "it does not work", "how do I change it", "something is missing"):
        dialogue.tracker = None  # each stands at the beginning of a conversation
        output = await dialogue.say(text)
        if output.understanding["decision"] == "clarify":
            break
    assert output.understanding["decision"] == "clarify" and output.chips and is_english(output)


async def test_what_is_pressed_leaves_the_language(dialogue: Any) -> None:
    await dialogue.say("How do I register a new game account?")
    for _ in range(6):  # more than the turns that a tracker keeps
        picked = await dialogue.pick("faq:pay_not_arrived.what_to_do", "充值没到账怎么办？")
        assert picked.text.startswith(knowledge().library.entry(picked.faq_id).english.answer.strip()[:40])
    assert is_english(await dialogue.feedback(True))


async def test_numbers_leave_the_language_and_words_change_it(dialogue: Any) -> None:
    await dialogue.say("How do I register a new game account?")
    assert is_english(await dialogue.say("20261123000417"))
    assert _HAN.search((await dialogue.say("你好")).text)
    assert _HAN.search((await dialogue.say("648")).text)
    assert is_english(await dialogue.say("thank you very much"))


async def test_what_did_not_help_leads_to_english_chips_and_an_english_handoff(dialogue: Any) -> None:
    await dialogue.say("How do I register a new game account?")
    first = await dialogue.feedback(False)
    assert first.chips and is_english(first)
    assert is_english(await dialogue.feedback(False))
    handed = await dialogue.feedback(False)
    assert handed.request.reason == "unsolved" and is_english(handed)


async def test_an_answer_that_is_there_in_chinese_only_says_so_and_offers_a_person(dialogue: Any) -> None:
    await dialogue.say("How do I register a new game account?")
    only = next(one for one in knowledge().library.entries_of("account_register") if one.english is None)
    output = await dialogue.pick(f"faq:{only.id}")
    assert output.text.startswith(only.answer.strip()[:20]) and "in Chinese" in output.text
    assert (await dialogue.say("yes please")).request.reason == "asked"


async def test_a_chinese_player_hears_no_english(dialogue: Any) -> None:
    for text in ("你好", "谢谢", "怎么注册账号", "ok", "wo de hao bei dao le", "转人工"):
        output = await dialogue.say(text)
        assert _HAN.search(output.text)


def test_the_apology_is_in_the_language_of_the_message(engine: Any) -> None:
    asked = Entry(n=1, at=0, sender="player", kind="text", text="where is my order")
    assert not _HAN.search(engine.apology(asked)) and _HAN.search(engine.apology())
