"""Players' pictures on SQLite or PostgreSQL."""

from __future__ import annotations

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from handoff import protocol
from handoff.archive import storable
from handoff.pictures import KEEP_MS, UNCLAIMED_MS, Drawn, Picture, unknown
from handoff.sql.engine import reading, writing
from handoff.sql.tables import pictures

_BATCH = 100  # deleted in one transaction, so that other writers wait for moments only


class SqlPictureStore:
    """Keeps `handoff.pictures.PictureStore` in a database that `handoff.migrations` has built."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, picture: Picture) -> None:
        """See the port."""
        row = {
            "id": picture.id,
            "player": storable(picture.player),
            "conversation": storable(picture.conversation),
            "at": picture.at,
            "width": picture.drawn.width,
            "height": picture.drawn.height,
            "jpeg": picture.drawn.jpeg,
        }
        async with writing(self._engine) as connection:
            await connection.execute(insert(pictures).values(**row))

    async def get(self, id: str) -> Picture:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(pictures).where(pictures.c.id == storable(id)))).first()
        if row is None:
            raise unknown(id)
        return Picture(row.id, row.player, row.at, Drawn(row.jpeg, row.width, row.height), row.conversation)

    async def claim(self, id: str, player: str, conversation: str) -> protocol.Image:
        """See the port."""
        mine = and_(pictures.c.id == storable(id), pictures.c.player == storable(player))
        async with writing(self._engine) as connection:
            row = (await connection.execute(select(pictures.c.width, pictures.c.height).where(mine))).first()
            if row is None:
                raise unknown(id)
            await connection.execute(update(pictures).where(mine).values(conversation=storable(conversation)))
        return protocol.Image(id=id, width=row.width, height=row.height)

    async def sweep(self, now: int, keep_ms: int = KEEP_MS) -> int:
        """See the port."""
        unsent = and_(pictures.c.conversation == "", pictures.c.at < now - UNCLAIMED_MS)
        old = select(pictures.c.id).where(or_(pictures.c.at < now - keep_ms, unsent)).limit(_BATCH)
        gone = 0
        while True:
            async with writing(self._engine) as connection:
                done = await connection.execute(delete(pictures).where(pictures.c.id.in_(old)))
            deleted = int(done.rowcount)
            gone += deleted
            if deleted < _BATCH:
                return gone
