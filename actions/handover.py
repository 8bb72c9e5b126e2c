"""The way to a person: the wish itself, and the summary that the agent receives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import context, replies
from actions.knowledge import knowledge
from handoff.protocol import Summary
from handoff.summary import Earlier, NothingToSummarise, Promise, Said, Shown, Transcript, reason_line, summarise

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
    under a stock Rasa the events have none, and are counted. The latest message's metadata holds the episode's `reason`
    and `urgency`, and of the episodes before it `earlier` and `promises` (lists of `handoff.summary`'s fields).
    """

    def name(self) -> str:
        return "action_handoff_summary"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        known = knowledge()
        asked = context.metadata(tracker)
        names = {scenario.id: scenario.name for scenario in known.scenarios.values()}
        questions = {entry.id: entry.question for entry in known.library.entries()}
        record = transcript(tracker.events, questions, asked)
        reason = asked.get("reason", "asked")
        try:
            summary = summarise(record, reason, int(asked.get("urgency", 0)), names)
        except NothingToSummarise:
            summary = Summary(lines=[reason_line(reason)], upto=record.upto)
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


def transcript(
    events: Sequence[Mapping[str, Any]], questions: Mapping[str, str], past: Mapping[str, Any]
) -> Transcript:
    """The conversation in tracker events, as far as a summary needs it.

    `questions`: FAQ id -> its question. `past`: `earlier` and `promises`, where there are some. Rasa's event `agent` is
    a message that a person wrote.
    """
    said: list[Said] = []
    shown: dict[int, Shown] = {}
    replied: list[int] = []
    pictures: list[int] = []
    n = 0
    for event in events:
        if event.get("event") not in ("user", "bot", "agent"):
            continue
        meta = event.get("metadata") or {}
        n = int(meta.get("n") or n + 1)
        if event["event"] == "agent":
            replied.append(n)
        elif event["event"] == "bot":
            faq_id = ((event.get("data") or {}).get("custom") or {}).get("faq_id")
            if faq_id:
                shown[n] = Shown(n, faq_id, questions.get(faq_id, faq_id))
        elif "rated" in meta:
            answer = shown.get(int(meta["rated"]))
            if answer is not None:
                shown[answer.n] = Shown(answer.n, answer.faq_id, answer.question, bool(meta["helpful"]), n)
        elif "image" in meta:
            pictures.append(n)
        else:
            said.append(Said(n, event.get("text") or "", event.get("parse_data") or {}))
    earlier = msgspec.convert(past.get("earlier") or [], list[Earlier])
    promises = msgspec.convert(past.get("promises") or [], list[Promise])
    return Transcript(said, list(shown.values()), n, replied, earlier, promises, pictures)
