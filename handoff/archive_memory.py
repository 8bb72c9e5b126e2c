"""The archive's twin in memory, for tests and simulation; forgets everything when the process ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from handoff.archive import (
    ConversationRecord,
    ConversationSummary,
    OutboxEvent,
    Ticket,
    clash,
    order_of,
    preview_of,
    storable,
    ticket_of,
)
from handoff.protocol import Episode

_S = TypeVar("_S", bound=Struct)


class MemoryArchive:
    """Keeps `handoff.archive.Archive` with dictionaries."""

    def __init__(self) -> None:
        self._conversations: dict[str, ConversationRecord] = {}
        self._episodes: dict[str, tuple[OutboxEvent, Episode]] = {}
        self._tickets: dict[str, Ticket] = {}
        self._events: dict[str, OutboxEvent] = {}

    async def save_conversation(self, record: ConversationRecord) -> None:
        """See the port."""
        new = _clean(record)
        old = self._conversations.get(new.id, msgspec.structs.replace(new, entries=[], notes=[], understanding={}))
        newest = new if new.closed_at >= old.closed_at else old
        entries = {entry.n: entry for entry in [*new.entries, *old.entries]}
        notes = {note.n: note for note in [*new.notes, *old.notes]}
        understanding = {**old.understanding, **new.understanding}
        self._conversations[new.id] = ConversationRecord(
            id=new.id,
            player=newest.player,
            opened_at=newest.opened_at,
            closed_at=newest.closed_at,
            entries=[entries[n] for n in sorted(entries)],
            notes=[notes[n] for n in sorted(notes)],
            understanding={n: understanding[n] for n in sorted(understanding) if n in entries},
        )

    async def apply(self, events: Sequence[OutboxEvent]) -> None:
        """See the port."""
        seen, tickets, episodes = dict(self._events), dict(self._tickets), dict(self._episodes)
        for event in (_clean(event) for event in sorted(events, key=order_of)):
            if event.id in seen:
                continue
            seen[event.id] = event
            if event.event == "ticket":
                ticket = ticket_of(event)
                if ticket.number in tickets:
                    raise clash(event, ticket.number)
                tickets[ticket.number] = ticket
            if event.episode:
                known = episodes.get(event.episode.id)
                if known is None or order_of(known[0]) < order_of(event):
                    episodes[event.episode.id] = (event, event.episode)
        self._events, self._tickets, self._episodes = seen, tickets, episodes

    async def conversations_of(self, player: str, limit: int = 50) -> list[ConversationSummary]:
        """See the port."""
        found = [record for record in self._conversations.values() if record.player.id == player]
        found.sort(key=lambda record: (record.opened_at, record.id), reverse=True)
        return [self._summary(record) for record in found[:limit]]

    async def conversation(self, id: str) -> ConversationRecord | None:
        """See the port."""
        record = self._conversations.get(id)
        return record and msgspec.structs.replace(record, episodes=self._episodes_of(id))

    async def tickets_of(self, player: str) -> list[Ticket]:
        """See the port."""
        found = [ticket for ticket in self._tickets.values() if ticket.player == player]
        return sorted(found, key=lambda ticket: (ticket.created_at, ticket.number), reverse=True)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _summary(self, record: ConversationRecord) -> ConversationSummary:
        said = [entry.text for entry in record.entries if entry.sender == "player" and entry.text]
        return ConversationSummary(
            conversation=record.id,
            opened_at=record.opened_at,
            closed_at=record.closed_at,
            last=record.entries[-1].n if record.entries else 0,
            preview=preview_of(said[-1]) if said else "",
            episodes=self._episodes_of(record.id),
        )

    def _episodes_of(self, conversation: str) -> list[Episode]:
        found = [episode for event, episode in self._episodes.values() if event.conversation == conversation]
        return sorted(found, key=lambda episode: (episode.requested_at, episode.id))


def _clean(value: _S) -> _S:
    return msgspec.convert(storable(msgspec.to_builtins(value)), type(value))
