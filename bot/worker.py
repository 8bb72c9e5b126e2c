"""The bot worker: takes conversations with unanswered messages under a lease, runs turns, commits each exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Optional

import httpx
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.logic.lean_imports import lean_imports
from bot.release import load_release
from common import logs
from common.clock import Clock
from common.errors import LeaseLost, NotOwner, SupportError, UnknownConversation
from common.keys import Keys
from common.settings import ROOT, RewriteEndpoint, Settings
from handoff import presence
from handoff.connect import RedisClock, open_redis
from handoff.policy_file import read_policy
from handoff.protocol import Entry
from handoff.redis_store import RedisStore, renewal
from handoff.rewriting import rewrite
from handoff.store import ConversationStore, HandoffRequest, Turn, TurnResult
from handoff.summary import Earlier, Promise, history
from suggest.redis_store import RedisSuggestStore

POLL_S = 0.5  # in case a doorbell was missed
TURN_LIMIT_S = 30.0  # a turn that takes longer loses its lease
MAX_ATTEMPTS = 3  # a message that this many workers did not survive gets the apology
_DRAIN_S = 10.0
_RELEASE_POLL_S = 1.0


class LeaseKeeper:
    """Renews the leases of running turns from a thread of its own, since a parse blocks the event loop."""

    def __init__(self, renew: Callable[[Turn], None], lease_ms: int) -> None:
        """`renew` extends one lease, synchronously; called every third of a lease."""
        self._renew = renew
        self._period = lease_ms / 3000
        self._turns: dict[str, tuple[Turn, float]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    def add(self, turn: Turn) -> None:
        """Keep the lease of `turn` for at most `TURN_LIMIT_S`."""
        with self._lock:
            self._turns[turn.token] = (turn, time.monotonic() + TURN_LIMIT_S)

    def remove(self, turn: Turn) -> None:
        """The turn is over."""
        with self._lock:
            self._turns.pop(turn.token, None)

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._period):
            with self._lock:
                alive = [turn for turn, until in self._turns.values() if time.monotonic() < until]
            for turn in alive:
                try:
                    self._renew(turn)
                except (SupportError, RedisError, OSError):
                    continue  # the commit will tell


class Worker:
    """Serves up to `concurrency` conversations at once until it is stopped."""

    def __init__(
        self,
        store: ConversationStore,
        engine: Any,
        clock: Clock,
        keeper: LeaseKeeper,
        log: Any,
        *,
        lease_ms: int,
        concurrency: int,
        rewriting: Optional[RewriteEndpoint] = None,
    ) -> None:
        """`engine`: a `bot.engine.Engine` (importing it takes seconds, so it is not named here).

        `rewriting`: the language model that puts summaries into sentences; None leaves them as they are built.
        """
        self._rewriting = rewriting
        self._http = httpx.AsyncClient()
        self.engine = engine
        self._store = store
        self._clock = clock
        self._keeper = keeper
        self._log = log
        self._lease_ms = lease_ms
        self._free = asyncio.Semaphore(concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._bell = asyncio.Event()
        self._stopping = False

    def ring(self) -> None:
        """There may be work."""
        self._bell.set()

    def stop(self) -> None:
        """Take nothing new."""
        self._stopping = True
        self._bell.set()

    async def run(self) -> None:
        """Take turns until stopped, then wait for those under way."""
        while not self._stopping:
            await self._free.acquire()
            turn = await self._next()
            if turn is None:
                self._free.release()
                continue
            task = asyncio.create_task(self._serve(turn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_DRAIN_S)

    async def _next(self) -> Optional[Turn]:
        self._bell.clear()
        try:
            turn = await self._store.claim_turn(self._lease_ms)
        except (RedisError, OSError) as error:
            self._log.warning("redis is away", error=type(error).__name__)
            await asyncio.sleep(POLL_S)
            return None
        if turn is None and not self._stopping:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._bell.wait(), POLL_S)
        return turn

    async def _serve(self, turn: Turn) -> None:
        self._keeper.add(turn)
        started = time.perf_counter()
        try:
            await self._summarise(turn) if turn.entry is None else await self._answer(turn, turn.entry)
        except (LeaseLost, NotOwner, UnknownConversation) as refused:
            self._log.info("turn not committed", conversation=turn.view.id, why=refused.code)
        except Exception as error:  # the lease runs out and the turn is done again
            self._log.error("turn failed", conversation=turn.view.id, error=type(error).__name__, at=_where(error))
        finally:
            self._keeper.remove(turn)
            self._free.release()
            took = round((time.perf_counter() - started) * 1000, 1)
            self._log.info("turn", conversation=turn.view.id, ms=took, attempt=turn.attempts)

    async def _answer(self, turn: Turn, entry: Entry) -> None:
        try:
            if turn.attempts > MAX_ATTEMPTS:
                raise SupportError(f"given up after {turn.attempts - 1} attempts")
            tickets = await self._store.tickets_of(turn.view.player.id)
            output = await self.engine.run(turn.view.id, entry, turn.tracker, turn.view.owner.value, tickets)
        except SupportError as error:
            self._log.error("turn failed", conversation=turn.view.id, n=entry.n, causes=_causes(error))
            apology = Entry(
                n=0, at=self._clock.now_ms(), sender="bot", kind="answer", text=self.engine.apology(entry, turn.tracker)
            )
            await self._store.commit(turn, TurnResult([apology]))
            return
        reply = Entry(
            n=0,
            at=self._clock.now_ms(),
            sender="bot",
            kind="answer",
            text=output.text,
            chips=output.chips,
            faq_id=output.faq_id,
        )
        request: Optional[HandoffRequest] = output.request
        if request is not None:
            request = await self._completed(request, turn.view.id, {entry.n: output.understanding})
        await self._store.commit(turn, TurnResult([reply], output.tracker, output.understanding, request))

    async def _completed(
        self, request: HandoffRequest, conversation: str, latest: dict[int, dict[str, Any]]
    ) -> HandoffRequest:
        """An action's request with what the whole conversation says; `latest` is what this turn understood."""
        entries = await self._store.entries(conversation)
        understanding = {**await self._store.understanding(conversation), **latest}
        completed: HandoffRequest = self.engine.request(request, understanding, entries)
        return completed

    async def _summarise(self, turn: Turn) -> None:
        id, player = turn.view.id, turn.view.player
        episodes = await self._store.episodes(id)
        episode = next((e for e in episodes if e.id == turn.summary_due), None)
        if episode is None:
            return
        past = history(await self._store.earlier(player.id), episode.id)
        built = await self.engine.summary(id, await self._record(turn, past=past), episode)
        told = await rewrite(built, self._rewriting, self._http, (player.name, player.id))
        await self._store.set_summary(turn, told or built)

    async def _record(
        self,
        turn: Turn,
        past: tuple[Sequence[Earlier], Sequence[Promise]] = ((), ()),
    ) -> Any:
        """The conversation so far."""
        from bot.engine import Record

        id = turn.view.id
        return Record(await self._store.entries(id), await self._store.understanding(id), *past)


