"""The handoff worker: offers what waits, runs the deadlines, gives orphaned conversations back, moves things to the archive.

Every step is a fenced script or an idempotent upsert, so a second worker may run beside it, and a killed one loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Optional

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import logs
from common.clock import Clock
from common.errors import StorageError, SupportError
from common.keys import Keys
from common.settings import Settings
from handoff import presence
from handoff.archive import Archive, ConversationRecord, OutboxEvent, RefusedEvent
from handoff.connect import RedisClock, open_redis
from handoff.pictures import PictureStore
from handoff.policy import DEFAULT, Policy
from handoff.policy_file import read_policy
from handoff.protocol import Player
from handoff.push import Push, WebhookPush
from handoff.redis_base import episode_of
from handoff.redis_store import RedisStore
from handoff.router import MOVED_ON, EngineStore, Router
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import open_engine
from handoff.sql.pictures import SqlPictureStore
from handoff.store import Command, View, status_entry

TICK_S = 1.0
_SETTLE_S = 0.05  # bells that ring together are answered together
_SWEEP_EVERY_MS = 3_600_000
_HOOK_LIFE_MS = 600_000  # a push that could not be delivered for so long is of no use


class HandoffWorker:
    """One pass of each duty; `run` repeats them."""

    def __init__(
        self,
        store: EngineStore,
        archive: Archive,
        clock: Clock,
        archive_after_ms: int,
        log: Any,
        *,
        policy: Policy = DEFAULT,
        push: Optional[Push] = None,
        pictures: Optional[PictureStore] = None,
    ) -> None:
        """`push`: delivers an event to the operator's push service; None drops them. `pictures`: those to be swept."""
        self._store = store
        self._archive = archive
        self._clock = clock
        self._archive_after_ms = archive_after_ms
        self._log = log
        self._push = push
        self._pictures = pictures
        self._sweep_at = 0
        self._bell = asyncio.Event()
        self.router = Router(store, policy, clock, log)

    def ring(self) -> None:
        """The queue or an agent has changed."""
        self.router.times.ring()
        self._bell.set()

    async def run(self) -> None:
        """All duties, for ever: the queue's at every change and once a second, the others' beside them.

        Lost agents have a loop of their own: a long pass of the router must not keep their players waiting.
        """
        await asyncio.gather(self._keep_queue(), self._keep_owners(), self._keep_archive())

    async def _keep_owners(self) -> None:
        while True:
            await self._do(self.requeue_orphans, self.end_wrap_ups)
            await asyncio.sleep(TICK_S)

    async def _keep_queue(self) -> None:
        while True:
            self._bell.clear()
            await self._do(self.router.run_once)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._bell.wait(), TICK_S)
            await asyncio.sleep(_SETTLE_S)

    async def _keep_archive(self) -> None:
        while True:
            await self._do(
                self.empty_outbox, self.archive_quiet, self.tell_players, self.push_hooks, self.sweep_pictures
            )
            await asyncio.sleep(TICK_S)

    async def _do(self, *duties: Callable[[], Awaitable[None]]) -> None:
        for duty in duties:
            try:
                await duty()
            except (RedisError, StorageError, OSError) as error:
                self._log.warning("duty put off", duty=duty.__name__, error=type(error).__name__)

    async def requeue_orphans(self) -> None:
        """Conversations whose agent is gone return to their old place."""
        for orphan in await self._store.orphans():
            try:
                await self._store.requeue(orphan)
                self._log.info("requeued", conversation=orphan.conversation)
            except MOVED_ON:
                continue

    async def end_wrap_ups(self) -> None:
        """Wrap-ups whose time is over free their slots."""
        for conversation in await self._store.overdue_wrap_ups():
            try:
                await self._store.expire_wrap_up(conversation)
            except MOVED_ON:
                continue

    async def sweep_pictures(self) -> None:
        """Pictures that nobody sent, and those of long ago, are deleted."""
        now = self._clock.now_ms()
        if self._pictures is not None and now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_EVERY_MS
            await self._pictures.sweep(now)

    async def tell_players(self) -> None:
        """What came of tickets goes into the players' conversations; the telling's id makes a repeat harmless."""
        for word in await self._archive.untold():
            player = Player(id=word.player, name=word.player)
            data = {"number": word.number, "state": word.state.value, "text": word.text}
            entry = status_entry(self._clock.now_ms(), "ticket_update", data)
            await self._store.tell(player, Command(word.id, word.id), entry)
            await self._archive.told(word.id, self._clock.now_ms())

    async def push_hooks(self) -> None:
        """Events go to the operator's push service; one that it does not take is tried again for ten minutes."""
        done = []
        for id, fields in await self._store.hooks():
            late = self._clock.now_ms() - int(fields["at"]) > _HOOK_LIFE_MS
            if self._push is None or late or await self._push(id, fields):
                done.append(id)
        await self._store.hooks_done(done)

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
    policy = read_policy(settings.policy)
    store = RedisStore(redis, clock, keys, grace_ms=settings.agent_grace_ms, policy=policy)
    engine = await open_engine(settings.database_url)
    archive = SqlArchive(engine, policy)
    push = WebhookPush(settings.push_url, settings.push_secret, log) if settings.push_url else None
    worker = HandoffWorker(
        store,
        archive,
        clock,
        settings.archive_after_ms,
        log,
        policy=policy,
        push=push,
        pictures=SqlPictureStore(engine),
    )
    tasks = [
        asyncio.create_task(worker.run()),
        asyncio.create_task(_listen(redis, keys, worker)),
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


async def _listen(redis: Redis[str], keys: Keys, worker: HandoffWorker) -> None:
    """Pass the queue's doorbell on to the worker, for ever; without it the tick still comes."""
    while True:
        try:
            async with redis.pubsub() as bells:
                await bells.subscribe(keys.bell("queue"))
                async for _ in bells.listen():
                    worker.ring()
        except (RedisError, OSError):
            await asyncio.sleep(TICK_S)


if __name__ == "__main__":
    try:
        asyncio.run(main(Settings.from_env(os.environ)))
    except SupportError as error:
        sys.exit(f"handoff worker: {error}")
