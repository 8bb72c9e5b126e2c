"""Real worker processes: one is frozen, thawed and killed in the middle of a crowd; every message gets one reply."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from common.clock import SystemClock
from common.keys import Keys
from common.settings import ROOT
from handoff.presence import workers_alive
from handoff.protocol import Entry, Player
from handoff.redis_store import RedisStore
from handoff.store import Command

PLAYERS, MESSAGES = 25, 4


@pytest.fixture
async def workers(redis: Redis[str], redis_url: str, tmp_path: Path) -> AsyncIterator[list[subprocess.Popen[bytes]]]:
    env = {**os.environ, "REDIS_URL": redis_url, "REDIS_PREFIX": "test:", "LEASE_MS": "800", "LOG_LEVEL": "WARNING"}
    log = (tmp_path / "workers.log").open("wb")
    started = [
        subprocess.Popen([sys.executable, "-m", "bot.worker"], cwd=ROOT, env=env, stdout=log, stderr=log)
        for _ in range(2)
    ]
    for _ in range(900):
        if await workers_alive(redis, Keys("test:"), SystemClock(), "bot") == 2:
            break
        assert all(p.poll() is None for p in started), (tmp_path / "workers.log").read_text()[-2000:]
        await asyncio.sleep(0.1)
    yield started
    for process in started:
        process.kill()
        process.wait()


async def test_frozen_and_killed_workers_lose_and_double_nothing(
    redis: Redis[str], workers: list[subprocess.Popen[bytes]]
) -> None:
    store = RedisStore(redis, SystemClock(), Keys("test:"), per_second=1000)
    conversations: dict[str, str] = {}

    async def crowd(n: int) -> None:
        for i in range(PLAYERS):
            entry = Entry(n=0, at=1, sender="player", kind="pick", text=f"第{n}问", chip="faq:event_list.current")
            stored = await store.append(Player(id=f"p{i}", name="玩家"), Command(f"message-{n}", "m"), entry)
            conversations[f"p{i}"] = stored.conversation

    first = workers[0].pid
    await crowd(0)
    await asyncio.sleep(0.1)
    os.kill(first, signal.SIGSTOP)
    await crowd(1)
    await asyncio.sleep(1.5)
    os.kill(first, signal.SIGCONT)
    await crowd(2)
    await asyncio.sleep(0.1)
    os.kill(first, signal.SIGKILL)
    await crowd(3)
    for conversation in conversations.values():
        for _ in range(600):
            entries = await store.entries(conversation)
            if sum(e.sender == "bot" for e in entries) >= MESSAGES:
                break
            await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)  # time for one too many
    for conversation in conversations.values():
        entries = await store.entries(conversation)
        assert [e.n for e in entries] == list(range(1, len(entries) + 1))
        assert sum(e.sender == "player" for e in entries) == MESSAGES
        assert sum(e.sender == "bot" for e in entries) == MESSAGES
