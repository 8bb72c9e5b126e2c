"""The bot's own sentences in the language of the player: Rasa's generator, which takes a response's variation by language.

In domain.yml a variation says `metadata: {language: en}`; one that says nothing is for every language without its own. So an
operator adds a language by adding variations.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Optional
from zlib import crc32

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from common.language import conversation_language

LANGUAGE = "language"

Variation = dict[str, Any]


class LanguageGenerator(TemplatedNaturalLanguageGenerator):
    """Rasa's templated generator with a choice by language; channels and conditions count as they do in Rasa."""

    def __init__(self, endpoint_config: Optional[EndpointConfig] = None, domain: Optional[Domain] = None) -> None:
        """As Rasa calls it for `nlg: {type: ...}` in endpoints.yml; an agent sets the responses of its own domain."""
        super().__init__(domain.responses if domain else {})

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> Optional[Variation]:
        """The response in the conversation's language, filled in; None when the domain does not have it."""
        if utter_action not in self.responses:
            return None
        slots = tracker.current_slot_values()
        fitting = ResponseVariationFilter(self.responses).responses_for_utter_action(
            utter_action, output_channel, slots
        )
        said = tracker.latest_message.text if tracker.latest_message else None
        chosen = choose(fitting, language(tracker), said or "")
        return self._fill_response(copy.deepcopy(chosen), slots, **kwargs) if chosen else None


def language(tracker: DialogueStateTracker) -> Optional[str]:
    """The conversation's language: the worker says it with the message, a stock Rasa leaves it to the texts."""
    told = (tracker.latest_message.metadata or {}).get(LANGUAGE) if tracker.latest_message else None
    if told:
        return str(told)
    return conversation_language(event.text or "" for event in tracker.events if isinstance(event, UserUttered))


def choose(variations: Sequence[Mapping[str, Any]], language: Optional[str], said: str) -> Optional[Variation]:
    """The variation for a language, else one without; of several, the same one each time for the same text `said`."""
    own = [one for one in variations if _language(one) == language]
    fitting = own or [one for one in variations if _language(one) is None] or list(variations)
    return dict(fitting[crc32(said.encode()) % len(fitting)]) if fitting else None


def _language(variation: Mapping[str, Any]) -> Optional[str]:
    return (variation.get("metadata") or {}).get(LANGUAGE)
