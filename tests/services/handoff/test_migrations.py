"""Migrations: from nothing to exactly the schema of the code, repeatable, and one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from common.errors import StorageError
from handoff.migrations import config, migrate, upgrade
from handoff.protocol import Episode, Note
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine, reading, writing
from handoff.sql.tables import metadata
from handoff.store import Command
from handoff.tickets import Change, Move, Ticket, TicketEvent, TicketState
from tests import scratch_postgres

ROOT = Path(__file__).parents[3]
HEAD = "0004"


@pytest.fixture(params=["sqlite", "postgresql"])
async def urls(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/var/one.db", f"sqlite:///{tmp_path}/var/two.db"
        return
    try:
        scratch_postgres.start()
    except RuntimeError as error:
        pytest.skip(str(error))
    async with scratch_postgres.database() as one, scratch_postgres.database() as two:
        yield one, two


async def do(url: str, work: Any, write: bool = False) -> Any:
    engine = await open_engine(url)
    try:
        async with (writing if write else reading)(engine) as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def schema(connection: Connection) -> list[str]:
    """Everything the database itself knows of its tables, one line each, but for Alembic's own."""
    if connection.dialect.name == "sqlite":
        statements = [
            "SELECT tbl_name, sql FROM sqlite_master",
            "SELECT m.name, t.* FROM sqlite_master m JOIN pragma_table_info(m.name) t WHERE m.type = 'table'",
        ]
    else:
        statements = [
            "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
            " FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace",
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        ]
    rows = [tuple(row) for statement in statements for row in connection.execute(text(statement))]
    return sorted(_plain(row) for row in rows if row[0] != "alembic_version")


def _plain(row: tuple[Any, ...]) -> str:
    """A row as text; of a CREATE TABLE, whose lines are columns and constraints, the lines in order.

    Without quotes: SQLite puts them around the name of a table that was rebuilt.
    """
    fields = (str(field).replace('"', "") for field in row)
    return " | ".join(item for field in fields for item in sorted(part.strip(" ,\t") for part in field.splitlines()))


async def version(url: str) -> Any:
    return await do(
        url, lambda connection: connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    )


async def test_from_empty_it_gives_the_schema_of_the_code(urls: tuple[str, str]) -> None:
    migrated, created = urls
    await migrate(migrated)
    assert await do(migrated, differences) == []
    await do(created, metadata.create_all, write=True)
    assert await do(migrated, schema) == await do(created, schema)
    assert await version(migrated) == HEAD


async def test_the_comparison_would_notice(urls: tuple[str, str]) -> None:
    await migrate(urls[0])
    before = await do(urls[0], schema)
    await do(urls[0], lambda c: c.execute(text("ALTER TABLE tickets ADD COLUMN extra BIGINT")), write=True)
    assert await do(urls[0], differences) != []
    assert await do(urls[0], schema) != before


async def test_again_is_harmless(urls: tuple[str, str]) -> None:
    await migrate(urls[0])
    row = text("INSERT INTO conversations VALUES ('c', 'p', '{}', 1, 2, 0, '')")
    await do(urls[0], lambda connection: connection.execute(row), write=True)
    await migrate(urls[0])
    assert await do(urls[0], lambda c: c.execute(text("SELECT count(*) FROM conversations")).scalar()) == 1


async def test_processes_that_start_at_once_take_turns(urls: tuple[str, str]) -> None:
    code = f"from handoff.migrations import upgrade\nprint(flush=True)\ninput()\nupgrade({urls[0]!r})"
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # has imported everything
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
    assert await do(urls[0], differences) == []
    assert await version(urls[0]) == HEAD


