"""What the bot does with a picture: it can't look into it, so it asks for words and offers a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import context

_PICTURE = "picture"  # the intent that the worker gives a picture


class ActionPicture(Action):
    """Says who will see the picture. It is no failed attempt, and what the bot waits for in a form it goes on waiting for."""

    def name(self) -> str:
        return "action_picture"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        if context.waiting(tracker):
            dispatcher.utter_message(response="utter_picture_waiting")
            return []
        dispatcher.utter_message(response="utter_picture_again" if _one_of_several(tracker) else "utter_picture")
        in_form = bool((tracker.active_loop or {}).get("name"))
        return [] if in_form else [SlotSet("pending", "person")]


def _one_of_several(tracker: Tracker) -> bool:
    """Whether the player's message before was a picture too."""
    said = [event for event in tracker.events if event["event"] == "user"]
    return len(said) > 1 and ((said[-2].get("parse_data") or {}).get("intent") or {}).get("name") == _PICTURE
