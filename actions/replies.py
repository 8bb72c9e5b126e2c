"""What actions say to the worker beside their text: chips, the FAQ entry shown, a wish for a person.

It travels as Rasa's `buttons` and `custom`, so the same replies work in any channel of a stock Rasa.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Optional

from common.language import ENGLISH
from faq_index.library import Library
from suggest.chips import Suggestion

Button = dict[str, str]


def faq_button(faq_id: str, scenario: str, text: str) -> Button:
    """A chip that asks exactly one FAQ entry; as a payload it is the scenario's intent with the entry as entity."""
    return {"title": text, "payload": f"/{scenario}{json.dumps({'faq_id': faq_id})}"}


def question_buttons(suggestions: Iterable[Suggestion], library: Library, language: str) -> list[Button]:
    """A chip for each suggestion, in the player's language where the library has it."""
    buttons = []
    for suggestion in suggestions:
        foreign = library.entry(suggestion.faq_id).english if language == ENGLISH else None
        buttons.append(
            faq_button(suggestion.faq_id, suggestion.scenario, foreign.question if foreign else suggestion.text)
        )
    return buttons


def intent_button(intent: str, text: str) -> Button:
    """A chip that stands for an intent."""
    return {"title": text, "payload": f"/{intent}"}


def shown(faq_id: str, scenario: str) -> dict[str, Any]:
    """`custom` of an answer."""
    return {"faq_id": faq_id, "scenario": scenario}


def handoff(reason: str, urgency: int, scenario: str) -> dict[str, Any]:
    """`custom` of a wish for a person; the worker's commit performs it."""
    return {"handoff": {"reason": reason, "urgency": urgency, "scenario": scenario}}


def chip_id(payload: str) -> Optional[str]:
    """The chip id of a button's payload: `faq:<entry>` or `intent:<intent>`; None when it is no payload."""
    if not payload.startswith("/"):
        return None
    intent, brace, rest = payload[1:].partition("{")
    if brace:
        try:
            faq_id = json.loads(brace + rest).get("faq_id")
        except ValueError:
            return None
        if faq_id:
            return f"faq:{faq_id}"
    return f"intent:{intent}"


def merge_custom(parts: Iterable[Any]) -> dict[str, Any]:
    """All `custom` payloads of a turn as one."""
    merged: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, dict):
            merged.update(part)
    return merged
