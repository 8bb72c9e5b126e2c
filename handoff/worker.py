"""The handoff worker: gives orphaned conversations back to the queue, ends overdue wrap-ups, moves things to the archive.

Every step is a fenced script or an idempotent upsert, so a second worker may run beside it, and a killed one loses nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

from redis.exceptions import RedisError

from common import logs
from common.clock import Clock
from common.errors import IllegalTransition, StaleEpoch, StorageError, SupportError, UnknownConversation
from common.keys import Keys
from common.settings import Settings
from handoff import presence
from handoff.archive import Archive, ConversationRecord, OutboxEvent, RefusedEvent
from handoff.connect import RedisClock, open_redis
from handoff.redis_store import RedisStore, episode_of
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine
from handoff.store import ConversationStore, View

TICK_S = 1.0
_MOVED_ON = (StaleEpoch, IllegalTransition, UnknownConversation)


class HandoffWorker:
    """One pass of each duty; `run` repeats them."""

    def __init__(
        self, store: ConversationStore, archive: Archive, clock: Clock, archive_after_ms: int, log: Any
    ) -> None:
        self._store = store
        self._archive = archive
        self._clock = clock
        self._archive_after_ms = archive_after_ms
        self._log = log

    async def run(self) -> None:
        """All duties once a second, for ever."""
        while True:
            for duty in (self.requeue_orphans, self.end_wrap_ups, self.empty_outbox, self.archive_quiet):
                try:
                    await duty()
                except (RedisError, StorageError, OSError) as error:
                    self._log.warning("duty put off", duty=duty.__name__, error=type(error).__name__)
            await asyncio.sleep(TICK_S)

    async def requeue_orphans(self) -> None:
        """Conversations whose agent is gone return to their old place."""
        for orphan in await self._store.orphans():
            try:
                await self._store.requeue(orphan)
                self._log.info("requeued", conversation=orphan.conversation)
            except _MOVED_ON:
                continue

    async def end_wrap_ups(self) -> None:
        """Wrap-ups whose time is over free their slots."""
        for conversation in await self._store.overdue_wrap_ups():
            try:
                await self._store.expire_wrap_up(conversation)
            except _MOVED_ON:
                continue

    async def empty_outbox(self) -> None:
        """Events go to the archive, and only then out of the outbox; one that can never be stored is set aside, loudly."""
        while items := await self._store.outbox():
            events = [event_of(id, fields) for id, fields in items]
            try:
                await self._archive.apply(events)
            except RefusedEvent:
                await self._one_by_one(items)
            await self._store.outbox_done([event.id for event in events])

    async def _one_by_one(self, items: list[tuple[str, dict[str, str]]]) -> None:
        for id, fields in items:
            try:
                await self._archive.apply([event_of(id, fields)])
            except RefusedEvent as error:
                self._log.error("event refused by the archive", id=id, kind=fields["event"], why=str(error))
                await self._store.outbox_refused(id, fields)

    async def archive_quiet(self) -> None:
        """Copy quiet conversations to the archive, then delete them unless they moved on meanwhile."""
        for view in await self._store.quiet(self._clock.now_ms() - self._archive_after_ms):
            if view.last:
                await self._archive.save_conversation(await self._record(view))
            if not await self._store.forget(view):
                self._log.info("stays open", conversation=view.id)

    async def _record(self, view: View) -> ConversationRecord:
        return ConversationRecord(
            id=view.id,
            player=view.player,
            opened_at=view.opened_at,
            closed_at=view.last_at,
            entries=await self._store.entries(view.id),
            notes=await self._store.notes(view.id),
            understanding=await self._store.understanding(view.id),
        )


def event_of(id: str, fields: dict[str, str]) -> OutboxEvent:
    """An outbox record as the archive takes it."""
    return OutboxEvent(
        id=id,
        at=int(fields["at"]),
        event=fields["event"],
        actor=fields["actor"],
        conversation=fields.get("conversation", ""),
        player=fields.get("player", ""),
        epoch=int(fields.get("epoch", 0)),
        data=json.loads(fields.get("data", "{}")),
        episode=episode_of(json.loads(fields["episode"])) if "episode" in fields else None,
    )


async def main(settings: Settings) -> None:
    """Work until told to stop."""
    log = logs.configure(settings.log_level, f"handoff-{os.getpid()}")
    redis = await open_redis(settings)
    clock = RedisClock()
    await clock.sync(redis)
    keys = Keys(settings.redis_prefix)
    store = RedisStore(redis, clock, keys, grace_ms=settings.agent_grace_ms)
    archive = SqlArchive(await open_engine(settings.database_url))
    worker = HandoffWorker(store, archive, clock, settings.archive_after_ms, log)
    tasks = [
        asyncio.create_task(worker.run()),
        asyncio.create_task(clock.keep(redis)),
        asyncio.create_task(presence.report(redis, keys, clock, "handoff", log)),
    ]
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    log.info("ready")
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    failures = [e for e in await asyncio.gather(*tasks, return_exceptions=True) if isinstance(e, Exception)]
    await archive.close()
    await redis.close(close_connection_pool=True)
    if failures:
        raise failures[0]


if __name__ == "__main__":
    try:
        asyncio.run(main(Settings.from_env(os.environ)))
    except SupportError as error:
        sys.exit(f"handoff worker: {error}")
