"""Answers from the FAQ library."""

from __future__ import annotations

from typing import Any, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import context, replies
from actions.knowledge import Knowledge, knowledge
from common.content import Scenario
from common.text import is_english
from faq_index.library import Entry
from suggest import chips

CRISIS = "service_crisis"
TICKETS = "service_ticket"
_REMEMBERED = 20  # entries shown lately, which are not offered again


class ActionAnswer(Action):
    """Answers the message's scenario with the best entry of the library, and its second question if it asks two."""

    def name(self) -> str:
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        known = knowledge()
        if context.intent(tracker) == TICKETS:
            say_tickets(dispatcher, tracker)
        events = give(dispatcher, tracker, known, choose(tracker, known))
        second = context.second_entry(tracker)
        if second is None or second not in known.library:
            return events
        return [*events, *give_second(dispatcher, tracker, known, known.library.entry(second), events)]


def choose(tracker: Tracker, known: Knowledge) -> Entry:
    """The entry to answer with: the one a chip named, else the retriever's best of the scenario, else its first."""
    picked = context.picked_entry(tracker)
    if picked:
        return known.library.entry(picked)
    scenario = context.intent(tracker)
    for candidate in context.ranked_entries(tracker):
        if candidate["scenario"] == scenario:
            return known.library.entry(candidate["id"])
    return known.valid_entries(scenario)[0]


def give(dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge, entry: Entry) -> list[dict[str, Any]]:
    """Say an entry, what belongs to it, and where it leads."""
    scenario = known.scenarios[entry.scenario]
    seen = context.shown_entries(tracker)
    ranked = [known.library.entry(r["id"]) for r in context.ranked_entries(tracker)]
    follow_ups = chips.follow_ups(entry, known.valid_entries(entry.scenario), ranked, seen)
    dispatcher.utter_message(
        text=with_links(entry, english=is_english(context.text(tracker))),
        buttons=replies.question_buttons(follow_ups, known.library, context.text(tracker)),
        json_message=replies.shown(entry.id, entry.scenario),
    )
    if entry.warning:
        dispatcher.utter_message(response="utter_safety")
    urgent = say_urgent(dispatcher, tracker, scenario)
    pending = "nothing"
    if not urgent and (entry.offer_human or scenario.handoff == "offer"):
        dispatcher.utter_message(response="utter_offer_human")
        pending = "person"
    return [
        SlotSet("pending", pending),
        SlotSet("suggested", None),
        SlotSet("last_faq", entry.id),
        SlotSet("shown_faq", [*(id for id in seen if id != entry.id), entry.id][-_REMEMBERED:]),
    ]


def give_second(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    known: Knowledge,
    entry: Entry,
    given: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Say the answer to a second question; chips and what a follow-up goes on from stay those of the first.

    `given` are the events of the first answer.
    """
    dispatcher.utter_message(response="utter_second_question")
    dispatcher.utter_message(text=with_links(entry, english=is_english(context.text(tracker))))
    if entry.warning:
        dispatcher.utter_message(response="utter_safety")
    say_urgent(dispatcher, tracker, known.scenarios[entry.scenario])
    shown = next(event["value"] for event in given if event.get("name") == "shown_faq")
    return [SlotSet("shown_faq", [*(id for id in shown if id != entry.id), entry.id][-_REMEMBERED:])]


def say_tickets(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """How far the player's own tickets are; nothing where the channel does not know them."""
    tickets = context.metadata(tracker).get("tickets")
    if tickets is None:
        return
    dispatcher.utter_message(response="utter_tickets" if tickets else "utter_no_tickets")
    for ticket in tickets:
        dispatcher.utter_message(response=f"utter_ticket_{ticket['state']}", number=ticket["number"])


def say_urgent(dispatcher: CollectingDispatcher, tracker: Tracker, scenario: Scenario) -> bool:
    """Hand over at once where the scenario asks for it; whether it did."""
    urgent = urgent_request(tracker, scenario)
    if urgent is not None:
        response = "utter_handoff_crisis" if scenario.id == CRISIS else "utter_handoff_urgent"
        dispatcher.utter_message(response=response, json_message=urgent)
    return urgent is not None


def urgent_request(tracker: Tracker, scenario: Scenario) -> Optional[dict[str, Any]]:
    """The handoff that a scenario asks for by itself, unless the player is already waiting."""
    if scenario.handoff != "auto" or context.waiting(tracker):
        return None
    said = int(context.understanding(tracker).get("urgency") or 0)
    return replies.handoff("urgent", max(said, scenario.urgency), scenario.id)


def with_links(entry: Entry, english: bool = False) -> str:
    """The answer's Markdown, in English where that is wanted and there, with its self-service pages at the end."""
    answer = entry.english.answer if english and entry.english else entry.answer
    links = "\n".join(f"- [{link.text}]({link.url})" for link in entry.links)
    return f"{answer.strip()}\n\n{links}" if links else answer.strip()
