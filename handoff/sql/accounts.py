"""Accounts and agents' profiles on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from handoff.accounts import Account, name_key
from handoff.archive import storable
from handoff.profiles import StoredProfile
from handoff.sql.engine import insert_into, reading, writing
from handoff.sql.tables import agent_profiles, agents

_Kept = TypeVar("_Kept", bound=msgspec.Struct)
_COLUMNS = [agents.c[name] for name in Account.__struct_fields__]
_PROFILE_COLUMNS = [agent_profiles.c[name] for name in StoredProfile.__struct_fields__]


class SqlAccountStore:
    """Keeps `handoff.accounts.AccountStore` in a database that `handoff.migrations` has built."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, account: Account, password_hash: str) -> bool:
        """See the port."""
        row = {**msgspec.to_builtins(account), "name_key": name_key(account.name), "password_hash": password_hash}
        insert = insert_into(self._engine, agents).values(**row).on_conflict_do_nothing(index_elements=["name_key"])
        return await self._changed(insert)

    async def find(self, key: str) -> tuple[Account, str] | None:
        """See the port."""
        query = select(*_COLUMNS, agents.c.password_hash).where(agents.c.name_key == storable(key))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (_account(row), row.password_hash)

    async def get(self, id: str) -> Account | None:
        """See the port."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(*_COLUMNS).where(agents.c.id == storable(id)))).first()
        return None if row is None else _account(row)

    async def list(self) -> Sequence[Account]:
        """See the port."""
        async with reading(self._engine) as connection:
            return [_account(row) for row in await connection.execute(select(*_COLUMNS).order_by(agents.c.name_key))]

    async def set_password(self, id: str, password_hash: str, at: int) -> bool:
        """See the port."""
        change = update(agents).where(agents.c.id == storable(id))
        return await self._changed(change.values(password_hash=password_hash, password_at=at))

    async def rehash(self, id: str, old: str, new: str) -> None:
        """See the port."""
        known = (agents.c.id == id) & (agents.c.password_hash == old)
        await self._changed(update(agents).where(known).values(password_hash=new))

    async def set_active(self, id: str, active: bool) -> bool:
        """See the port."""
        return await self._changed(update(agents).where(agents.c.id == storable(id)).values(active=active))

    async def _changed(self, statement: Any) -> bool:
        async with writing(self._engine) as connection:
            return bool((await connection.execute(statement)).rowcount)


class SqlProfileStore:
    """Keeps `handoff.profiles.ProfileStore` in a database that `handoff.migrations` has built."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def profile(self, agent: str) -> StoredProfile | None:
        """See the port."""
        query = select(*_PROFILE_COLUMNS).where(agent_profiles.c.agent == storable(agent))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _converted(row, StoredProfile)

    async def set_profile(self, agent: str, profile: StoredProfile) -> None:
        """See the port."""
        values = {name: storable(value) for name, value in msgspec.to_builtins(profile).items()}
        insert = insert_into(self._engine, agent_profiles).values(agent=storable(agent), **values)
        async with writing(self._engine) as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["agent"], set_=values))


def _account(row: Any) -> Account:
    return _converted(row, Account)


def _converted(row: Any, kind: type[_Kept]) -> _Kept:
    return msgspec.convert({name: row._mapping[name] for name in kind.__struct_fields__}, kind)
