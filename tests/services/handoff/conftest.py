"""The archive in its three kinds (the twin, SQLite, PostgreSQL) and the store in its two (the twin, Redis)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from common.clock import FakeClock
from common.keys import Keys
from handoff.archive import Archive
from handoff.archive_memory import MemoryArchive
from handoff.memory_store import MemoryStore
from handoff.migrations import migrate
from handoff.redis_store import RedisStore
from handoff.router import EngineStore
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine
from tests import scratch_postgres
from tests.services.handoff.scene import POLICY


@pytest.fixture
def postgresql() -> None:
    try:
        scratch_postgres.start()
    except RuntimeError as error:
        pytest.skip(str(error))


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Archive]:
    if kind == "memory":
        yield MemoryArchive()
        return
    async with AsyncExitStack() as stack:
        url = f"sqlite:///{folder}/support.db"
        if kind == "postgresql":
            url = await stack.enter_async_context(scratch_postgres.database())
        await migrate(url)
        archive = SqlArchive(await open_engine(url))
        yield archive
        await archive.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def archive(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Archive]:
    if request.param == "postgresql":
        request.getfixturevalue("postgresql")
    async with opened(request.param, tmp_path) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
async def sql(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlArchive]:
    if request.param == "postgresql":
        request.getfixturevalue("postgresql")
    async with opened(request.param, tmp_path) as found:
        assert isinstance(found, SqlArchive)
        yield found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> EngineStore:
    """Under `POLICY`, without the limit on commands a second, for that one goes by Redis's own clock."""
    if request.param == "memory":
        return MemoryStore(clock, per_second=1000, policy=POLICY)
    return RedisStore(request.getfixturevalue("redis"), clock, Keys("test:"), per_second=1000, policy=POLICY)
