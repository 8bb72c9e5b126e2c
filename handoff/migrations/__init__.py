"""Brings a database to the newest schema. Every process may do so at its start: they take turns."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from common.errors import StorageError
from handoff.sql.engine import open_for_migration, writing

_HERE = Path(__file__).parent


def upgrade(url: str) -> None:
    """`migrate` for callers without an event loop."""
    asyncio.run(migrate(url))


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema, or leave it as it was; harmless when it is there already.

    Raises:
        StorageError: a wrong or unreachable URL, a failed step, or a database newer than this programme.
    """
    engine = await open_for_migration(url)
    try:
        async with writing(engine) as connection:
            await connection.run_sync(_upgrade)
    except CommandError as error:
        raise StorageError(f"can't bring the database to this programme's schema: {error}") from error
    finally:
        await engine.dispose()


def config() -> Config:
    """Alembic's settings, as `alembic.ini` beside this file has them for its command line."""
    settings = Config()
    settings.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # SQLite: the transaction began IMMEDIATE, which is a lock
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('handoff.migrations'))"))
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StorageError("a migration left rows that refer to nothing; it was taken back")
