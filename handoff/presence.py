"""Which worker processes are alive: each says so every few seconds, so that /healthz knows without asking them."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.clock import Clock
from common.keys import Keys

EVERY_S = 2.0
_ALIVE_MS = 7_000


async def report(redis: Redis[str], keys: Keys, clock: Clock, kind: str, log: Any) -> None:
    """Say for ever that this process, a worker of `kind`, is alive."""
    me = f"{socket.gethostname()}:{os.getpid()}"
    name = keys.name("workers", kind)
    while True:
        try:
            await redis.zadd(name, {me: clock.now_ms()})
            await redis.zremrangebyscore(name, "-inf", clock.now_ms() - 10 * _ALIVE_MS)
        except (RedisError, OSError) as error:
            log.warning("presence not reported", error=type(error).__name__)
        await asyncio.sleep(EVERY_S)


async def workers_alive(redis: Redis[str], keys: Keys, clock: Clock, kind: str) -> int:
    """How many workers of `kind` have said so lately."""
    return int(await redis.zcount(keys.name("workers", kind), clock.now_ms() - _ALIVE_MS, "+inf"))
