"""The histories of tickets and follow-up tasks in SQL: every change once, with its audit line."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.errors import IdConflict
from handoff.archive import storable
from handoff.sql.engine import insert_into
from handoff.sql.tables import audit, changes
from handoff.store import Command
from handoff.tickets import Change, Move


class Subject(str, Enum):
    """What a history is of."""

    TICKET = "ticket"
    FOLLOW_UP = "follow_up"


async def histories(connection: AsyncConnection, subject: Subject, ids: Iterable[str]) -> dict[str, list[Change]]:
    """The changes of each id, oldest first."""
    query = select(changes).where((changes.c.subject == subject.value) & changes.c.id.in_(list(ids)))
    found: dict[str, list[Change]] = {}
    for row in (await connection.execute(query.order_by(changes.c.id, changes.c.version))).all():
        found.setdefault(row.id, []).append(Change(row.at, row.by, row.event, row.text))
    return found


async def repeated(connection: AsyncConnection, subject: Subject, id: str, event: Enum, move: Move) -> bool:
    """Whether this very command was carried out. Raises IdConflict when its id was used for something else."""
    used = (changes.c.by == storable(move.actor)) & (changes.c.command == storable(move.command.id))
    row = (await connection.execute(select(changes).where(used))).first()
    if row is None:
        return False
    if (row.subject, row.id, row.event, row.mac) != (subject.value, id, event.value, move.command.mac):
        raise _conflict(move)
    return True


async def put_change(
    engine: AsyncEngine,
    connection: AsyncConnection,
    subject: Subject,
    id: str,
    version: int,
    line: Change,
    command: Command,
) -> bool:
    """Store the line that led to `version`; False when the command's id was used meanwhile."""
    row = {
        "subject": subject.value, "id": id, "version": version, "at": line.at, "by": line.by, "event": line.event,
        "text": line.text, "command": command.id, "mac": command.mac,
    }  # fmt: skip
    insert = insert_into(engine, changes).values(**storable(row)).on_conflict_do_nothing()
    return bool((await connection.execute(insert)).rowcount)


async def put_move(
    engine: AsyncEngine, connection: AsyncConnection, subject: Subject, event: Enum, move: Move, after: Any, id: str
) -> None:
    """Store what a move did to `after` (a Ticket or FollowUp) in its history and in the audit. Raises IdConflict."""
    if not await put_change(engine, connection, subject, id, after.version, after.history[-1], move.command):
        raise _conflict(move)
    row = {
        "id": f"{subject.value}-{id}-{after.version}",
        "at": move.at,
        "event": f"{subject.value}_{event.value}",
        "actor": move.actor,
        "conversation": after.conversation,
        "player": after.player,
        "epoch": 0,
        "episode": after.episode,
        "data": {"id": id, "state": after.state.value, "version": after.version, "text": move.text},
    }
    await connection.execute(insert_into(engine, audit).values(**storable(row)))


def _conflict(move: Move) -> IdConflict:
    return IdConflict("the id was used for another command", id=move.command.id)
