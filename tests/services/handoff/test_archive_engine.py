"""The engine factory: what it accepts, what it says otherwise, and how SQLite's transactions behave."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.errors import StorageError
from handoff.sql import engine as module
from handoff.sql.engine import open_engine, parse_url, reading, writing
from tests import scratch_postgres

ROOT = Path(__file__).parents[3]
SECRET = "s3cr3t"


@pytest.fixture
async def sqlite_engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_engine(f"sqlite:///{tmp_path}/new folder/x.db")
    async with writing(engine) as connection:
        await connection.execute(text("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
    yield engine
    await engine.dispose()


@pytest.fixture
def postgresql() -> str:
    try:
        return scratch_postgres.start()
    except RuntimeError as error:
        pytest.skip(str(error))


async def scalar(engine: AsyncEngine, statement: str) -> Any:
    async with reading(engine) as connection:
        return (await connection.execute(text(statement))).scalar()


class TestUrls:
    @pytest.mark.parametrize("url", [
        "sqlite:///var/support.db", "sqlite+aiosqlite:////var/lib/support.db", " sqlite:///x.db\n",
        "postgresql://u:p@host/db", "postgres://host/db", "postgresql+asyncpg://u@host:6543/db?sslmode=require",
        "postgresql://u:p%40ss@[::1]:5432/db", "postgresql://u@/db?host=/run/postgresql",
    ])  # fmt: skip
    def test_plain_and_driver_urls_are_accepted(self, url: str) -> None:
        assert parse_url(url).drivername in ("sqlite", "postgresql")

    @pytest.mark.parametrize("url", [
        "", "support.db", "/var/support.db", SECRET, f"postgresql:u:{SECRET}@host/db", f"mysql://u:{SECRET}@host/db",
        f"postgresql+psycopg2://u:{SECRET}@host/db", f"postgresql://u:{SECRET}@host:port/db",
        f"postgresql://u:{SECRET}@{SECRET}@host/db", f"postgresql://u:{SECRET}@host", f"postgresql://u:{SECRET}@host/",
        "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://var/support.db", "sqlite:///x.db?mode=ro",
    ])  # fmt: skip
    async def test_a_malformed_one_says_what_was_expected_and_no_password(self, url: str) -> None:
        with pytest.raises(StorageError, match="expected sqlite:///path") as refusal:
            await open_engine(url)
        shown = traceback.format_exception(refusal.type, refusal.value, refusal.tb)
        assert SECRET not in str(refusal.value) and SECRET not in shown[-1] and "During handling" not in "".join(shown)

    async def test_an_unreachable_server_is_named_without_the_password(self) -> None:
        with pytest.raises(StorageError, match=r"PostgreSQL at 127\.0\.0\.1:1/db: .*expected") as refusal:
            await open_engine(f"postgresql://u:{SECRET}@127.0.0.1:1/db")
        assert SECRET not in str(refusal.value)

    async def test_a_server_that_never_answers_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def hold(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(5)

        monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.2)
        server = await asyncio.start_server(hold, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(StorageError, match="Timeout"):
            await open_engine(f"postgresql://u:{SECRET}@127.0.0.1:{port}/db")
        server.close()

    async def test_a_missing_database_is_named(self, postgresql: str) -> None:
        with pytest.raises(StorageError, match=r'database "nowhere" does not exist'):
            await open_engine(postgresql.replace("/postgres?", "/nowhere?"))

    async def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
        with pytest.raises(StorageError, match=r"x\.db: DatabaseError: file is not a database"):
            await open_engine(f"sqlite:///{tmp_path}/x.db")

    async def test_a_path_that_can_not_be_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=r"can't use the SQLite file"):
            await open_engine(f"sqlite:///{tmp_path}/file/x.db")
        with pytest.raises(StorageError, match=r"can't use the SQLite file"):
            await open_engine(f"sqlite:///{tmp_path}")


class TestSqlite:
    async def test_settings(self, sqlite_engine: AsyncEngine) -> None:
        for pragma, value in (
            ("journal_mode", "wal"),
            ("busy_timeout", 10_000),
            ("foreign_keys", 1),
            ("synchronous", 2),
        ):
            assert await scalar(sqlite_engine, f"PRAGMA {pragma}") == value

    async def test_writers_wait_for_each_other(self, sqlite_engine: AsyncEngine) -> None:
        async def count_up() -> None:
            async with writing(sqlite_engine) as connection:
                n = (await connection.execute(text("SELECT coalesce(max(n), 0) FROM numbers"))).scalar()
                await asyncio.sleep(0.005)
                await connection.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": n + 1})

        await asyncio.gather(*(count_up() for _ in range(20)))
        assert await scalar(sqlite_engine, "SELECT max(n) FROM numbers") == 20

    async def test_a_reader_does_not_wait_and_sees_one_moment(self, sqlite_engine: AsyncEngine) -> None:
        count = text("SELECT count(*) FROM numbers")
        async with reading(sqlite_engine) as reader, writing(sqlite_engine) as writer:
            assert (await reader.execute(count)).scalar() == 0
            await writer.execute(text("INSERT INTO numbers VALUES (1)"))
            await writer.commit()
            assert (await reader.execute(count)).scalar() == 0
        assert await scalar(sqlite_engine, "SELECT count(*) FROM numbers") == 1

    async def test_a_failed_write_is_rolled_back(self, sqlite_engine: AsyncEngine) -> None:
        with pytest.raises(StorageError, match="IntegrityError"):
            async with writing(sqlite_engine) as connection:
                await connection.execute(text("INSERT INTO numbers VALUES (1)"))
                await connection.execute(text("INSERT INTO numbers VALUES (1)"))
        assert await scalar(sqlite_engine, "SELECT count(*) FROM numbers") == 0

    async def test_a_cancelled_write_lets_the_next_one_in(self, sqlite_engine: AsyncEngine) -> None:
        async def never_done() -> None:
            async with writing(sqlite_engine) as connection:
                await connection.execute(text("INSERT INTO numbers VALUES (1)"))
                await asyncio.sleep(60)

        task = asyncio.create_task(never_done())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with writing(sqlite_engine) as connection:
            await connection.execute(text("INSERT INTO numbers VALUES (2)"))
        assert await scalar(sqlite_engine, "SELECT min(n) FROM numbers") == 2

    async def test_a_lock_that_stays_is_a_storage_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 50)
        engine = await open_engine(f"sqlite:///{tmp_path}/x.db")
        other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="database is locked"):
            async with writing(engine):
                pass
        other.close()
        await engine.dispose()

    async def test_no_statement_reaches_the_debug_log(
        self, sqlite_engine: AsyncEngine, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            async with reading(sqlite_engine) as connection:
                await connection.execute(text("SELECT :said"), {"said": SECRET})
        assert SECRET not in caplog.text

    async def test_many_may_open_a_new_file_at_once(self, tmp_path: Path) -> None:
        engines = await asyncio.gather(*(open_engine(f"sqlite:///{tmp_path}/x.db") for _ in range(12)))
        for engine in engines:
            await engine.dispose()

    def test_a_process_ends_though_nobody_closed_the_engine(self, tmp_path: Path) -> None:
        code = (
            "import asyncio\nfrom handoff.sql.engine import *\n"
            f"async def go():\n  e = await open_engine('sqlite:///{tmp_path}/x.db')\n"
            "  async with reading(e): pass\n"
            "asyncio.run(go())"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True, timeout=20)

    def test_a_process_ends_though_the_file_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_bytes(b"no database" * 500)
        code = (
            f"import asyncio\nfrom handoff.sql.engine import *\nasyncio.run(open_engine('sqlite:///{tmp_path}/x.db'))"
        )
        ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=20, capture_output=True, text=True)
        assert "StorageError: can't use the SQLite file" in ended.stderr


class TestScratchServer:
    @pytest.mark.skipif(sys.platform != "linux", reason="a signal at the parent's death is Linux's")
    def test_the_server_ends_with_a_process_that_is_killed(self, postgresql: str) -> None:
        code = (
            "import time\nfrom tests import scratch_postgres as s\n"
            "print(s.start().split('host=')[1], flush=True)\ntime.sleep(60)"
        )
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        process.kill()
        process.wait()
        process.stdout.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and _alive(pid):
            time.sleep(0.05)
        assert not _alive(pid)
        assert folder.name.startswith("scratch-pg-")
        shutil.rmtree(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # a zombie that nobody reaps has ended
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
