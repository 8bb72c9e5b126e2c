"""Tickets on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from handoff.archive import OutboxEvent, clash, storable, storable_move, ticket_of
from handoff.policy import Policy
from handoff.sql.changes import Subject, histories, put_change, put_move, repeated
from handoff.sql.engine import insert_into, reading, writing
from handoff.sql.tables import tellings, tickets
from handoff.store import Command
from handoff.tickets import (
    FINISHED,
    Move,
    Telling,
    Ticket,
    TicketEvent,
    TicketState,
    UnknownTicket,
    moved,
    telling,
)

_NAMES = [name for name in Ticket.__struct_fields__ if name != "history"]
_COLUMNS = [tickets.c[name] for name in _NAMES]
_TELLING_COLUMNS = [tellings.c[name] for name in Telling.__struct_fields__]
_MOVABLE = ("state", "due_at", "assignee", "version")


class SqlTickets:
    """Keeps `handoff.tickets.TicketArchive` in a database that `handoff.migrations` has built."""

    _engine: AsyncEngine
    _policy: Policy

    async def ticket(self, number: str) -> Ticket:
        """See the port."""
        async with reading(self._engine) as connection:
            return await _ticket(connection, storable(number))

    async def tickets(self, state: TicketState | None = None, assignee: str = "", limit: int = 100) -> list[Ticket]:
        """See the port."""
        query = select(*_COLUMNS)
        if state is None:
            query = query.where(tickets.c.state.notin_([finished.value for finished in FINISHED]))
        else:
            query = query.where(tickets.c.state == state.value)
        if assignee:
            query = query.where(tickets.c.assignee == storable(assignee))
        order = (tickets.c.due_at, tickets.c.number)
        ordered = query.order_by(*(column.desc() for column in order) if state in FINISHED else order)
        async with reading(self._engine) as connection:
            return [_of_row(row) for row in (await connection.execute(ordered.limit(limit))).all()]

    async def tickets_of(self, player: str) -> list[Ticket]:
        """See the port."""
        query = select(*_COLUMNS).where(tickets.c.player == storable(player))
        async with reading(self._engine) as connection:
            newest_first = query.order_by(tickets.c.created_at.desc(), tickets.c.number.desc())
            return await _with_histories(connection, (await connection.execute(newest_first)).all())

    async def move_ticket(self, number: str, event: TicketEvent, move: Move) -> Ticket:
        """See the port."""
        number, move = storable(number), storable_move(move)
        async with writing(self._engine) as connection:
            before = await _ticket(connection, number, lock=True)
            if await repeated(connection, Subject.TICKET, number, event, move):
                return before
            after = moved(before, event, move, self._policy.complex_resolution)
            columns = {name: value for name, value in msgspec.to_builtins(after).items() if name in _MOVABLE}
            await connection.execute(update(tickets).where(tickets.c.number == number).values(**columns))
            await put_move(self._engine, connection, Subject.TICKET, event, move, after, number)
            word = telling(before, event, after)
            if word:
                row = {**msgspec.to_builtins(word), "told_at": 0}
                await connection.execute(insert_into(self._engine, tellings).values(**row))
        return after

    async def untold(self, limit: int = 100) -> list[Telling]:
        """See the port."""
        query = select(*_TELLING_COLUMNS).where(tellings.c.told_at == 0)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.order_by(tellings.c.at, tellings.c.id).limit(limit))).all()
        return [msgspec.convert(dict(zip(Telling.__struct_fields__, row)), Telling) for row in rows]

    async def told(self, id: str, at: int) -> None:
        """See the port."""
        new = (tellings.c.id == storable(id)) & (tellings.c.told_at == 0)
        async with writing(self._engine) as connection:
            await connection.execute(update(tellings).where(new).values(told_at=at))

    async def _open_ticket(self, connection: AsyncConnection, event: OutboxEvent) -> None:
        ticket = ticket_of(event, self._policy.complex_resolution)
        row = {**storable(msgspec.to_builtins(ticket)), "event": storable(event.id)}
        del row["history"]
        insert = insert_into(self._engine, tickets).values(**row).on_conflict_do_nothing()
        if not (await connection.execute(insert)).rowcount:
            raise clash(event, ticket.number)
        command = Command(f"outbox:{event.id}", "")  # no client's id has a colon
        await put_change(self._engine, connection, Subject.TICKET, row["number"], 1, ticket.history[0], command)


async def _ticket(connection: AsyncConnection, number: str, lock: bool = False) -> Ticket:
    query = select(*_COLUMNS).where(tickets.c.number == number)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise UnknownTicket(f"there is no ticket {number}", number=number)
    return (await _with_histories(connection, [row]))[0]


async def _with_histories(connection: AsyncConnection, rows: Sequence[Any]) -> list[Ticket]:
    lines = await histories(connection, Subject.TICKET, [row.number for row in rows])
    return [msgspec.structs.replace(_of_row(row), history=lines.get(row.number, [])) for row in rows]


def _of_row(row: Any) -> Ticket:
    return msgspec.convert(dict(zip(_NAMES, row)), Ticket)
