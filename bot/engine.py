"""A trained Rasa model as a function: a player's entry and the committed tracker in, replies and the next tracker out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Optional

import msgspec
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import Event
from rasa_sdk.executor import ActionExecutor

from actions import replies
from actions.knowledge import knowledge, pin
from actions.successors import AskedNext, count_by
from bot import trackers, turns
from bot.logic.context import LastAnswer, Marks
from bot.nlg import LANGUAGE, LanguageGenerator, choose
from bot.parse import load_agent, parse_in_context
from bot.release import Release
from common.content import LEXICON
from common.errors import SupportError
from common.language import next_language
from handoff.protocol import Chip, Entry, Episode, Summary
from handoff.requests import request_of
from handoff.store import HandoffRequest, KnownTicket
from handoff.summary import Earlier, Promise

_SPOKEN = ("text", "pick", "image", "feedback")
_PICTURE_INTENT = "picture"  # of a picture, which nobody looks into
_FAILURE_RESPONSE = "utter_failure"
# What is kept of a parse: enough for the summary and the reports, without the player's text.
_KEPT = ("intent", "scenario_ranking", "faq", "decision", "context", "entities", "emotion", "urgency", "risk")


class TurnFailed(SupportError):
    """A turn that must not be committed; `causes` are the recorded exceptions."""

    code = "turn_failed"

    def __init__(self, message: str, causes: list[BaseException]) -> None:
        super().__init__(message)
        self.causes = causes


@dataclass(frozen=True)
class TurnOutput:
    """What a turn came to."""

    text: str
    chips: list[Chip]
    faq_id: str
    tracker: str
    understanding: dict[str, Any]
    request: Optional[HandoffRequest]


@dataclass(frozen=True)
class Record:
    """A whole conversation, as the summary action sees it."""

    entries: list[Entry]
    understanding: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    earlier: Sequence[Earlier] = ()
    promises: Sequence[Promise] = ()


class Engine:
    """Runs turns. Several may be under way at once in one event loop."""

    def __init__(self, release: Release) -> None:
        """Loads the model of `release` (seconds)."""
        self.release = release
        #: What players asked after an entry, where that is counted.
        self.asked_next: Optional[AskedNext] = None
        executor = ActionExecutor()
        executor.register_package("actions")
        self._executor = executor
        self._agent = load_agent(release, generator=LanguageGenerator())
        self._marks = Marks(release.root / LEXICON)
        _rewire(self._agent, executor)

    async def run(
        self,
        conversation: str,
        entry: Entry,
        base: Optional[str],
        owner: str,
        tickets: Sequence[KnownTicket] = (),
    ) -> TurnOutput:
        """One turn for a player's `entry` (kind text, pick, image or feedback) on the committed tracker `base`.

        `tickets` are the player's, should they ask for them.

        Raises:
            TurnFailed: an action or a store failed, or nothing was said; nothing of the turn may be kept.
        """
        pin(self.release)
        count_by(self.asked_next)
        turn = turns.begin(base)
        parsed = await self._understand(entry, base)
        channel = turns.Collector()
        message = UserMessage(
            text=entry.text,
            output_channel=channel,
            sender_id=conversation,
            parse_data=parsed,
            input_channel=channel.name(),
            metadata=_metadata(entry, owner, tickets) | {LANGUAGE: _language(entry, base)},
        )
        try:
            await _processor(self._agent).handle_message(message)
        except Exception as error:
            turns.note_failure(error)
        if turn.failures:
            raise TurnFailed("an action or a store failed", turn.failures)
        if turn.staged is None or not any(m.get("text") for m in channel.messages):
            raise TurnFailed("the bot had nothing to say", [])
        return _output(channel.messages, trackers.dump(turn.staged, _domain(self._agent)), _kept(parsed))

    def request(
        self, asked: HandoffRequest, understanding: Mapping[int, dict[str, Any]], entries: Sequence[Entry]
    ) -> HandoffRequest:
        """What an action asked for, with all that the bot knows of the whole conversation."""
        pin(self.release)
        scenarios = knowledge().scenarios
        return request_of(
            asked.reason, understanding, entries, scenarios, scenario=asked.scenario, urgency=asked.urgency
        )

    async def summary(self, conversation: str, record: Record, episode: Episode) -> Summary:
        """The agent's summary of a conversation, written by the custom action `action_handoff_summary`."""
        pin(self.release)
        asked = {"text": "", "intent": {"name": None}, "entities": []}
        meta = {
            "reason": episode.reason,
            "urgency": episode.urgency,
            "earlier": msgspec.to_builtins(list(record.earlier)),
            "promises": msgspec.to_builtins(list(record.promises)),
        }
        call = {
            "next_action": "action_handoff_summary",
            "sender_id": conversation,
            "tracker": {
                "sender_id": conversation,
                "slots": {},
                "latest_message": {**asked, "metadata": meta},
                "events": _as_events(record),
                "paused": False,
                "followup_action": None,
                "active_loop": {},
                "latest_action_name": None,
            },
        }
        result = await self._executor.run(call)
        custom = replies.merge_custom(r.get("custom") for r in (result or {}).get("responses", []))
        return msgspec.convert(custom["summary"], Summary)

    def apology(self, entry: Optional[Entry] = None, base: Optional[str] = None) -> str:
        """What to say when the turn of `entry` on `base` failed; from the domain."""
        variations = _domain(self._agent).responses[_FAILURE_RESPONSE]
        chosen = choose(variations, _language(entry, base) if entry else None, entry.text if entry else "")
        assert chosen is not None  # Rasa refuses a response without variations
        return str(chosen["text"])

    def samples(self) -> list[str]:
        """Questions of the library, to warm up with."""
        pin(self.release)
        return [entry.question for entry in list(knowledge().library.entries())[:3]]

    async def _understand(self, entry: Entry, base: Optional[str]) -> dict[str, Any]:
        if entry.kind == "feedback":
            return _given("solved" if entry.helpful else "unsolved", entry.text, "smalltalk")
        if entry.kind == "image":
            return _given(_PICTURE_INTENT, entry.text, "smalltalk")
        if entry.kind == "pick":
            return _picked(entry)
        return await parse_in_context(self._agent, entry.text, _last_answer(base), self._marks)


