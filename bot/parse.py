"""A player's text to a parse result, with the release's model.

The graph is run to the node before Rasa's RegexMessageHandler, so that “/restart” or “/intent{...}”, however wide its
slash was typed, is ordinary text.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from bot.graph import Steps
from bot.logic.context import WITHIN, Candidate, Interpretation, Kind, LastAnswer, Marks, Reading, interpret
from bot.logic.decision import Decision, Ranked
from bot.logic.lean_imports import lean_imports
from bot.logic.quiet import silence_loaded_rasa, silence_rasa, without_warnings
from bot.release import Release

if TYPE_CHECKING:
    from rasa.core.agent import Agent

#: How many scenarios and entries a parse result holds.
_SHOWN = 5


def load_agent(release: Release, **parts: Any) -> Agent:
    """Rasa's agent with the release's model; `parts` are Agent.load's own (tracker_store, generator ...).

    Keeps torch out of the process and players' words out of the logs. Vectors are too short to be worth several threads:
    these would wait for each other longer than they compute.
    """
    silence_rasa()
    with lean_imports(), without_warnings():
        from rasa.core.agent import Agent

        silence_loaded_rasa()
        agent = Agent.load(release.model, **parts)
    silence_loaded_rasa()
    threadpool_limits(1)
    return agent


async def parse(agent: Agent, text: str) -> dict[str, Any]:
    """The parse result of a text, as `UserMessage(parse_data=...)` takes it."""
    return _run(agent, text, {})


async def parse_in_context(agent: Agent, text: str, last: LastAnswer | None, marks: Marks) -> dict[str, Any]:
    """The parse result of a message after the `last` answer.

    Beside what `parse` gives it has a `context` (bot.logic.context.Kind) where the message does not stand for itself, and
    for two questions `also`: the entries that answer the second one.
    """
    reader = _GraphReader(agent)
    found = interpret(text, last, reader, marks)
    return in_context(reader.parsed(text), found)


def in_context(parsed: dict[str, Any], found: Interpretation) -> dict[str, Any]:
    """A text's own parse result with what it comes to in its conversation."""
    if found.kind is Kind.PLAIN:
        return parsed
    reading = found.reading
    others = [item for item in parsed["intent_ranking"] if item["name"] != reading.intent.name]
    also = {"also": [asdict(found.also)]} if found.also else {}
    return {
        **parsed,
        "intent": asdict(reading.intent),
        "intent_ranking": [asdict(reading.intent), *others],
        "scenario_ranking": [asdict(item) for item in reading.scenarios][:_SHOWN],
        "faq": [asdict(item) for item in reading.entries][:_SHOWN],
        "decision": reading.decision.value,
        "context": found.kind.value,
        **also,
    }


class _GraphReader:
    """Reads single texts with the release's model, each once."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._known: dict[str, dict[str, Any]] = {}

    def __call__(self, text: str) -> Reading:
        parsed = self.parsed(text)
        return Reading(
            Decision(parsed["decision"]),
            Ranked(**parsed["intent"]),
            [Ranked(**item) for item in parsed["scenario_ranking"]],
            [Candidate(**item) for item in parsed["faq"]],
        )

    def within(self, text: str, scenario: str) -> list[Candidate]:
        return [Candidate(**item) for item in _run(self._agent, text, {WITHIN: scenario})["faq"]]

    def parsed(self, text: str) -> dict[str, Any]:
        """The parse result of a text by itself."""
        if text not in self._known:
            self._known[text] = _run(self._agent, text, {})
        return self._known[text]


def _run(agent: Agent, text: str, metadata: dict[str, Any]) -> dict[str, Any]:
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE

    asked = UserMessage(text, metadata=metadata)
    asked.text = text  # it was stripped, and positions would shift
    message = _steps(agent)({PLACEHOLDER_MESSAGE: [asked]})[0]
    result: dict[str, Any] = {"text": text, "intent": {"name": None, "confidence": 0.0}, "entities": []}
    return {**result, **message.as_dict(only_output_properties=True)}


@lru_cache(maxsize=4)
def _steps(agent: Agent) -> Steps:
    """Our pipeline: up to the node that RegexMessageHandler, the graph's target, reads from."""
    if agent.processor is None:
        raise RuntimeError("the agent has no model: load it with load_agent")
    metadata = agent.processor.model_metadata
    return Steps(agent, str(metadata.predict_schema.nodes[metadata.nlu_target].needs["messages"]))
