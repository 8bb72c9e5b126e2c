"""What the bot says to a picture, by where the conversation stands."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.picture import ActionPicture


def user(intent: str) -> dict[str, Any]:
    return {"event": "user", "text": "", "parse_data": {"intent": {"name": intent}}}


def run(*intents: str, owner: str = "bot", loop: str | None = None) -> tuple[str, list[dict[str, Any]]]:
    message = {"intent": {"name": intents[-1]}, "metadata": {"owner": owner}}
    events = [{"event": "action", "name": "action_listen"}, *map(user, intents)]
    tracker = Tracker("c", {}, message, events, False, None, {"name": loop} if loop else {}, None)
    dispatcher = CollectingDispatcher()
    changes = ActionPicture().run(dispatcher, tracker, {})
    (said,) = dispatcher.messages
    return said["response"], changes


def test_a_picture_leads_to_words_or_a_person() -> None:
    said, changes = run("greet", "picture")
    assert said == "utter_picture"
    assert [(change["name"], change["value"]) for change in changes] == [("pending", "person")]


def test_of_several_pictures_only_the_first_gets_the_whole_sentence() -> None:
    assert run("picture", "picture")[0] == run("picture", "picture", "picture")[0] == "utter_picture_again"
    assert run("picture", "greet", "picture")[0] == "utter_picture"


def test_who_waits_is_told_that_the_agent_will_see_it() -> None:
    assert run("picture", owner="queue") == ("utter_picture_waiting", [])


def test_what_a_form_waits_for_is_left_alone() -> None:
    assert run("picture", loop="order_form") == ("utter_picture", [])
