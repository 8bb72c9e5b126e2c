"""The archive's twin in memory, for tests and simulation; forgets everything when the process ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from common.errors import IdConflict
from handoff import follow_ups, tickets
from handoff.archive import (
    ConversationRecord,
    ConversationSummary,
    OutboxEvent,
    clash,
    order_of,
    preview_of,
    storable,
    storable_move,
    ticket_of,
)
from handoff.follow_ups import FollowUp, FollowUpEvent, FollowUpState, UnknownFollowUp, follow_up_of, is_low
from handoff.policy import Policy
from handoff.protocol import Episode
from handoff.tickets import FINISHED, Move, Telling, Ticket, TicketEvent, TicketState, UnknownTicket, telling

_S = TypeVar("_S", bound=Struct)


class MemoryArchive:
    """Keeps `handoff.archive.Archive` with dictionaries."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._conversations: dict[str, ConversationRecord] = {}
        self._episodes: dict[str, tuple[OutboxEvent, Episode]] = {}
        self._tickets: dict[str, Ticket] = {}
        self._follow_ups: dict[str, FollowUp] = {}
        self._events: dict[str, OutboxEvent] = {}
        self._moves: dict[tuple[str, str], tuple[str, str, str]] = {}  # agent, command id -> event, its object, mac
        self._untold: dict[str, Telling] = {}

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
        seen, opened, episodes = dict(self._events), dict(self._tickets), dict(self._episodes)
        tasks = dict(self._follow_ups)
        for event in (_clean(event) for event in sorted(events, key=order_of)):
            if event.id in seen:
                continue
            seen[event.id] = event
            if event.event == "ticket":
                ticket = ticket_of(event, self._policy.complex_resolution)
                if ticket.number in opened:
                    raise clash(event, ticket.number)
                opened[ticket.number] = ticket
            if event.event == "rated" and event.episode and is_low(event.episode, self._policy.low_rating):
                task = follow_up_of(event.episode, event.conversation, event.player, event.at)
                tasks.setdefault(task.id, task)
            if event.episode:
                known = episodes.get(event.episode.id)
                if known is None or order_of(known[0]) < order_of(event):
                    episodes[event.episode.id] = (event, event.episode)
        self._events, self._tickets, self._episodes, self._follow_ups = seen, opened, episodes, tasks

    async def conversations_of(self, player: str, limit: int = 50) -> list[ConversationSummary]:
        """See the port."""
        found = [record for record in self._conversations.values() if record.player.id == player]
        found.sort(key=lambda record: (record.opened_at, record.id), reverse=True)
        return [self._summary(record) for record in found[:limit]]

    async def conversation(self, id: str) -> ConversationRecord | None:
        """See the port."""
        record = self._conversations.get(id)
        return record and msgspec.structs.replace(record, episodes=self._episodes_of(id))

    async def outcomes(self, since_ms: int, until_ms: int) -> list[Episode]:
        """See the port."""
        ended = (episode for _, episode in self._episodes.values() if episode.state == "ended")
        found = [episode for episode in ended if since_ms <= episode.ended_at < until_ms]
        return sorted(found, key=lambda episode: (episode.ended_at, episode.id))

    async def ticket(self, number: str) -> Ticket:
        """See the port."""
        if number not in self._tickets:
            raise UnknownTicket(f"there is no ticket {number}", number=number)
        return self._tickets[number]

    async def tickets(self, state: TicketState | None = None, assignee: str = "", limit: int = 100) -> list[Ticket]:
        """See the port."""
        found = [
            msgspec.structs.replace(ticket, history=[])
            for ticket in self._tickets.values()
            if (ticket.state not in FINISHED if state is None else ticket.state is state)
            and assignee in ("", ticket.assignee)
        ]
        return sorted(found, key=lambda ticket: (ticket.due_at, ticket.number), reverse=state in FINISHED)[:limit]

    async def tickets_of(self, player: str) -> list[Ticket]:
        """See the port."""
        found = [ticket for ticket in self._tickets.values() if ticket.player == player]
        return sorted(found, key=lambda ticket: (ticket.created_at, ticket.number), reverse=True)

    async def move_ticket(self, number: str, event: TicketEvent, move: Move) -> Ticket:
        """See the port."""
        before = await self.ticket(number)
        if self._repeated(f"ticket {event.value}", number, move):
            return before
        after = tickets.moved(before, event, storable_move(move), self._policy.complex_resolution)
        self._remember(f"ticket {event.value}", number, move)
        self._tickets[number] = after
        word = telling(before, event, after)
        if word:
            self._untold[word.id] = word
        return after

    async def untold(self, limit: int = 100) -> list[Telling]:
        """See the port."""
        return sorted(self._untold.values(), key=lambda word: (word.at, word.id))[:limit]

    async def told(self, id: str, at: int) -> None:
        """See the port."""
        self._untold.pop(id, None)

    async def follow_ups(self, state: FollowUpState | None = None, limit: int = 100) -> list[FollowUp]:
        """See the port."""
        final = FollowUpState.CALLED_BACK
        found = [
            task
            for task in self._follow_ups.values()
            if (task.state is not final if state is None else task.state is state)
        ]
        return sorted(found, key=lambda task: (task.created_at, task.id), reverse=state is not None)[:limit]

    async def move_follow_up(self, id: str, event: FollowUpEvent, move: Move) -> FollowUp:
        """See the port."""
        before = self._follow_ups.get(id)
        if before is None:
            raise UnknownFollowUp(f"there is no follow-up task {id}", id=id)
        if self._repeated(f"follow_up {event.value}", id, move):
            return before
        after = follow_ups.moved(before, event, storable_move(move))
        self._remember(f"follow_up {event.value}", id, move)
        self._follow_ups[id] = after
        return after

    async def close(self) -> None:
        """Nothing to let go of."""

    def _repeated(self, what: str, id: str, move: Move) -> bool:
        known = self._moves.get((move.agent, move.command.id))
        if known not in (None, (what, id, move.command.mac)):
            raise IdConflict("the id was used for another command", id=move.command.id)
        return known is not None

    def _remember(self, what: str, id: str, move: Move) -> None:
        self._moves[(move.agent, move.command.id)] = (what, id, move.command.mac)

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
