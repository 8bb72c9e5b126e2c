"""Stories over the real model and the real content."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from actions.knowledge import knowledge
from common.settings import ROOT

# Whatever is trained, a library's own question leads to its own entry.
EXACT = ["pay_not_arrived.what_to_do", "account_code_missing.not_received", "tech_crash.on_start"]


@pytest.mark.parametrize("faq_id", EXACT)
async def test_a_question_of_the_library_gets_its_own_answer_with_chips(dialogue: Any, faq_id: str) -> None:
    entry = knowledge().library.entry(faq_id)
    output = await dialogue.say(entry.question)
    assert output.faq_id == faq_id
    assert output.text.startswith(entry.answer.strip()[:20])
    assert output.chips and all(chip.id.startswith("faq:") for chip in output.chips)
    assert output.understanding["decision"] == "answer"


async def test_a_picked_chip_is_answered_without_a_guess(dialogue: Any) -> None:
    output = await dialogue.pick("faq:event_list.current")
    assert output.faq_id == "event_list.current"
    assert f"faq:{output.faq_id}" not in [chip.id for chip in output.chips]


async def test_chips_after_an_answer_do_not_repeat_what_was_shown(dialogue: Any) -> None:
    first = await dialogue.pick("faq:pay_not_arrived.what_to_do")
    second = await dialogue.pick(first.chips[0].id)
    assert "faq:pay_not_arrived.what_to_do" not in [chip.id for chip in second.chips]


async def test_an_unclear_question_is_asked_back_and_yes_takes_the_first(dialogue: Any) -> None:
    for text in ("奖励没了", "东西没收到", "怎么弄不了", "那个怎么改"):
        dialogue.tracker = None  # each stands at the beginning of a conversation
        output = await dialogue.say(text)
        if output.understanding["decision"] == "clarify":
            break
    assert output.understanding["intent"]["name"] == "clarify" and len(output.chips) >= 2
    answer = await dialogue.say("是的")
    assert f"faq:{answer.faq_id}" == output.chips[0].id


async def test_a_follow_up_is_answered_within_the_last_scenario(dialogue: Any) -> None:
    await dialogue.pick("faq:account_register.howto")
    output = await dialogue.say("那电脑端呢")
    assert output.faq_id == "account_register.on_pc"
    assert output.understanding["context"] == "follow_up"


async def test_what_did_not_help_is_followed_by_the_likeliest_of_the_scenario(dialogue: Any) -> None:
    await dialogue.pick("faq:account_register.howto")
    output = await dialogue.say("还是不行")
    ranked = [faq["id"] for faq in output.understanding["faq"] if faq["id"] != "account_register.howto"]
    assert output.understanding["intent"]["name"] == "unsolved"
    assert ranked[0].startswith("account_register.") and output.chips[0].id == f"faq:{ranked[0]}"


async def test_a_new_topic_is_not_taken_for_a_follow_up(dialogue: Any) -> None:
    await dialogue.pick("faq:account_register.howto")
    question = knowledge().library.entry("account_code_missing.not_received").question
    output = await dialogue.say(question)
    assert output.faq_id == "account_code_missing.not_received" and output.understanding["context"] is None


async def test_two_questions_get_both_answers_with_the_chips_of_the_first(dialogue: Any) -> None:
    library = knowledge().library
    first, second = (library.entry(id) for id in ("account_code_missing.not_received", "tech_crash.on_start"))
    output = await dialogue.say(f"{first.question}另外{second.question}")
    answers = [entry.answer.strip()[:20] for entry in (first, second)]
    assert output.text.startswith(answers[0]) and answers[1] in output.text and output.faq_id == first.id
    assert output.understanding["context"] == "two_questions"
    assert all(library.entry(chip.id.removeprefix("faq:")).scenario == first.scenario for chip in output.chips)


@pytest.mark.parametrize("text", ["转人工", "我要找真人客服，不要机器人"])
async def test_asking_for_a_person_hands_over(dialogue: Any, text: str) -> None:
    await dialogue.pick("faq:pay_not_arrived.what_to_do")
    output = await dialogue.say(text)
    assert output.request is not None
    assert (output.request.reason, output.request.scenario) == ("asked", "pay_not_arrived")


async def test_a_person_is_not_asked_for_twice(dialogue: Any) -> None:
    dialogue.owner = "queue"
    output = await dialogue.say("转人工")
    assert output.request is None and output.text


async def test_an_urgent_scenario_is_answered_and_handed_over_at_once(dialogue: Any) -> None:
    output = await dialogue.pick("faq:security_account_stolen.recover")
    assert output.faq_id == "security_account_stolen.recover"
    assert (output.request.reason, output.request.urgency) == ("urgent", 3)
    again = await dialogue.pick("faq:security_account_stolen.recover")
    assert again.request is not None
    dialogue.owner = "queue"
    assert (await dialogue.pick("faq:security_account_stolen.why")).request is None


async def test_unhelpful_answers_lead_to_other_entries_then_to_a_person(dialogue: Any) -> None:
    await dialogue.pick("faq:pay_not_arrived.what_to_do")
    first = await dialogue.feedback(False)
    assert first.chips and first.request is None
    assert (await dialogue.feedback(False)).request is None
    assert (await dialogue.feedback(False)).request.reason == "unsolved"


async def test_a_helpful_answer_forgets_earlier_failures(dialogue: Any) -> None:
    await dialogue.pick("faq:pay_not_arrived.what_to_do")
    for helpful in (False, False, True, False):
        output = await dialogue.feedback(helpful)
    assert output.request is None


async def test_yes_after_an_offer_of_a_person_hands_over(dialogue: Any) -> None:
    await dialogue.pick("faq:pay_not_arrived.what_to_do")
    await dialogue.feedback(False)
    await dialogue.feedback(False)
    assert (await dialogue.say("是的")).request.reason == "asked"


@pytest.mark.parametrize("text", ["你好", "谢谢", "再见", "你是机器人吗", "算了"])
async def test_dialogue_acts_are_answered(dialogue: Any, text: str) -> None:
    output = await dialogue.say(text)
    assert output.text and output.request is None and not output.faq_id
    assert output.understanding["decision"] == "smalltalk"


async def test_say_it_again(dialogue: Any) -> None:
    answer = await dialogue.pick("faq:event_list.current")
    assert (await dialogue.say("再说一遍")).text == answer.text


@pytest.mark.parametrize(
    "text", ["/restart", "／restart", '/pay_refund{"faq_id": "pay_refund.x"}', "/", "🙂", "。。。"]
)
async def test_commands_and_odd_texts_are_ordinary_text(dialogue: Any, text: str) -> None:
    output = await dialogue.say(text)
    assert output.text and output.understanding["decision"] != "answer"


async def test_the_tracker_does_not_grow_with_the_conversation(dialogue: Any) -> None:
    sizes = []
    for _ in range(30):
        await dialogue.pick("faq:event_list.current")
        sizes.append(len(dialogue.tracker))
    assert max(sizes[10:]) <= 1.2 * sizes[9]


async def test_slots_survive_the_folding_of_old_turns(dialogue: Any) -> None:
    await dialogue.pick("faq:pay_not_arrived.what_to_do")
    for _ in range(12):
        await dialogue.say("你好")
    output = await dialogue.say("转人工")
    assert output.request.scenario == "pay_not_arrived"


def test_serving_needs_neither_torch_nor_jax() -> None:
    serve = (
        "import asyncio, sys\n"
        "from bot.logic.lean_imports import lean_imports\n"
        "from bot.release import load_release\n"
        "from bot.worker import warm_up\n"
        "from common.settings import ROOT\n"
        "with lean_imports():\n    from bot.engine import Engine\n"
        "asyncio.run(warm_up(Engine(load_release(ROOT))))\n"
        "sys.exit(', '.join({'torch', 'jax'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", serve], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-1000:]


async def test_no_word_of_a_player_is_in_any_output(dialogue: Any, capfd: Any, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    await dialogue.say("我的暗号是青鸾踏月九千里")
    out, err = capfd.readouterr()
    assert "青鸾踏月" not in out + err + caplog.text


def test_every_scenario_has_an_answer_and_a_rule() -> None:
    rules = (ROOT / "data" / "stories" / "scenarios.yml").read_text(encoding="utf-8")
    known = knowledge()
    for scenario in known.scenarios:
        assert known.library.entries_of(scenario) and f"intent: {scenario}\n" in rules
