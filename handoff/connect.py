"""Opening Redis so that nothing acknowledged can be lost: the server's durability settings are checked, not assumed."""

from __future__ import annotations

import asyncio
import contextlib
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.errors import StorageError
from common.settings import Settings

_MINIMUM = (6, 2)
_RESYNC_S = 30.0
_SLOW_S = 0.5  # a round trip that took longer says too little about the time
_PATIENCE_S = 30.0


async def open_redis(settings: Settings, *, wait_s: float = 30.0) -> Redis[str]:
    """A client on a Redis that keeps what it is given.

    Raises:
        StorageError: not reachable within `wait_s` seconds, too old, or (in production) without AOF or with eviction.
    """
    client: Redis[str] = Redis.from_url(settings.redis_address, decode_responses=True, health_check_interval=15)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            info = await client.info()
            break
        except RedisError as error:
            if time.monotonic() > deadline:
                raise StorageError(f"Redis does not answer ({type(error).__name__}); check REDIS_URL") from error
            await asyncio.sleep(0.2)
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:2])
    if version < _MINIMUM:
        raise StorageError(f"Redis {info['redis_version']} is too old; expected 6.2 or newer")
    for fault in durability_faults(info):
        if not settings.development:
            raise StorageError(f"Redis is not safe to use: {fault}")
        print(f"WARNING: Redis is not safe for production: {fault}", flush=True)
    return client


def durability_faults(info: dict[str, object]) -> list[str]:
    """What in a server's INFO would lose acknowledged messages."""
    faults = []
    if not int(str(info.get("aof_enabled", 0))):
        faults.append("append-only file is off (set appendonly yes)")
    if str(info.get("maxmemory_policy", "noeviction")) != "noeviction":
        faults.append("it evicts keys when full (set maxmemory-policy noeviction)")
    return faults


class RedisClock:
    """The present as Redis sees it: this process's monotonic clock plus an offset, measured again every half minute.

    All processes thus agree on deadlines whatever their machines' clocks say or jump to. `sync` must run once before use.
    """

    def __init__(self) -> None:
        self._offset = 0.0

    async def sync(self, redis: Redis[str], *, wait_s: float = _PATIENCE_S) -> None:
        """Measure the offset; asked again while Redis is away or slow.

        Raises:
            StorageError: no quick answer within `wait_s` seconds.
        """
        deadline = time.monotonic() + wait_s
        while True:
            try:
                if await self._measure(redis):
                    return
                fault = "its answers take too long"
            except (RedisError, OSError) as error:
                fault = type(error).__name__
            if time.monotonic() > deadline:
                raise StorageError(f"Redis does not tell the time ({fault}); check REDIS_URL")
            await asyncio.sleep(0.2)

    async def _measure(self, redis: Redis[str]) -> bool:
        """Whether the answer was quick enough to be used."""
        before = time.monotonic()
        seconds, micros = await redis.time()
        after = time.monotonic()
        if after - before > _SLOW_S:
            return False
        self._offset = seconds + micros / 1e6 - (before + after) / 2
        return True

    async def keep(self, redis: Redis[str]) -> None:
        """Measure again for ever; run it as a task."""
        while True:
            await asyncio.sleep(_RESYNC_S)
            with contextlib.suppress(RedisError, OSError):  # the old offset serves until Redis is back
                await self._measure(redis)

    def now_ms(self) -> int:
        """The present, in whole milliseconds."""
        return int((time.monotonic() + self._offset) * 1000)
