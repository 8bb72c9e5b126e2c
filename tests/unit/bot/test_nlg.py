"""The bot's sentences in the player's language: which variation is said, by Rasa's own tracker and domain."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import read_endpoint_config

from bot.nlg import LanguageGenerator, choose
from common.settings import ROOT

ZH, EN, ODD = {"text": "好的"}, {"text": "OK", "metadata": {"language": "en"}}, {"text": "好嘞"}
RESPONSES: dict[str, list[dict[str, Any]]] = {
    "utter_ok": [ZH, EN],
    "utter_paid": [{"text": "{sum} 元"}, {"text": "{sum} yuan", "metadata": {"language": "en"}}],
    "utter_only_english": [EN],
    "utter_here": [ZH, {"text": "desk", "channel": "desk", "metadata": {"language": "en"}}],
}
_HAN = re.compile(r"[\u3400-\u9fff]")


def tracker(*texts: str, language: str | None = None) -> DialogueStateTracker:
    metadata = {"language": language} if language else {}
    said = [UserUttered(text, metadata=metadata) for text in texts]
    return DialogueStateTracker.from_events("c", [event for one in said for event in (one, BotUttered("…"))], [])


async def said(response: str, of: DialogueStateTracker, channel: str = "support", **values: Any) -> str | None:
    generator = LanguageGenerator(domain=Domain([], [], [], RESPONSES, [], {}, {}, None, True))
    found = await generator.generate(response, of, channel, **values)
    return found["text"] if found else None


async def test_the_variation_follows_the_latest_words_of_the_player() -> None:
    assert await said("utter_ok", tracker("你好")) == "好的"
    assert await said("utter_ok", tracker("你好", "where is my order")) == "OK"
    assert await said("utter_ok", tracker("where is my order", "648", "YL20261123000417")) == "OK"
    assert await said("utter_ok", tracker("where is my order", "订单没到")) == "好的"


async def test_the_workers_word_outlives_what_was_folded_away() -> None:
    assert await said("utter_ok", tracker("648", language="en")) == "OK"
    assert await said("utter_ok", tracker("How do I register?", language="zh")) == "好的"


async def test_without_a_word_of_the_player_the_unmarked_one_is_said() -> None:
    assert await said("utter_ok", tracker()) == "好的"
    assert await said("utter_ok", tracker("계정을 잃어버렸어요")) == "好的"


async def test_a_response_in_one_language_only_is_said_in_that() -> None:
    assert await said("utter_only_english", tracker("你好")) == "OK"
    assert await said("utter_no_such", tracker("你好")) is None


async def test_channels_and_placeholders_work_as_in_rasa() -> None:
    assert await said("utter_paid", tracker("where is my order"), sum=30) == "30 yuan"
    assert await said("utter_here", tracker("where is my order")) == "好的"
    assert await said("utter_here", tracker("where is my order"), channel="desk") == "desk"


def test_of_several_variations_the_same_text_gets_the_same_one() -> None:
    assert {str(choose([ZH, ODD, EN], "zh", "你好")) for _ in range(20)} == {str(choose([ZH, ODD], None, "你好"))}
    assert {choose([ZH, ODD], None, str(n))["text"] for n in range(50)} == {"好的", "好嘞"}  # type: ignore[index]
    assert choose([], "en", "hi") is None


def test_rasa_itself_loads_the_generator_from_the_endpoints() -> None:
    endpoint = read_endpoint_config(str(ROOT / "endpoints.yml"), "nlg")
    assert isinstance(NaturalLanguageGenerator.create(endpoint, Domain.empty()), LanguageGenerator)


@pytest.fixture(scope="module")
def responses() -> dict[str, list[dict[str, Any]]]:
    loaded: dict[str, list[dict[str, Any]]] = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["responses"]
    return loaded


def test_every_sentence_of_the_bot_is_there_in_english(responses: dict[str, list[dict[str, Any]]]) -> None:
    for name, variations in responses.items():
        chinese, english = (choose(variations, language, "") for language in ("zh", "en"))
        assert chinese and english
        assert not _HAN.search(english["text"]), f"{name} is not said in English"
        filled = [sorted(re.findall(r"\{\w+\}", one["text"])) for one in (chinese, english)]
        assert filled[0] == filled[1], f"{name} fills in other values in English"