async def test_a_step_that_fails_leaves_the_database_as_it_was(
    urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("pulled the plug")

    monkeypatch.setattr(op, "create_index", fail)
    with pytest.raises(StorageError, match="pulled the plug"):
        await migrate(urls[0])
    assert await do(urls[0], schema) == []
    monkeypatch.undo()
    await migrate(urls[0])
    assert await do(urls[0], differences) == []


async def test_a_database_of_a_newer_programme_is_refused(urls: tuple[str, str]) -> None:
    await migrate(urls[0])
    await do(urls[0], lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")), write=True)
    with pytest.raises(StorageError, match="9999"):
        await migrate(urls[0])


async def test_there_and_back(urls: tuple[str, str]) -> None:
    await migrate(urls[0])

    await do(urls[0], lambda connection: _move(connection, command.downgrade, "base"), write=True)
    assert await do(urls[0], schema) == []


FIRST_ROWS = (
    "INSERT INTO conversations VALUES ('c1', 'p1', '{\"name\": \"云\"}', 1, 2, 3, '没到')",
    "INSERT INTO notes VALUES ('c1', 1, 5, '小云', '已核对', 'n1')",
    "INSERT INTO episodes VALUES ('e1', 'c1', 'p1', 'ended', 'button', 2, 10, 'pay', 'a1', 20, 30, 'ticket', '', '', NULL, 4,"
    " '谢谢', '1-0')",
    "INSERT INTO audit VALUES ('1790000000000-0', 1790000000000, 'ticket', 'p:p1', 'c1', 'p1', 3, 'e1', '{}')",
    "INSERT INTO tickets VALUES ('T1', 'open', 'c1', 'p1', '请查', 1790000000000, '1790000000000-0')",
)


async def test_rows_of_the_first_schema_come_along(urls: tuple[str, str]) -> None:
    def fill(connection: Connection) -> None:
        _move(connection, command.upgrade, "0001")
        for row in FIRST_ROWS:
            connection.exec_driver_sql(row)

    await do(urls[0], fill, write=True)
    await migrate(urls[0])
    archive = SqlArchive(await open_engine(urls[0]))
    conversation = await archive.conversation("c1")
    assert conversation is not None
    assert conversation.notes == [Note(1, 5, "小云", "已核对", "n1")]
    assert conversation.episodes == [
        Episode(
            id="e1", state="ended", reason="button", urgency=2, requested_at=10, scenario="pay", agent="a1",
            accepted_at=20, ended_at=30, end_reason="ticket", score=4, rating_text="谢谢",
        )
    ]  # fmt: skip
    created = 1_790_000_000_000
    assert await archive.tickets_of("p1") == [
        Ticket("T1", TicketState.OPEN, "c1", "p1", "请查", created, created + 14_400_000, episode="e1",
               history=[Change(created, "p:p1", "open")])
    ]  # fmt: skip
    moved = await archive.move_ticket("T1", TicketEvent.TAKE, Move(Command("take-0001", "m"), "a1", created + 1, 1))
    assert (moved.version, moved.assignee) == (2, "a1")
    await archive.close()


async def test_the_step_back_keeps_the_rows_of_the_first_schema(urls: tuple[str, str]) -> None:
    def there_and_back(connection: Connection) -> list[Any]:
        _move(connection, command.upgrade, "0001")
        before = schema(connection)
        for row in FIRST_ROWS:
            connection.exec_driver_sql(row)
        _move(connection, command.upgrade, "0002")
        _move(connection, command.downgrade, "0001")
        assert schema(connection) == before
        return [tuple(row) for row in connection.exec_driver_sql("SELECT number, text, created_at FROM tickets")]

    assert await do(urls[0], there_and_back, write=True) == [("T1", "请查", 1_790_000_000_000)]


def _move(connection: Connection, step: Any, revision: str) -> None:
    settings = config()
    settings.attributes["connection"] = connection
    step(settings, revision)


async def test_the_command_line_of_alembic_works(urls: tuple[str, str]) -> None:
    environ = {**os.environ, "DATABASE_URL": urls[0]}
    for arguments in (["upgrade", "head"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "-c", "handoff/migrations/alembic.ini", *arguments],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert await version(urls[0]) == HEAD


def test_upgrade_needs_no_event_loop(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/var/x.db")
    assert (tmp_path / "var/x.db").exists()


def test_a_malformed_url_is_refused() -> None:
    with pytest.raises(StorageError, match="expected sqlite:///path"):
        upgrade("var/support.db")


def test_there_is_one_newest_step() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]
