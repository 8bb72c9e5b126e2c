"""The archive on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handoff.archive import ConversationRecord, ConversationSummary, OutboxEvent, order_of, preview_of, storable
from handoff.policy import Policy
from handoff.protocol import Entry, Episode, Note, Player
from handoff.sql.engine import insert_into, reading, writing
from handoff.sql.follow_ups import SqlFollowUps
from handoff.sql.tables import audit, conversations, entries, episodes, notes
from handoff.sql.tickets import SqlTickets

_ENTRY_COLUMNS = ("n", "at", "sender", "kind", "text")
_EPISODE_COLUMNS = tuple(name for name in Episode.__struct_fields__ if name in episodes.c)


class SqlArchive(SqlTickets, SqlFollowUps):
    """Keeps `handoff.archive.Archive` in a database that `handoff.migrations` has built."""

    def __init__(self, engine: AsyncEngine, policy: Policy | None = None) -> None:
        self._engine = engine
        self._policy = policy or Policy()

    async def save_conversation(self, record: ConversationRecord) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await self._put_conversation(connection, record)
            await self._put_entries(connection, record)
            await self._put_notes(connection, record)
            await _sum_up(connection, storable(record.id))

    async def apply(self, events: Sequence[OutboxEvent]) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            for event in sorted(events, key=order_of):  # the same order everywhere: two workers can't deadlock
                if await self._note_event(connection, event):
                    if event.event == "ticket":
                        await self._open_ticket(connection, event)
                    if event.event == "rated" and event.episode:
                        await self._open_follow_up(connection, event, event.episode)
                    if event.episode:
                        await self._put_episode(connection, event, event.episode)

    async def conversations_of(self, player: str, limit: int = 50) -> list[ConversationSummary]:
        """See the port."""
        table = conversations
        query = (
            select(table.c.id, table.c.opened_at, table.c.closed_at, table.c.last, table.c.preview)
            .where(table.c.player == storable(player))
            .order_by(table.c.opened_at.desc(), table.c.id.desc())
            .limit(limit)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
            found = await _episodes_of(connection, [row.id for row in rows])
        return [
            ConversationSummary(row.id, row.opened_at, row.closed_at, row.last, row.preview, found.get(row.id, []))
            for row in rows
        ]

    async def conversation(self, id: str) -> ConversationRecord | None:
        """See the port."""
        id = storable(id)
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(conversations).where(conversations.c.id == id))).first()
            if row is None:
                return None
            log = select(entries).where(entries.c.conversation == id).order_by(entries.c.n)
            said = (await connection.execute(log)).all()
            internal = select(notes).where(notes.c.conversation == id).order_by(notes.c.n)
            noted = (await connection.execute(internal)).all()
            found = await _episodes_of(connection, [id])
        return ConversationRecord(
            id=id,
            player=msgspec.convert({**row.profile, "id": row.player}, Player),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            entries=[_entry(line) for line in said],
            notes=[Note(line.n, line.at, line.author, line.text, line.command, line.kind, line.data) for line in noted],
            understanding={line.n: line.understanding for line in said if line.understanding is not None},
            episodes=found.get(id, []),
        )

    async def outcomes(self, since_ms: int, until_ms: int) -> list[Episode]:
        """See the port."""
        ended = (episodes.c.state == "ended") & (episodes.c.ended_at >= since_ms) & (episodes.c.ended_at < until_ms)
        query = select(episodes).where(ended).order_by(episodes.c.ended_at, episodes.c.id)
        async with reading(self._engine) as connection:
            # A month may be 100,000 of them: read in parts, so that the loop serves others in between.
            return [_episode(row) async for row in await connection.stream(query)]

    async def close(self) -> None:
        """Let go of the engine's connections; whoever shares the engine would open new ones."""
        await self._engine.dispose()

    # -- a conversation --

    async def _put_conversation(self, connection: AsyncConnection, record: ConversationRecord) -> None:
        profile = storable(msgspec.to_builtins(record.player))
        row = {
            "id": storable(record.id),
            "player": profile.pop("id"),
            "profile": profile,
            "opened_at": record.opened_at,
            "closed_at": record.closed_at,
        }
        insert = insert_into(self._engine, conversations).values(**row, last=0, preview="")
        await connection.execute(
            insert.on_conflict_do_update(
                index_elements=["id"],
                set_={name: insert.excluded[name] for name in row if name != "id"},
                where=conversations.c.closed_at <= insert.excluded.closed_at,
            )
        )

    async def _put_entries(self, connection: AsyncConnection, record: ConversationRecord) -> None:
        conversation = storable(record.id)
        understood = {n: storable(value) for n, value in record.understanding.items()}
        rows = [{**_entry_row(entry), "understanding": understood.pop(entry.n, None)} for entry in record.entries]
        if rows:
            insert = insert_into(self._engine, entries)
            latest = func.coalesce(insert.excluded.understanding, entries.c.understanding)
            upsert = insert.on_conflict_do_update(index_elements=["conversation", "n"], set_={"understanding": latest})
            await connection.execute(upsert, [{"conversation": conversation, **row} for row in rows])
        for n, value in understood.items():  # of entries stored by an earlier save
            known = (entries.c.conversation == conversation) & (entries.c.n == n)
            await connection.execute(update(entries).where(known).values(understanding=value))

    async def _put_notes(self, connection: AsyncConnection, record: ConversationRecord) -> None:
        rows = [
            {"conversation": record.id, "n": note.n, "at": note.at, "author": note.author, "text": note.text,
             "command": note.id, "kind": note.kind, "data": note.data}
            for note in record.notes
        ]  # fmt: skip
        if rows:
            await connection.execute(insert_into(self._engine, notes).on_conflict_do_nothing(), storable(rows))

    # -- an event --

    async def _note_event(self, connection: AsyncConnection, event: OutboxEvent) -> bool:
        """Write the audit line; False when it was there."""
        row = {
            "id": event.id,
            "at": event.at,
            "event": event.event,
            "actor": event.actor,
            "conversation": event.conversation,
            "player": event.player,
            "epoch": event.epoch,
            "episode": event.episode.id if event.episode else "",
            "data": event.data,
        }
        insert = insert_into(self._engine, audit).values(**storable(row)).on_conflict_do_nothing()
        return bool((await connection.execute(insert)).rowcount)

    async def _put_episode(self, connection: AsyncConnection, event: OutboxEvent, episode: Episode) -> None:
        fields = msgspec.to_builtins(msgspec.structs.asdict(episode))
        row = {
            **{name: fields.pop(name) for name in _EPISODE_COLUMNS},
            "more": fields,
            "conversation": event.conversation,
            "player": event.player,
            "newest": order_of(event),
        }
        insert = insert_into(self._engine, episodes).values(**storable(row))
        await connection.execute(
            insert.on_conflict_do_update(
                index_elements=["id"],
                set_={name: insert.excluded[name] for name in row if name != "id"},
                where=episodes.c.newest < insert.excluded.newest,
            )
        )


