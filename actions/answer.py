"""Answers from the FAQ library."""

from __future__ import annotations

from typing import Any, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import context, replies
from actions.knowledge import Knowledge, knowledge, readable, speaks
from actions.successors import asked_next
from common.content import Scenario
from common.language import CHINESE, ENGLISH
from faq_index.library import Entry
from suggest import chips

CRISIS = "service_crisis"
TICKETS = "service_ticket"
_REMEMBERED = 20  # entries shown lately, which are not offered again


class ActionAnswer(Action):
    """Answers the message's scenario with the best entry of the library, and its second question if it asks two."""

    def name(self) -> str:
        return "action_answer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        known = knowledge()
        if context.intent(tracker) == TICKETS:
            say_tickets(dispatcher, tracker)
        events = await give(dispatcher, tracker, known, choose(tracker, known))
        second = context.second_entry(tracker)
        if second is None or second not in known.library:
            return events
        return [*events, *give_second(dispatcher, tracker, known, known.library.entry(second), events)]


def choose(tracker: Tracker, known: Knowledge) -> Entry:
    """The entry to answer with: the one a chip named, else the retriever's best of the scenario, else its first; of those
    found one that the player can read, where there is one.
    """
    picked = context.picked_entry(tracker)
    if picked:
        return known.library.entry(picked)
    scenario = context.intent(tracker)
    ranked = context.ranked_entries(tracker)
    found = [known.library.entry(r["id"]) for r in ranked if r["scenario"] == scenario]
    candidates = found or known.valid_entries(scenario)
    return (readable(candidates, context.language(tracker)) or candidates)[0]


async def give(
    dispatcher: CollectingDispatcher, tracker: Tracker, known: Knowledge, entry: Entry
) -> list[dict[str, Any]]:
    """Say an entry, what belongs to it, and where it leads."""
    scenario = known.scenarios[entry.scenario]
    seen = context.shown_entries(tracker)
    language = context.language(tracker)
    ranked = [known.library.entry(r["id"]) for r in context.ranked_entries(tracker)]
    siblings = known.valid_entries(entry.scenario)
    counted = await asked_next(entry, known.library)
    asked = [(other, count) for other, count in counted if speaks(other, language)]
    follow_ups = chips.follow_ups(entry, readable(siblings, language), readable(ranked, language), seen, asked)
    dispatcher.utter_message(
        text=with_links(entry, language),
        buttons=replies.question_buttons(follow_ups, known.library, language),
        json_message=replies.shown(entry.id, entry.scenario),
    )
    if entry.warning:
        dispatcher.utter_message(response="utter_safety")
    urgent = say_urgent(dispatcher, tracker, scenario)
    pending = "nothing"
    if not urgent and (offer := offer_of(entry, scenario, language)):
        dispatcher.utter_message(response=offer)
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
    dispatcher.utter_message(text=with_links(entry, context.language(tracker)))
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


def offer_of(entry: Entry, scenario: Scenario, language: str) -> Optional[str]:
    """The response that offers a person after an answer, where there is reason to."""
    if not speaks(entry, language):
        return "utter_foreign_answer"
    return "utter_offer_human" if entry.offer_human or scenario.handoff == "offer" else None


def with_links(entry: Entry, language: str = CHINESE) -> str:
    """The answer's Markdown, in English where that is wanted and there, with its self-service pages at the end.

    A page's name is Chinese, so that an English answer shows its address.
    """
    if language == ENGLISH and entry.english:
        answer = entry.english.answer
        links = [f"- [{link.url.rpartition('://')[2]}]({link.url})" for link in entry.links]
    else:
        answer, links = entry.answer, [f"- [{link.text}]({link.url})" for link in entry.links]
    return "\n\n".join([answer.strip(), *(["\n".join(links)] if links else [])])
