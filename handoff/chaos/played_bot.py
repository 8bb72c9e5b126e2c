"""Stands in for the bot worker (`--no-bot`): the same leases and commits without the seconds that Rasa takes to start."""

from __future__ import annotations

import asyncio
import os
import sys

from common import logs
from common.keys import Keys
from common.settings import Settings
from handoff.connect import RedisClock, open_redis
from handoff.protocol import Entry, Summary
from handoff.redis_store import RedisStore
from handoff.store import Turn, TurnResult

_POLL_S = 0.1


class PlayedBot:
    """Answers each message with its id, so that an answer given twice is recognised."""

    def __init__(self, store: RedisStore, clock: RedisClock, lease_ms: int) -> None:
        self._store = store
        self._clock = clock
        self._lease_ms = lease_ms

    async def turn(self) -> bool:
        """One turn or summary; False when there was nothing to do."""
        turn = await self._store.claim_turn(self._lease_ms)
        if turn is None:
            return False
        if turn.entry is None:
            await self._store.set_summary(turn, Summary(lines=[], upto=turn.view.last))
        else:
            await self._store.commit(turn, TurnResult(replies=[self._reply(turn, turn.entry)]))
        return True

    def _reply(self, turn: Turn, entry: Entry) -> Entry:
        return Entry(n=0, at=self._clock.now_ms(), sender="bot", kind="text", text=f"re {entry.id}")


async def main(settings: Settings) -> None:
    """Answer until killed."""
    log = logs.configure(settings.log_level, "played-bot")
    redis = await open_redis(settings)
    clock = RedisClock()
    await clock.sync(redis)
    store = RedisStore(redis, clock, Keys(settings.redis_prefix))
    bot = PlayedBot(store, clock, settings.lease_ms)
    log.info("ready")
    while True:
        try:
            busy = await bot.turn()
        except Exception as error:  # whatever it was: the lease runs out and the turn is run again
            log.warning("turn failed", error=type(error).__name__)
            busy = False
        if not busy:
            await asyncio.sleep(_POLL_S)


if __name__ == "__main__":
    try:
        asyncio.run(main(Settings.from_env(os.environ)))
    except KeyboardInterrupt:
        sys.exit(0)