def _last_answer(base: Optional[str]) -> Optional[LastAnswer]:
    """What the bot answered last in the committed tracker `base`, if the library still has it."""
    last = trackers.slot(base, "last_faq") if base else None
    if not last or last not in knowledge().library:
        return None
    return LastAnswer(knowledge().library.entry(last).scenario, last)


def _language(entry: Entry, base: Optional[str]) -> Optional[str]:
    """The language of the conversation with `entry`; what was pressed says nothing of it."""
    before = trackers.latest_metadata(base).get(LANGUAGE) if base else None
    return next_language(before, entry.text) if entry.kind == "text" else before


def _picked(entry: Entry) -> dict[str, Any]:
    kind, _, value = entry.chip.partition(":")
    if kind == "intent":
        return _given(value, entry.text, "handoff" if value == "request_human" else "smalltalk")
    faq = knowledge().library.entry(value)
    parsed = _given(faq.scenario, entry.text, "answer")
    parsed["entities"] = [{"entity": "faq_id", "value": faq.id, "start": 0, "end": 0}]
    parsed["faq"] = [{"id": faq.id, "scenario": faq.scenario, "question": faq.question, "score": 1.0}]
    parsed["scenario_ranking"] = [{"name": faq.scenario, "confidence": 1.0}]
    return parsed


def _given(intent: str, text: str, decision: str) -> dict[str, Any]:
    """Parse data for something the player pressed: nothing is guessed."""
    return {
        "text": text,
        "intent": {"name": intent, "confidence": 1.0},
        "intent_ranking": [{"name": intent, "confidence": 1.0}],
        "entities": [],
        "scenario_ranking": [],
        "faq": [],
        "decision": decision,
        "emotion": "neutral",
        "urgency": 0,
        "risk": "none",
    }


