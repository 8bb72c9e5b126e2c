"""Rasa's tracker, compacted: what was before the last turns is folded into slots and loop, so a turn's cost stays flat."""

from __future__ import annotations

import json
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

KEEP_TURNS = 6  # player messages kept in full; at least the policies' max_history


def dump(tracker: DialogueStateTracker, domain: Domain) -> str:
    """The tracker as JSON, compacted."""
    return json.dumps([event.as_dict() for event in compact(tracker, domain)], ensure_ascii=False)


def load(text: str, sender_id: str, domain: Domain) -> DialogueStateTracker:
    """The tracker that `dump` wrote."""
    events: list[dict[str, Any]] = json.loads(text)
    return DialogueStateTracker.from_dict(sender_id, events, domain.slots)


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
