"""A player's text to a parse result, with the release's model.

The graph is run to the node before Rasa's RegexMessageHandler, so that “/restart” or “/intent{...}”, however wide its
slash was typed, is ordinary text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.logic.lean_imports import lean_imports
from bot.logic.quiet import silence_loaded_rasa, silence_rasa, without_warnings
from bot.release import Release

if TYPE_CHECKING:
    from rasa.core.agent import Agent


def load_agent(release: Release, **parts: Any) -> Agent:
    """Rasa's agent with the release's model; `parts` are Agent.load's own (tracker_store, generator ...).

    Keeps torch out of the process and players' words out of the logs.
    """
    silence_rasa()
    with lean_imports(), without_warnings():
        from rasa.core.agent import Agent

        silence_loaded_rasa()
        agent = Agent.load(release.model, **parts)
    silence_loaded_rasa()
    return agent


async def parse(agent: Agent, text: str) -> dict[str, Any]:
    """The parse result of a text, as `UserMessage(parse_data=...)` takes it."""
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE

    if agent.processor is None:
        raise RuntimeError("the agent has no model: load it with load_agent")
    asked = UserMessage(text)
    asked.text = text  # it was stripped, and positions would shift
    target = _last_component(agent)
    message = agent.processor.graph_runner.run({PLACEHOLDER_MESSAGE: [asked]}, [target])[target][0]
    result: dict[str, Any] = {"text": text, "intent": {"name": None, "confidence": 0.0}, "entities": []}
    return {**result, **message.as_dict(only_output_properties=True)}


def _last_component(agent: Agent) -> str:
    """The node of our pipeline's last step: what RegexMessageHandler, the graph's target, reads from."""
    metadata = agent.processor.model_metadata
    return str(metadata.predict_schema.nodes[metadata.nlu_target].needs["messages"])
