"""Pictures in a conversation with the trained bot: answered in words, counted as nothing, no form lost to them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from handoff.protocol import Entry, Episode, Image

PICTURE = Image(id="a" * 32, width=640, height=480)


async def show(dialogue: Any) -> Any:
    return await dialogue.turn(Entry(n=dialogue.n, at=0, sender="player", kind="image", image=PICTURE))


def slot(dialogue: Any, name: str) -> Any:
    from bot import trackers

    return trackers.slot(dialogue.tracker, name)


async def test_the_bot_asks_for_words_and_says_who_sees_the_picture(dialogue: Any) -> None:
    output = await show(dialogue)
    assert "图片" in output.text and "人工客服" in output.text
    assert output.request is None and output.faq_id == "" and output.understanding["decision"] == "smalltalk"


async def test_yes_to_the_offer_brings_a_person(dialogue: Any) -> None:
    await show(dialogue)
    assert (await dialogue.say("是的")).request.reason == "asked"


async def test_a_second_picture_gets_a_shorter_word(dialogue: Any) -> None:
    first, second = await show(dialogue), await show(dialogue)
    assert second.text and len(second.text) < len(first.text)


async def test_pictures_are_no_failed_attempts(dialogue: Any) -> None:
    await dialogue.pick("faq:pay_not_arrived.what_to_do")
    await dialogue.feedback(False)
    for _ in range(4):
        assert (await show(dialogue)).request is None
    assert slot(dialogue, "failed_attempts") == 1
    assert slot(dialogue, "last_faq") == "pay_not_arrived.what_to_do"


async def test_who_waits_is_told_that_the_agent_will_see_it(dialogue: Any) -> None:
    dialogue.owner = "queue"
    output = await show(dialogue)
    assert "客服接入" in output.text and output.request is None


async def test_an_english_conversation_gets_an_english_sentence(dialogue: Any) -> None:
    await dialogue.say("my gems did not arrive, please help me")
    assert "picture" in (await show(dialogue)).text


async def test_the_summary_points_at_the_pictures(engine: Any) -> None:
    from bot.engine import Record

    entries = [
        Entry(n=1, at=0, sender="player", kind="text", text="充了648元没到账"),
        Entry(n=2, at=0, sender="bot", kind="answer", text="…"),
        Entry(n=3, at=0, sender="player", kind="image", image=PICTURE),
    ]
    episode = Episode(id="e1", state="queued", reason="button", urgency=1, requested_at=0)
    summary = await engine.summary("c1", Record(entries, {1: {"decision": "answer"}}), episode)
    facts = [(line.refs, line.data) for line in summary.lines if line.kind == "fact"]
    assert ([3], {"kind": "picture", "value": "1"}) in facts and summary.upto == 3


FORM = """
version: "3.1"
intents: [refund, inform, picture]
entities: [order_number]
slots:
  order_number:
    type: text
    influence_conversation: true
    mappings:
    - type: from_entity
      entity: order_number
forms:
  order_form:
    required_slots: [order_number]
actions: [action_picture]
responses:
  utter_ask_order_number:
  - text: which order?
  utter_done:
  - text: done
  utter_picture:
  - text: seen
  utter_picture_again:
  - text: again
session_config:
  session_expiration_time: 0
  carry_over_slots_to_new_session: true
"""
RULES = """
version: "3.1"
rules:
- rule: ask for the order
  steps:
  - intent: refund
  - action: order_form
  - active_loop: order_form
- rule: the order is known
  condition:
  - active_loop: order_form
  steps:
  - action: order_form
  - active_loop: null
  - action: utter_done
- rule: a picture
  steps:
  - intent: picture
  - action: action_picture
"""


CONFIG = """
recipe: default.v1
assistant_id: pictures
language: zh
pipeline:
- name: KeywordIntentClassifier
policies:
- name: RulePolicy
"""
NLU = """
version: "3.1"
nlu:
- intent: refund
  examples: "- refund"
- intent: inform
  examples: "- inform"
"""


@pytest.mark.usefixtures("engine")  # configures logging before Rasa is imported
async def test_a_form_under_way_outlives_pictures(tmp_path: Path) -> None:
    """The bot's own rule and action for pictures beside a form of the usual kind, under Rasa's rule policy."""
    from rasa.core.channels.channel import UserMessage

    from bot import turns

    agent = await asyncio.to_thread(_trained, tmp_path)
    heard = []
    order = [{"entity": "order_number", "value": "YL1", "start": 0, "end": 0}]
    for intent, entities in (("refund", []), ("picture", []), ("picture", []), ("inform", order)):
        channel = turns.Collector()
        parsed = {"text": "", "intent": {"name": intent, "confidence": 1.0}, "entities": entities}
        message = UserMessage("", channel, "c", parse_data=parsed, input_channel="support", metadata={"owner": "bot"})
        await agent.processor.handle_message(message)
        heard.append([said["text"] for said in channel.messages])
    assert heard == [["which order?"], ["seen", "which order?"], ["again", "which order?"], ["done"]]


def _trained(folder: Path) -> Any:
    from rasa.core.agent import Agent
    from rasa.model_training import train
    from rasa_sdk.executor import ActionExecutor

    from actions.picture import ActionPicture
    from bot import turns

    for name, text in (("domain", FORM), ("config", CONFIG), ("data/nlu", NLU), ("data/rules", RULES)):
        path = folder / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    trained = train(
        str(folder / "domain.yml"), str(folder / "config.yml"), str(folder / "data"), str(folder / "models")
    )
    executor = ActionExecutor()
    executor.register_action(ActionPicture())
    agent = Agent.load(trained.model)
    agent.processor.action_endpoint = turns.InProcessActions(executor)
    return agent
