"""Doorbells: one Redis subscription of this process, shared by its sockets. A bell only says "look"; what is new is read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.keys import Keys

Listener = Callable[[str], None]  # called with the message that rang
_RETRY_S = 0.5
# A lost connection: uvloop says RuntimeError of a closed transport, redis-py AttributeError of a subscription that was reset.
_LOST = (RedisError, OSError, RuntimeError, AttributeError)


class Bells:
    """Local listeners by channel. After a lost connection every listener is rung, since something may have been missed."""

    def __init__(self, redis: Redis[str], keys: Keys, log: Any) -> None:
        self._redis = redis
        self._keys = keys
        self._log = log
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._pubsub = redis.pubsub()
        self._changed = asyncio.Event()

    async def listen(self, *parts: str, listener: Listener) -> None:
        """Have `listener` called when the channel rings."""
        channel = self._keys.bell(*parts)
        self._listeners[channel].add(listener)
        if len(self._listeners[channel]) == 1:
            await self._quietly(self._pubsub.subscribe(channel))
            self._changed.set()

    async def forget(self, *parts: str, listener: Listener) -> None:
        """The opposite of `listen`."""
        channel = self._keys.bell(*parts)
        self._listeners[channel].discard(listener)
        if not self._listeners[channel]:
            del self._listeners[channel]
            await self._quietly(self._pubsub.unsubscribe(channel))

    async def ring(self, *parts: str, message: str = "1") -> None:
        """Ring a channel, for everybody in every process."""
        await self._redis.publish(self._keys.bell(*parts), message)

    async def run(self) -> None:
        """Pass bells on for ever."""
        while True:
            try:
                if not self._listeners:
                    self._changed.clear()
                    await self._changed.wait()
                if not self._pubsub.subscribed:
                    await self._pubsub.subscribe(*self._listeners)
                async for item in self._pubsub.listen():
                    if item["type"] == "message":
                        for listener in list(self._listeners.get(item["channel"], ())):
                            listener(item["data"])
            except _LOST as error:
                self._log.warning("bells lost", error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                await self._start_again()

    async def _start_again(self) -> None:
        await self._quietly(self._pubsub.reset())
        self._pubsub = self._redis.pubsub()
        if self._listeners:
            await self._quietly(self._pubsub.subscribe(*self._listeners))
        for listeners in list(self._listeners.values()):
            for listener in list(listeners):
                listener("")

    async def _quietly(self, work: Any) -> None:
        """Do `work`; a lost connection is noticed and mended by `run`."""
        try:
            await work
        except _LOST:
            return