async def _sum_up(connection: AsyncConnection, conversation: str) -> None:
    """Bring `last` and `preview` in line with the entries that are stored now."""
    mine = entries.c.conversation == conversation
    last = (await connection.execute(select(func.max(entries.c.n)).where(mine))).scalar()
    spoken = mine & (entries.c.sender == "player") & (entries.c.text != "")
    newest = select(entries.c.text).where(spoken).order_by(entries.c.n.desc()).limit(1)
    preview = preview_of((await connection.execute(newest)).scalar() or "")
    change = update(conversations).where(conversations.c.id == conversation)
    await connection.execute(change.values(last=last or 0, preview=preview))


async def _episodes_of(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, list[Episode]]:
    query = select(episodes).where(episodes.c.conversation.in_(list(ids)))
    found: dict[str, list[Episode]] = {}
    for row in (await connection.execute(query.order_by(episodes.c.requested_at, episodes.c.id))).all():
        found.setdefault(row.conversation, []).append(_episode(row))
    return found


def _episode(row: Row) -> Episode:
    return msgspec.convert({**row.more, **{name: row._mapping[name] for name in _EPISODE_COLUMNS}}, Episode)


def _entry_row(entry: Entry) -> dict[str, Any]:
    body = {"text": "", **storable(msgspec.to_builtins(entry))}
    return {**{name: body.pop(name) for name in _ENTRY_COLUMNS}, "body": body}


def _entry(row: Row) -> Entry:
    return msgspec.convert({**row.body, **{name: row._mapping[name] for name in _ENTRY_COLUMNS}}, Entry)
