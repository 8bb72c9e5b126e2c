"""When there is no answer straight away: ask back, admit it, try another entry, say it again."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import context, replies
from actions.knowledge import knowledge, readable
from suggest import chips

_LIKELY_SCENARIOS = 3
_OFFER_PERSON_AT = 2  # failed attempts in a row
_HAND_OVER_AT = 3


class ActionClarify(Action):
    """Offers the likely questions to choose from."""

    def name(self) -> str:
        return "action_clarify"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        known = knowledge()
        # A follow-up that stays unclear is about the last scenario: the choice is between its entries.
        scenarios = [] if context.is_follow_up(tracker) else context.ranked_scenarios(tracker)
        likely = [r["name"] for r in scenarios[:_LIKELY_SCENARIOS]]
        language = context.language(tracker)
        ranked = readable((known.library.entry(r["id"]) for r in context.ranked_entries(tracker)), language)
        first_of = {s: entries[0] for s in likely if (entries := readable(known.valid_entries(s), language))}
        options = chips.alternatives(likely, ranked, first_of)
        buttons = replies.question_buttons(options, known.library, language)
        dispatcher.utter_message(response="utter_clarify", buttons=buttons)
        return [SlotSet("pending", "suggestion"), SlotSet("suggested", [o.faq_id for o in options])]


class ActionOutOfScope(Action):
    """Admits that there is no answer; the second time in a row it offers a person."""

    def name(self) -> str:
        return "action_out_of_scope"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        return failed(dispatcher, tracker, "utter_out_of_scope", "utter_not_understood_again")


class ActionUnsolved(Action):
    """The last answer did not help: other entries of its scenario, the likeliest first; then a person."""

    def name(self) -> str:
        return "action_unsolved"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        buttons: list[replies.Button] = []
        known = knowledge()
        last = tracker.get_slot("last_faq")
        if last and last in known.library:
            entry = known.library.entry(last)
            language = context.language(tracker)
            places = {ranked["id"]: place for place, ranked in enumerate(context.ranked_entries(tracker))}
            siblings = readable(known.valid_entries(entry.scenario), language)
            siblings.sort(key=lambda one: places.get(one.id, len(places)))
            others = chips.follow_ups(entry, siblings, [], context.shown_entries(tracker))
            buttons = replies.question_buttons(others, known.library, language)
        first = "utter_unsolved" if buttons else "utter_unsolved_again"
        return failed(dispatcher, tracker, first, "utter_unsolved_again", buttons)


class ActionSolved(Action):
    """The player is content; failed attempts are forgotten."""

    def name(self) -> str:
        return "action_solved"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        dispatcher.utter_message(response="utter_solved")
        return [SlotSet("failed_attempts", 0), SlotSet("pending", "nothing")]


class ActionRepeat(Action):
    """Says the bot's last message again."""

    def name(self) -> str:
        return "action_repeat"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        texts = [event["text"] for event in tracker.events if event["event"] == "bot" and event.get("text")]
        if texts:
            dispatcher.utter_message(text=texts[-1])
        else:
            dispatcher.utter_message(response="utter_nothing_to_repeat")
        return []


def failed(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    first: str,
    again: str,
    buttons: list[replies.Button] | None = None,
) -> list[dict[str, Any]]:
    """One more time in a row without help: `first`, then `again` with an offer of a person, then the handoff itself."""
    attempts = context.failed_attempts(tracker) + 1
    if attempts >= _HAND_OVER_AT and not context.waiting(tracker):
        last = (context.ranked_scenarios(tracker) or [{"name": ""}])[0]["name"]
        request = replies.handoff("unsolved", 1, last)
        dispatcher.utter_message(response="utter_handoff", json_message=request)
        return [SlotSet("failed_attempts", 0), SlotSet("pending", "nothing")]
    offer = attempts >= _OFFER_PERSON_AT
    dispatcher.utter_message(response=again if offer else first, buttons=buttons or [])
    return [SlotSet("failed_attempts", attempts), SlotSet("pending", "person" if offer else "nothing")]
