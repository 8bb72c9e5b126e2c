"""What Alembic runs for every command: inside `handoff.migrations.migrate`, or from its own command line."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy.engine import Connection

from handoff.sql.engine import open_for_migration, writing
from handoff.sql.tables import metadata


def run(connection: Connection) -> None:
    """Run the command inside the transaction that `connection` has begun."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_hand() -> None:
    """Run the command on the database that DATABASE_URL names."""
    engine = await open_for_migration(os.environ.get("DATABASE_URL", "sqlite:///var/support.db"))
    try:
        async with writing(engine) as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("no SQL scripts here: run the command without --sql, on the database itself")
if given is None:
    asyncio.run(run_by_hand())
else:
    run(given)