def _causes(error: SupportError) -> list[str]:
    return [type(cause).__name__ for cause in getattr(error, "causes", [])] or [str(error)]


def _where(error: BaseException) -> str:
    """File and line, without the message: it might quote a player."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


async def main(settings: Settings) -> None:
    """Load, warm up, serve; reload when a new release appears; drain on SIGTERM."""
    log = logs.configure(settings.log_level, f"bot-{os.getpid()}")
    with lean_imports():
        from bot.engine import Engine

    engine = Engine(load_release(ROOT))
    await warm_up(engine)
    redis = await open_redis(settings)
    clock = RedisClock()
    await clock.sync(redis)
    keys = Keys(settings.redis_prefix)
    store = RedisStore(
        redis,
        clock,
        keys,
        grace_ms=settings.agent_grace_ms,
        per_second=settings.messages_per_second,
        policy=read_policy(settings.policy),
    )
    counted = RedisSuggestStore(redis, keys)
    engine.asked_next = lambda entry: counted.transitions(entry, clock.now_ms())
    keeper = LeaseKeeper(_renewer(settings, clock, keys), settings.lease_ms)
    worker = Worker(
        store,
        engine,
        clock,
        keeper,
        log,
        lease_ms=settings.lease_ms,
        concurrency=settings.bot_concurrency,
        rewriting=settings.summary_rewrite,
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stop)
    background = [
        asyncio.create_task(clock.keep(redis)),
        asyncio.create_task(_listen(redis, keys, worker)),
        asyncio.create_task(_reload(worker, log)),
        asyncio.create_task(presence.report(redis, keys, clock, "bot", log)),
    ]
    log.info("ready", release=engine.release.folder.name)
    await worker.run()
    for task in background:
        task.cancel()
    keeper.stop()
    await redis.close(close_connection_pool=True)
    log.info("stopped")


async def warm_up(engine: Any) -> None:
    """A few turns that touch every part (lazily built caches, the FAQ index) before the first player waits for them."""
    tracker = None
    for n, text in enumerate(engine.samples(), start=1):
        entry = Entry(n=n, at=0, sender="player", kind="text", text=text)
        tracker = (await engine.run("warm-up", entry, tracker, "bot")).tracker


def _renewer(settings: Settings, clock: Clock, keys: Keys) -> Callable[[Turn], None]:
    """A synchronous lease renewal for the keeper's thread, on a connection of its own."""

    client = SyncRedis.from_url(settings.redis_address, decode_responses=True)
    return renewal(client, clock, keys, settings.lease_ms)


async def _listen(redis: Redis[str], keys: Keys, worker: Worker) -> None:
    while True:
        try:
            async with redis.pubsub() as pubsub:
                await pubsub.subscribe(keys.bell("ready"))
                async for _ in pubsub.listen():
                    worker.ring()
        except (RedisError, OSError):
            await asyncio.sleep(POLL_S)


async def _reload(worker: Worker, log: Any) -> None:
    """Swap the engine when `models/current` names another release; one that does not load leaves the old one in place."""
    from bot.engine import Engine

    refused = ""
    while True:
        await asyncio.sleep(_RELEASE_POLL_S)
        try:
            release = load_release(ROOT)
        except SupportError:
            continue
        if release.folder.name in (worker.engine.release.folder.name, refused):
            continue
        try:
            engine = await asyncio.to_thread(Engine, release)
            await warm_up(engine)
            engine.asked_next = worker.engine.asked_next
        except Exception as error:
            refused = release.folder.name
            log.error("release refused", release=release.folder.name, error=type(error).__name__)
            continue
        worker.engine = engine
        log.info("release loaded", release=release.folder.name)


if __name__ == "__main__":
    try:
        asyncio.run(main(Settings.from_env(os.environ)))
    except SupportError as error:
        sys.exit(f"bot worker: {error}")
