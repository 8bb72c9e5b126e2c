"""Reading what an action needs from Rasa's tracker, in one place."""

from __future__ import annotations

from typing import Any, Optional

from rasa_sdk import Tracker

from common.language import CHINESE, conversation_language


def understanding(tracker: Tracker) -> dict[str, Any]:
    """What the pipeline made of the latest message (the fields of `python -m bot.understand`)."""
    message: dict[str, Any] = tracker.latest_message or {}
    return message


def text(tracker: Tracker) -> str:
    """What the player typed."""
    return str(understanding(tracker).get("text") or "")


def language(tracker: Tracker) -> str:
    """The conversation's language: the worker says it with the message, a stock Rasa leaves it to the texts."""
    told = metadata(tracker).get("language")
    texts = (event.get("text") or "" for event in tracker.events if event.get("event") == "user")
    return str(told or conversation_language(texts) or CHINESE)


def intent(tracker: Tracker) -> str:
    """The latest message's intent; a scenario's id when the decision was to answer."""
    return (understanding(tracker).get("intent") or {}).get("name") or ""


def metadata(tracker: Tracker) -> dict[str, Any]:
    """What the worker said of the latest message: its log number, the owner, the rated answer."""
    return understanding(tracker).get("metadata") or {}


def waiting(tracker: Tracker) -> bool:
    """Whether the conversation is already in the queue."""
    return metadata(tracker).get("owner") == "queue"


def picked_entry(tracker: Tracker) -> Optional[str]:
    """The FAQ entry that a chip named."""
    return next(tracker.get_latest_entity_values("faq_id"), None)


def ranked_entries(tracker: Tracker) -> list[dict[str, Any]]:
    """The retriever's entries for the latest message, best first: {id, scenario, question, score}."""
    return understanding(tracker).get("faq") or []


def ranked_scenarios(tracker: Tracker) -> list[dict[str, Any]]:
    """The classifier's scenarios for the latest message, best first: {name, confidence}."""
    return understanding(tracker).get("scenario_ranking") or []


def second_entry(tracker: Tracker) -> Optional[str]:
    """The entry that answers the second of two questions in one message."""
    return next((entry["id"] for entry in understanding(tracker).get("also") or []), None)


def is_follow_up(tracker: Tracker) -> bool:
    """Whether the message asks on about the last answer."""
    return understanding(tracker).get("context") == "follow_up"


def shown_entries(tracker: Tracker) -> list[str]:
    """FAQ entries shown in this conversation, oldest first."""
    return list(tracker.get_slot("shown_faq") or [])


def failed_attempts(tracker: Tracker) -> int:
    """How often in a row the player was not helped."""
    return int(tracker.get_slot("failed_attempts") or 0)
