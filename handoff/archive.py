"""The port to the SQL archive: what outlives the live conversations in Redis, for histories and reports.

Two adapters keep it: `handoff.sql.archive` (SQLite, PostgreSQL) and `handoff.archive_memory` (the twin for tests); one
contract test class runs on both. Everything is fed at least once and must count once, so every write is idempotent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from msgspec import Struct

from common.errors import StorageError
from handoff.follow_ups import FollowUpArchive
from handoff.protocol import Entry, Episode, Note, Player
from handoff.tickets import OPENED, Change, Move, Ticket, TicketArchive, TicketState

PREVIEW_CHARS = 80

_STREAM_ID = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")


class RefusedEvent(StorageError):
    """An outbox event that can never be stored; the field `event` is its id. Nothing of its batch was stored."""


class ConversationRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation as it goes to the archive and comes back."""

    id: str
    player: Player
    opened_at: int  # UTC, milliseconds since 1970
    closed_at: int
    entries: list[Entry] = []
    notes: list[Note] = []
    understanding: dict[int, dict[str, Any]] = {}  # log number -> what the bot understood of that entry
    episodes: list[Episode] = []  # filled on reading, ignored on saving: episodes come through `apply`


class OutboxEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that happened to a live conversation, an agent or a log-in."""

    id: str  # the Redis stream's own id (`XADD *`), so it is unique and never restarts
    at: int  # UTC, milliseconds, by the clock of the process that caused it
    event: str  # request, cancel, ticket, accept, requeue, return, close, wrapped, expired, rated, presence, login ...
    actor: str  # p:<player>, a:<agent> or system
    conversation: str = ""
    player: str = ""
    epoch: int = 0
    data: dict[str, Any] = {}  # ticket: {"number", "text", "group"?}
    episode: Episode | None = None  # as it is after the event


class ConversationSummary(Struct, frozen=True, forbid_unknown_fields=True):
    """A line in a player's history."""

    conversation: str
    opened_at: int
    closed_at: int
    last: int  # the newest log number
    preview: str  # the player's last text, at most PREVIEW_CHARS characters
    episodes: list[Episode] = []


class Archive(TicketArchive, FollowUpArchive, Protocol):
    """Finished conversations, handoff episodes, tickets, follow-up tasks and the audit trail.

    Every method raises StorageError.
    """

    async def save_conversation(self, record: ConversationRecord) -> None:
        """Store a conversation, all or nothing.

        Saving it again is harmless, saving it with more entries extends it, and an older copy that comes late takes
        nothing away: entries and notes never change once stored; an annotation replaces the one before. An annotation
        of a number that has no entry is dropped.
        """

    async def apply(self, events: Sequence[OutboxEvent]) -> None:
        """Store events, all or nothing; those stored before are passed over.

        An episode takes the snapshot of its newest event (see `order_of`), however late the others arrive. A `ticket`
        opens a ticket, a `rated` with a low rating opens the episode's follow-up task.

        Raises:
            RefusedEvent: a ticket without number or text, or a number that another ticket has.
        """

    async def conversations_of(self, player: str, limit: int = 50) -> list[ConversationSummary]:
        """A player's archived conversations, newest first."""

    async def conversation(self, id: str) -> ConversationRecord | None:
        """An archived conversation whole, its episodes oldest first; None when it is not archived."""

    async def outcomes(self, since_ms: int, until_ms: int) -> list[Episode]:
        """The episodes that ended from `since_ms` on and before `until_ms` (UTC), oldest end first."""

    async def close(self) -> None:
        """Let go of the connections."""


def order_of(event: OutboxEvent) -> str:
    """A key that sorts events as they happened.

    The stream's id decides, since Redis gave it in the same step that made the change; `at` comes from the clocks of
    several processes and only stands in where an id is not a stream's.
    """
    match = _STREAM_ID.fullmatch(event.id)
    at, rest = (int(match[1]), match[2].zfill(20)) if match else (event.at, event.id)
    return f"{at:020d}-{rest}"


def ticket_of(event: OutboxEvent, resolution_s: int) -> Ticket:
    """The ticket that a `ticket` event opens, due in `resolution_s` seconds.

    Raises:
        RefusedEvent: it has no number or no text, or a group that is no name.
    """
    number, text, group = (event.data.get(name) for name in ("number", "text", "group"))
    if not number or not isinstance(number, (str, int)) or not isinstance(text, str):
        raise RefusedEvent(f"event {event.id}: a ticket needs data {{number, text}}", event=event.id)
    if not isinstance(group, (str, type(None))):
        raise RefusedEvent(f"event {event.id}: a ticket's group is a name", event=event.id)
    return Ticket(
        number=str(number),
        state=TicketState.OPEN,
        conversation=event.conversation,
        player=event.player,
        text=text,
        created_at=event.at,
        due_at=event.at + resolution_s * 1000,
        group=group or (event.episode.group if event.episode else ""),
        episode=event.episode.id if event.episode else "",
        history=[Change(event.at, event.actor, OPENED)],
    )


def clash(event: OutboxEvent, number: str) -> RefusedEvent:
    """The refusal of a ticket whose number belongs to another one."""
    return RefusedEvent(f"event {event.id}: another ticket has the number {number}", event=event.id)


def preview_of(text: str) -> str:
    """A text on one line, cut to PREVIEW_CHARS."""
    return " ".join(text.split())[:PREVIEW_CHARS]


def storable(value: Any) -> Any:
    """The same tree of dicts, lists and strings without what PostgreSQL or UTF-8 can't hold (NUL, lone surrogates).

    One such character in a player's text would otherwise keep its conversation out of the archive for ever.
    """
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


def storable_move(move: Move) -> Move:
    """The same move with a `storable` text."""
    return replace(move, text=storable(move.text))
