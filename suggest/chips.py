"""Chips after an answer and for a clarification: by structure, and by what players asked next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from suggest.transitions import next_entries

MAX_FOLLOW_UPS = 2
MAX_ALTERNATIVES = 3


class Entry(Protocol):
    """What a chip needs of an FAQ entry."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def scenario(self) -> str:
        """The scenario it belongs to."""

    @property
    def question(self) -> str:
        """Its standard wording, the chip's text."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Suggestion:
    """A question on offer."""

    faq_id: str
    scenario: str
    text: str


def follow_ups(
    answered: Entry,
    siblings: Iterable[E],
    ranked: Iterable[E],
    seen: Collection[str],
    asked_next: Sequence[tuple[E, float]] = (),
) -> list[Suggestion]:
    """After an answer: the rest of its scenario first, then what else the message came close to; nothing seen before.

    `asked_next`: what players asked after this entry and its decayed count; enough of them go before that order
    (suggest.transitions).
    """
    structure = {entry.id: entry for entry in (*siblings, *ranked)}
    known = structure | {entry.id: entry for entry, _ in asked_next}
    fresh = {id for id in known if id != answered.id and id not in seen}
    counts = {entry.id: count for entry, count in asked_next if entry.id in fresh}
    order = [id for id in structure if id in fresh]
    return _unique([known[id] for id in next_entries(order, counts)], MAX_FOLLOW_UPS)


def alternatives(scenarios: Sequence[str], ranked: Sequence[E], first_of: dict[str, E]) -> list[Suggestion]:
    """For "您是不是想问": one question for each likely scenario, the closest entry of it that the retriever found."""
    best: dict[str, E] = {}
    for entry in ranked:
        best.setdefault(entry.scenario, entry)
    chosen = [best.get(s) or first_of.get(s) for s in scenarios]
    rest = [e for e in ranked if e.scenario not in scenarios]
    return _unique([e for e in (*chosen, *rest) if e is not None], MAX_ALTERNATIVES)


def _unique(entries: Iterable[Entry], limit: int) -> list[Suggestion]:
    found: dict[str, Suggestion] = {}
    for entry in entries:
        found.setdefault(entry.id, Suggestion(entry.id, entry.scenario, entry.question))
    return list(found.values())[:limit]
