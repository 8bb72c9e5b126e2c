"""Rasa's tracker, compacted: what was before the last turns is folded into slots and loop, so a turn's cost stays flat."""

from __future__ import annotations

from typing import Any

import msgspec
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

KEEP_TURNS = 4  # player messages kept in full; more than the policies' max_history
# What the policies need of an earlier message; rankings and FAQ hits are only for the turn they belong to.
_KEPT_OF_PARSE = ("text", "intent", "entities", "message_id", "metadata")


def dump(tracker: DialogueStateTracker, domain: Domain) -> str:
    """The tracker as JSON, compacted."""
    return msgspec.json.encode([_plain(event) for event in compact(tracker, domain)]).decode()


def load(text: str, sender_id: str, domain: Domain) -> DialogueStateTracker:
    """The tracker that `dump` wrote."""
    events: list[dict[str, Any]] = msgspec.json.decode(text)
    return DialogueStateTracker.from_dict(sender_id, events, domain.slots)


def slot(text: str, name: str) -> Any:
    """The value of a slot in the tracker that `dump` wrote; None when it was never set."""
    events: list[dict[str, Any]] = msgspec.json.decode(text)
    set_last = (event["value"] for event in reversed(events) if event["event"] == "slot" and event["name"] == name)
    return next(set_last, None)


def latest_metadata(text: str) -> dict[str, Any]:
    """The metadata of the player's latest message in the tracker that `dump` wrote; empty when there is none."""
    events: list[dict[str, Any]] = msgspec.json.decode(text)
    said_last = (event.get("metadata") for event in reversed(events) if event["event"] == UserUttered.type_name)
    return next(said_last, None) or {}


def compact(tracker: DialogueStateTracker, domain: Domain) -> list[Event]:
    """The tracker's events with everything before the last `KEEP_TURNS` player messages folded into a new session start."""
    events = list(tracker.events)
    spoken = [i for i, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(spoken) <= KEEP_TURNS:
        return events
    cut = spoken[-KEEP_TURNS]
    past = DialogueStateTracker.from_events(tracker.sender_id, events[:cut], domain.slots)
    slots = [SlotSet(name, slot.value) for name, slot in past.slots.items() if slot.value != slot.initial_value]
    loop = [ActiveLoop(past.active_loop_name)] if past.active_loop_name else []
    head = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted(), *slots, *loop]
    return [*head, ActionExecuted(ACTION_LISTEN_NAME), *events[cut:]]


def _plain(event: Event) -> dict[str, Any]:
    plain: dict[str, Any] = event.as_dict()
    if isinstance(event, UserUttered):
        plain["parse_data"] = {name: value for name, value in plain["parse_data"].items() if name in _KEPT_OF_PARSE}
    return plain
