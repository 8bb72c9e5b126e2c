"""The way to a person: the wish itself, and the summary that the agent receives."""

from __future__ import annotations

from typing import Any

import msgspec
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import context, replies
from actions.knowledge import knowledge
from handoff.summary import Said, Shown, Transcript, summarise

_ASKED_URGENCY = 1


class ActionHandoff(Action):
    """The player asks for a person (or agreed to one): the worker's commit queues the conversation."""

    def name(self) -> str:
        return "action_handoff"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        return hand_over(dispatcher, tracker)


class ActionHandoffSummary(Action):
    """Writes the session summary for the agent as `custom`: {"summary": {...}}; says nothing to the player.

    The worker runs it with the whole conversation as tracker events, each with its log number in `metadata.n`;
    under a stock Rasa the events have none, and are counted.
    """

    def name(self) -> str:
        return "action_handoff_summary"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        known = knowledge()
        asked = context.metadata(tracker)
        names = {scenario.id: scenario.name for scenario in known.scenarios.values()}
        questions = {entry.id: entry.question for entry in known.library.entries()}
        summary = summarise(
            transcript(tracker.events, questions), asked.get("reason", "asked"), int(asked.get("urgency", 0)), names
        )
        dispatcher.utter_message(json_message={"summary": msgspec.to_builtins(summary)})
        return []


def hand_over(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[dict[str, Any]]:
    """Ask for a person, unless the player is already waiting for one."""
    if context.waiting(tracker):
        dispatcher.utter_message(response="utter_already_waiting")
        return [SlotSet("pending", "nothing")]
    last = tracker.get_slot("last_faq")
    library = knowledge().library
    scenario = library.entry(last).scenario if last and last in library else ""
    urgency = max(_ASKED_URGENCY, int(context.understanding(tracker).get("urgency") or 0))
    dispatcher.utter_message(response="utter_handoff", json_message=replies.handoff("asked", urgency, scenario))
    return [SlotSet("pending", "nothing"), SlotSet("failed_attempts", 0)]


def transcript(events: list[dict[str, Any]], questions: dict[str, str]) -> Transcript:
    """The conversation in tracker events, as far as a summary needs it. `questions`: FAQ id -> its question."""
    said: list[Said] = []
    shown: dict[int, Shown] = {}
    n = 0
    for event in events:
        if event.get("event") not in ("user", "bot"):
            continue
        meta = event.get("metadata") or {}
        n = int(meta.get("n") or n + 1)
        if event["event"] == "bot":
            faq_id = ((event.get("data") or {}).get("custom") or {}).get("faq_id")
            if faq_id:
                shown[n] = Shown(n, faq_id, questions.get(faq_id, faq_id))
        elif "rated" in meta:
            answer = shown.get(int(meta["rated"]))
            if answer is not None:
                shown[answer.n] = Shown(answer.n, answer.faq_id, answer.question, bool(meta["helpful"]), n)
        else:
            said.append(Said(n, event.get("text") or "", event.get("parse_data") or {}))
    return Transcript(said, list(shown.values()), n)
