"""Opens SQLite or PostgreSQL by URL, and the two kinds of transaction that everything in `handoff.sql` uses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import Table

from common.errors import StorageError

EXPECTED = "expected sqlite:///path/to/file.db or postgresql://user:password@host:5432/database"
CONNECT_TIMEOUT_S = 10
COMMAND_TIMEOUT_S = 60
BUSY_TIMEOUT_MS = 10_000  # how long a SQLite writer waits for another one

_SCHEMES = {"sqlite": "sqlite", "sqlite+aiosqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql",
            "postgresql+asyncpg": "postgresql"}  # fmt: skip


def parse_url(url: str) -> URL:
    """The parts of a database URL, its scheme reduced to `sqlite` or `postgresql`.

    Raises:
        StorageError: malformed; the message says what was expected and repeats nothing that may be a password.
    """
    parsed = _parsed(url.strip())
    scheme = _SCHEMES.get(parsed.drivername) if parsed else None
    if parsed is None or scheme is None:
        raise StorageError(f"not a database URL: {EXPECTED}")
    if scheme == "sqlite" and (parsed.host or parsed.query or parsed.database in (None, "", ":memory:")):
        raise StorageError(f"a SQLite URL needs three slashes and a file, without options: {EXPECTED}")
    if scheme == "postgresql" and "@" in (parsed.host or ""):
        raise StorageError(f"a PostgreSQL URL with two @: write %40 for the one in the password; {EXPECTED}")
    if scheme == "postgresql" and not parsed.database:
        raise StorageError(f"a PostgreSQL URL without a database: {EXPECTED}")
    return parsed.set(drivername=scheme)


async def open_engine(url: str) -> AsyncEngine:
    """An engine on the database at `url`, tried once. The folder of a SQLite file is made.

    Raises:
        StorageError: malformed or unreachable; says which place was tried and what was expected.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return await _opened(_sqlite(parsed, foreign_keys=True, busy_ms=BUSY_TIMEOUT_MS), parsed)
    return await _opened(_postgresql(parsed, COMMAND_TIMEOUT_S), parsed)


async def open_for_migration(url: str) -> AsyncEngine:
    """As `open_engine`, for changing the schema: takes its time, and SQLite rebuilds tables with foreign keys off."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return await _opened(_sqlite(parsed, foreign_keys=False, busy_ms=6 * BUSY_TIMEOUT_MS), parsed)
    return await _opened(_postgresql(parsed, command_timeout=None), parsed)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads. Raises StorageError."""
    with _translated():
        async with engine.connect() as connection, connection.begin():
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that writes; SQLite takes its write lock at once, so none fails halfway. Raises StorageError."""
    with _translated():
        async with engine.connect() as connection:
            await connection.execution_options(writes=True)
            async with connection.begin():
                yield connection


def insert_into(engine: AsyncEngine, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_update`, in the engine's dialect."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[engine.dialect.name](table)


def _parsed(url: str) -> URL | None:
    # SQLAlchemy's complaints repeat the URL, or the part of it that is no number; so they must not even be chained.
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None


def _sqlite(url: URL, foreign_keys: bool, busy_ms: int) -> AsyncEngine:
    # aiosqlite logs every statement with its parameters at debug.
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    engine = create_async_engine(url.set(drivername="sqlite+aiosqlite"), **_COMMON)
    pragmas = (
        f"busy_timeout = {busy_ms}",
        f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
        "synchronous = FULL",  # what is stored here is deleted from Redis
    )

    # sqlite3 would begin transactions by itself, late and without IMMEDIATE:
    # https://docs.sqlalchemy.org/en/14/dialects/sqlite.html#serializable-isolation-savepoints-transactional-ddl
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()  # SQLAlchemy would not, and aiosqlite's thread would keep the process from ending
            raise

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _postgresql(url: URL, command_timeout: float | None) -> AsyncEngine:
    # asyncpg reads the URL itself, so that `sslmode`, `host` and the like mean what they mean to libpq.
    arguments = {
        "dsn": url.render_as_string(hide_password=False),
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": command_timeout,
    }
    return create_async_engine("postgresql+asyncpg://", connect_args=arguments, pool_pre_ping=True, **_COMMON)


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()  # NaN becomes null; the standard library writes what no database reads


_COMMON: dict[str, Any] = {
    "hide_parameters": True,  # in error messages
    "json_serializer": _encode,
    "json_deserializer": msgspec.json.decode,
}


async def _opened(engine: AsyncEngine, url: URL) -> AsyncEngine:
    place = f"SQLite file {url.database}" if url.drivername == "sqlite" else f"PostgreSQL at {_place(url)}"
    try:
        with _translated():
            if url.drivername == "sqlite":
                Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
                await _use_wal(engine)
            else:
                async with engine.connect() as connection:
                    await connection.execute(select(1))
    except BaseException as error:
        await engine.dispose()
        if isinstance(error, StorageError):
            raise StorageError(f"can't use the {place}: {error}; {EXPECTED}") from None
        raise
    return engine


def _place(url: URL) -> str:
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}:{url.port or 5432}/{url.database}"


async def _use_wal(engine: AsyncEngine) -> None:
    # The file remembers the mode. Switching needs the file alone, and does not wait for busy_timeout.
    deadline = asyncio.get_running_loop().time() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            mode = await _wal_mode(engine)
            break
        except DBAPIError as error:
            if "locked" not in str(error.orig) or asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)
    if mode != "wal":
        raise StorageError(f"its file system does not allow write-ahead logging (mode {mode})")


async def _wal_mode(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        cursor = await raw.driver_connection.execute("PRAGMA journal_mode = WAL")
        row = await cursor.fetchone()
        await cursor.close()
        return str(row[0])


_FAILURES = (
    SQLAlchemyError,
    asyncpg.PostgresError,  # while connecting, SQLAlchemy does not wrap these
    asyncpg.InterfaceError,
    OSError,
    asyncio.TimeoutError,
    OverflowError,  # an integer beyond 64 bits, from sqlite3
)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise StorageError(_reason(error)) from None  # a driver's message may hold a row's values: never shown


def _reason(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    cause = cause.__cause__ or cause
    name = type(cause).__name__
    quotes_values = isinstance(error, (DataError, IntegrityError)) or isinstance(cause, (ValueError, asyncpg.DataError))
    words = str(cause).strip().splitlines()
    return f"{name}: {words[0]}" if words and not quotes_values else name
