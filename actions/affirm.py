"""A bare yes: to the first suggestion, to a person, or to nothing in particular."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import give
from actions.handover import hand_over
from actions.knowledge import knowledge


class ActionAffirm(Action):
    """Does what the player agreed to."""

    def name(self) -> str:
        return "action_affirm"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        pending = tracker.get_slot("pending")
        suggested = tracker.get_slot("suggested") or []
        known = knowledge()
        if pending == "suggestion" and suggested and suggested[0] in known.library:
            return await give(dispatcher, tracker, known, known.library.entry(suggested[0]))
        if pending == "person":
            return hand_over(dispatcher, tracker)
        dispatcher.utter_message(response="utter_affirm")
        return []