def _metadata(entry: Entry, owner: str, tickets: Sequence[KnownTicket] = ()) -> dict[str, Any]:
    meta: dict[str, Any] = {"n": entry.n, "owner": owner}
    meta["tickets"] = [{"number": ticket.number, "state": ticket.state} for ticket in tickets]
    if entry.kind == "feedback":
        meta |= {"rated": entry.entry, "helpful": entry.helpful}
    if entry.image is not None:
        meta["image"] = entry.image.id
    return meta


def _kept(parsed: dict[str, Any]) -> dict[str, Any]:
    kept = {name: parsed.get(name) for name in _KEPT}
    kept["faq"] = [{"id": f["id"], "score": round(float(f["score"]), 3)} for f in (parsed.get("faq") or [])[:3]]
    return kept


def _output(messages: list[dict[str, Any]], tracker: str, understanding: dict[str, Any]) -> TurnOutput:
    """All that the bot said in a turn as one entry: texts below each other, chips behind."""
    custom = replies.merge_custom(message.get("custom") for message in messages)
    chips = [
        Chip(id=id, text=button["title"])
        for message in messages
        for button in message.get("buttons") or []
        if (id := replies.chip_id(button.get("payload") or "")) is not None
    ]
    wish = custom.get("handoff")
    return TurnOutput(
        text="\n\n".join(message["text"] for message in messages if message.get("text")),
        chips=chips,
        faq_id=custom.get("faq_id", ""),
        tracker=tracker,
        understanding=understanding,
        request=HandoffRequest(**wish) if wish else None,
    )


def _as_events(record: Record) -> list[dict[str, Any]]:
    """Log entries as Rasa tracker events, each with its log number."""
    events: list[dict[str, Any]] = []
    for entry in record.entries:
        if entry.sender == "player" and entry.kind in _SPOKEN:
            parse_data = {"text": entry.text, **record.understanding.get(entry.n, {})}
            events.append(
                {"event": "user", "text": entry.text, "parse_data": parse_data, "metadata": _metadata(entry, "")}
            )
        elif entry.sender == "bot":
            data = {"custom": {"faq_id": entry.faq_id}} if entry.faq_id else {}
            events.append({"event": "bot", "text": entry.text, "data": data, "metadata": {"n": entry.n}})
        elif entry.sender == "agent":
            events.append({"event": "agent", "text": entry.text, "metadata": {"n": entry.n}})
    return events


def _processor(agent: Agent) -> MessageProcessor:
    assert agent.processor is not None  # load_agent loads one
    return agent.processor


def _domain(agent: Agent) -> Any:
    return _processor(agent).domain


def _rewire(agent: Agent, executor: ActionExecutor) -> None:
    """Make a loaded agent stage its trackers, run actions in process and hide no failure."""
    processor = _processor(agent)
    # Set on the processor itself: `Agent` would wrap it in a FailSafeTrackerStore, which swallows failed reads.
    processor.tracker_store = turns.StagingTrackerStore(processor.domain)
    processor.action_endpoint = turns.InProcessActions(executor)
    predict = processor.predict_next_with_tracker_if_should

    def predict_recording(tracker: Any) -> Any:
        try:
            action, prediction = predict(tracker)
        except Exception as error:  # ActionLimitReached among them, which Rasa only logs
            turns.note_failure(error)
            raise
        action.run = turns.recording(action.run, passes=(ActionExecutionRejection,))
        return action, prediction

    processor.predict_next_with_tracker_if_should = predict_recording
    # Rasa compiles a JSON schema and checks it for every action result: most of a turn. The executor, here in the same
    # process, has checked the events already.
    RemoteAction._validate_action_result = lambda self, result: True
    # Rasa walks all of its event classes for every event that it reads.
    Event.resolve_by_type = staticmethod(lru_cache(Event.resolve_by_type))
