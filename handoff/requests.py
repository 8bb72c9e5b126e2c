"""What a wish for a person carries: the bot's understanding of the conversation as one request, the same for a button and an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.content import Scenario
from common.language import ENGLISH, conversation_language
from handoff.policy import GENERAL
from handoff.protocol import Entry
from handoff.store import HandoffRequest

CERTAIN = 0.5  # a scenario below this probability is not taken for the player's matter
MIN_URGENCY = 1  # who asks for a person is in some need of one
MIN_TIER = 2  # tier 1 is the bot
_TOP_URGENCY = 3
_COMPLAINT = "complaint"  # the skill of scenarios in which the player complains
_NOT_A_MATTER = frozenset({"smalltalk", "handoff"})  # decisions: the message is about the conversation itself
_EPISODE_ENDS = frozenset({"closed", "returned", "idle_closed", "ticket", "missed_turn"})

Understanding = Mapping[int, Mapping[str, Any]]  # log number -> what the bot made of that message


def request_of(
    reason: str,
    understanding: Understanding,
    entries: Sequence[Entry],
    scenarios: Mapping[str, Scenario],
    *,
    scenario: str = "",
    urgency: int = 0,
) -> HandoffRequest:
    """The request for a person at the end of a conversation's log.

    `scenario`, `urgency`: what the asking action knows already; without it the newest certain scenario is the matter.
    How many matters there are, what failed and how the player feels counts from the end of the last episode on.
    """
    since = max((entry.n for entry in entries if entry.event in _EPISODE_ENDS), default=0)
    named = _named(understanding, scenarios)
    recent = {id: n for id, n in named.items() if n > since}
    newest = scenario if scenario in scenarios else max(named, key=lambda id: named[id], default="")
    matter = scenarios.get(newest)
    fresh = {n: one for n, one in understanding.items() if n > since}
    said = [int(one.get("urgency") or 0) for n, one in fresh.items() if n >= named.get(newest, 0)]
    return HandoffRequest(
        reason=reason,
        urgency=min(_TOP_URGENCY, max(MIN_URGENCY, urgency, matter.urgency if matter else 0, *said)),
        scenario=newest,
        group=matter.skill if matter else GENERAL,
        tier=max(MIN_TIER, matter.tier if matter else 0),
        scenarios=max(1, len({*recent, *([newest] if newest else [])})),
        failed=sum(entry.kind == "feedback" and not entry.helpful and entry.n > since for entry in entries),
        emotion=_emotion(fresh),
        complaint=any(scenarios[id].skill == _COMPLAINT for id in recent),
        language=_language(entries),
    )


def _named(understanding: Understanding, scenarios: Mapping[str, Scenario]) -> dict[str, int]:
    """The certain scenarios, each with the last message that is about it."""
    found: dict[str, int] = {}
    for n, one in sorted(understanding.items()):
        best = (one.get("scenario_ranking") or [{}])[0]
        certain = float(best.get("confidence") or 0) >= CERTAIN and one.get("decision") not in _NOT_A_MATTER
        if certain and best["name"] in scenarios:
            found[best["name"]] = n
    return found


def _emotion(understanding: Understanding) -> str:
    """What was felt last, apart from nothing."""
    felt = [str(one.get("emotion") or "neutral") for _, one in sorted(understanding.items(), reverse=True)]
    return next((emotion for emotion in felt if emotion != "neutral"), "neutral")


def _language(entries: Sequence[Entry]) -> str:
    """en or zh: the languages of skill groups."""
    said = (entry.text for entry in entries if entry.sender == "player" and entry.kind == "text")
    return "en" if conversation_language(said) == ENGLISH else "zh"
