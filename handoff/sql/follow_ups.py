"""Follow-up tasks on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handoff.archive import OutboxEvent, storable, storable_move
from handoff.follow_ups import (
    FollowUp,
    FollowUpEvent,
    FollowUpState,
    UnknownFollowUp,
    follow_up_of,
    is_low,
    moved,
)
from handoff.policy import Policy
from handoff.protocol import Episode
from handoff.sql.changes import Subject, histories, put_move, repeated
from handoff.sql.engine import insert_into, reading, writing
from handoff.sql.tables import follow_ups
from handoff.tickets import Move

_NAMES = [name for name in FollowUp.__struct_fields__ if name != "history"]
_COLUMNS = [follow_ups.c[name] for name in _NAMES]
_FINAL = FollowUpState.CALLED_BACK


class SqlFollowUps:
    """Keeps `handoff.follow_ups.FollowUpArchive` in a database that `handoff.migrations` has built."""

    _engine: AsyncEngine
    _policy: Policy

    async def follow_ups(self, state: FollowUpState | None = None, limit: int = 100) -> list[FollowUp]:
        """See the port."""
        order = (follow_ups.c.created_at, follow_ups.c.id)
        if state is None:
            query = select(*_COLUMNS).where(follow_ups.c.state != _FINAL.value).order_by(*order)
        else:
            newest_first = (column.desc() for column in order)
            query = select(*_COLUMNS).where(follow_ups.c.state == state.value).order_by(*newest_first)
        async with reading(self._engine) as connection:
            return await _with_histories(connection, (await connection.execute(query.limit(limit))).all())

    async def move_follow_up(self, id: str, event: FollowUpEvent, move: Move) -> FollowUp:
        """See the port."""
        id, move = storable(id), storable_move(move)
        async with writing(self._engine) as connection:
            row = (await connection.execute(select(*_COLUMNS).where(follow_ups.c.id == id).with_for_update())).first()
            if row is None:
                raise UnknownFollowUp(f"there is no follow-up task {id}", id=id)
            (before,) = await _with_histories(connection, [row])
            if await repeated(connection, Subject.FOLLOW_UP, id, event, move):
                return before
            after = moved(before, event, move)
            columns = {"state": after.state.value, "by": after.by, "version": after.version}
            await connection.execute(update(follow_ups).where(follow_ups.c.id == id).values(**columns))
            await put_move(self._engine, connection, Subject.FOLLOW_UP, event, move, after, id)
        return after

    async def _open_follow_up(self, connection: AsyncConnection, event: OutboxEvent, episode: Episode) -> None:
        if is_low(episode, self._policy.low_rating):
            row = msgspec.to_builtins(follow_up_of(episode, event.conversation, event.player, event.at))
            del row["history"]
            insert = insert_into(self._engine, follow_ups).values(**storable(row))
            await connection.execute(insert.on_conflict_do_nothing())


async def _with_histories(connection: AsyncConnection, rows: Sequence[Any]) -> list[FollowUp]:
    lines = await histories(connection, Subject.FOLLOW_UP, [row.id for row in rows])
    tasks = (msgspec.convert(dict(zip(_NAMES, row)), FollowUp) for row in rows)
    return [msgspec.structs.replace(task, history=lines.get(task.id, [])) for task in tasks]
