"""The doorbells when the connection to Redis breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from common.keys import Keys
from gateway.bells import Bells

WITHIN_S = 10


class Ear:
    """A listener that says what it has heard."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, message: str) -> None:
        self._heard.put_nowait(message)

    async def hears(self, message: str) -> None:
        """Wait for a message; others before it are passed over."""
        while await asyncio.wait_for(self._heard.get(), WITHIN_S) != message:
            pass


@pytest.fixture
async def bells(redis: Redis[str], keys: Keys) -> AsyncIterator[Bells]:
    bells = Bells(redis, keys, structlog.get_logger())
    running = asyncio.create_task(bells.run())
    yield bells
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_lost_subscription_rings_everybody_once_and_works_again(redis: Redis[str], bells: Bells) -> None:
    one, two = Ear(), Ear()
    await bells.listen("c", "one", listener=one)
    await bells.listen("c", "two", listener=two)
    await _ring_until_heard(bells, "one", one, "before")
    await redis.client_kill_filter(_type="pubsub")
    await one.hears("")  # something may have been missed meanwhile
    await two.hears("")
    await _ring_until_heard(bells, "one", one, "after")
    await _ring_until_heard(bells, "two", two, "after")


@pytest.mark.parametrize("error", [ConnectionError, OSError, RuntimeError, AttributeError])
async def test_whatever_a_broken_connection_raises_the_bells_go_on(
    redis: Redis[str], bells: Bells, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    ear = Ear()
    await bells.listen("c", "one", listener=ear)
    await _ring_until_heard(bells, "one", ear, "before")
    broken = type(redis.pubsub())
    read = broken.parse_response

    async def fail_once(self: Any, *args: Any, **options: Any) -> Any:
        monkeypatch.setattr(broken, "parse_response", read)
        raise error("the connection is gone")

    monkeypatch.setattr(broken, "parse_response", fail_once)
    await bells.ring("c", "one")  # wakes the reader, whose next read fails
    await ear.hears("")
    await _ring_until_heard(bells, "one", ear, "after")


async def test_who_stops_listening_while_the_connection_is_lost_is_not_subscribed_again(
    redis: Redis[str], keys: Keys, bells: Bells
) -> None:
    staying, leaving = Ear(), Ear()
    await bells.listen("c", "staying", listener=staying)
    await bells.listen("c", "leaving", listener=leaving)
    await _ring_until_heard(bells, "leaving", leaving, "before")
    await redis.client_kill_filter(_type="pubsub")
    await bells.forget("c", "leaving", listener=leaving)
    await _ring_until_heard(bells, "staying", staying, "after")
    assert await redis.pubsub_channels() == [keys.bell("c", "staying")]


async def _ring_until_heard(bells: Bells, name: str, ear: Ear, message: str) -> None:
    """A bell may ring before its subscription stands; nobody promises more."""

    async def ring() -> None:
        while True:
            await bells.ring("c", name, message=message)
            await asyncio.sleep(0.05)

    ringing = asyncio.create_task(ring())
    try:
        await ear.hears(message)
    finally:
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
