"""Redis killed under a running gateway, and an agent who disappears, in real time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis

from common.clock import SystemClock
from handoff.archive_memory import MemoryArchive
from handoff.machine import Owner
from handoff.worker import HandoffWorker
from tests.conftest import start_redis
from tests.services.gateway.conftest import running


async def test_what_was_acknowledged_survives_a_killed_redis_and_the_rest_can_be_sent_again(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    url = f"unix://{tmp_path}/redis.sock"
    client: Redis[str] = Redis.from_url(url, decode_responses=True)
    async with running(client, url, tmp_path) as stack:
        player = await stack.player()
        conversation = (await player.receive("welcome"))["conversation"]
        for n in range(5):
            await player.send("send", id=f"message-{n}", text=f"第{n}句")
            await player.receive("ack")
        server.kill()
        server.wait()
        await player.send("send", id="message-5", text="第5句")
        error = await player.receive("error")
        assert (error["code"], error["id"]) == ("unavailable", "message-5")
        server = start_redis(tmp_path)
        for _ in range(50):
            await player.send("send", id="message-5", text="第5句")
            frame = await player.receive()
            while frame["type"] not in ("ack", "error"):
                frame = await player.receive()
            if frame["type"] == "ack":
                break
            await asyncio.sleep(0.1)
        texts = [entry.text for entry in await stack.store.entries(conversation)]
        assert texts == [f"第{n}句" for n in range(6)]
        again = await stack.player(last=5, conversation=conversation)
        assert (await again.receive("entry"))["entry"]["text"] == "第5句"
    await client.close(close_connection_pool=True)
    server.kill()
    server.wait()


async def test_an_agent_who_disappears_loses_the_conversation_within_15_seconds(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("human", id="human-001")
    agent = await stack.agent()
    await agent.receive("welcome")
    await agent.send("presence", id="presence-1", status="online", capacity=1)
    await agent.send("accept", id="accept-01", conversation=conversation)
    while (await stack.store.view(conversation)).owner is not Owner.AGENT:
        await asyncio.sleep(0.05)
    worker = HandoffWorker(stack.store, MemoryArchive(), SystemClock(), 3_600_000, structlog.get_logger())
    duties = asyncio.create_task(worker.run())
    await asyncio.sleep(3)
    assert (await stack.store.view(conversation)).owner is Owner.AGENT
    await agent.socket.close()
    gone = time.monotonic()
    while (await stack.store.view(conversation)).owner is not Owner.QUEUE:
        assert time.monotonic() - gone <= 15
        await asyncio.sleep(0.05)
    while (await player.receive("entry"))["entry"].get("event") != "requeued":
        pass
    assert (await player.receive("queue"))["position"] == 1
    duties.cancel()
