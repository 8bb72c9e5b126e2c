"""What a gateway suggests before the player has typed and while they type; no bot worker is asked.

What changes (counts, learned weights, the library) is read in the background and swapped in with one assignment.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any, Optional

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.clock import Clock
from common.errors import SupportError
from common.keys import Keys
from common.settings import ROOT
from gateway.library import Content
from handoff.protocol import Chip, Completion, Player
from suggest.calendar import ZONE
from suggest.completion import Around, Completer
from suggest.moment import Moment
from suggest.opening import Offer, Offered, Opening
from suggest.rules import Rules
from suggest.store import Counts, SuggestStore

FIRST_WAIT_S = 2.0  # a player who comes while the gateway starts waits so long for chips
REFRESH_S = 5.0  # an outage shows within a minute
LEARN_EVERY_S = 600
LEARN_FROM = 50  # impressions
_AWAY = (RedisError, OSError)


class Suggestions:
    """The suggestions of one gateway, and what they learn from."""

    def __init__(
        self,
        store: SuggestStore,
        content: Callable[[], Content],
        redis: Redis[str],
        keys: Keys,
        clock: Clock,
        log: Any,
        address: str,
    ) -> None:
        """`content` is asked again and again, so that a new release is seen; `address`: the URL of `redis`."""
        self._address = address
        self.store = store
        self._content_now = content
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._log = log
        self._random = Random()
        self._made: Optional[_Made] = None
        self._learned = ""
        self._fault = ""  # what was wrong at the last refresh
        self._loaded = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()

    # -- what is suggested --

    def complete(self, prefix: str, around: Around) -> list[Completion]:
        """Questions that go on from `prefix`, best first; empty until the library is loaded."""
        if self._made is None:
            return []
        found = self._made.completer.complete(prefix, around)
        return [Completion(id=f"faq:{one.faq_id}", text=one.text, spans=list(one.spans)) for one in found]

    async def offer(self, player: Player, page: str, language: str = "") -> Optional[Offer]:
        """Chips, and perhaps a card, for this player now; None when the library is not loaded within two seconds.

        What is known of the player is left out when storage is away: the chips are then those for anybody.
        """
        await self.loaded()
        if self._made is None:
            return None
        return self._made.opening.offer(await self._moment(player, page, language), self._random.getrandbits(32))

    async def loaded(self) -> None:
        """Wait for the library while the gateway starts, two seconds at most."""
        if self._made is None:
            loading = asyncio.ensure_future(self._loaded.wait())
            await asyncio.wait([loading], timeout=FIRST_WAIT_S)
            loading.cancel()

    async def _moment(self, player: Player, page: str, language: str) -> Moment:
        now = self._clock.now_ms()
        known: dict[str, Any] = {"page": page, "platform": player.platform, "vip": player.vip, "level": player.level}
        if language:
            known["language"] = language
        try:
            events = tuple(await self.store.events(player.id, now))
            talk = await self.store.last_talk(player.id, now)
            passed = await self.store.passed(player.id, now)
        except _AWAY as error:
            self._log.warning("player not known", error=type(error).__name__)
            return Moment(now, **known)
        return Moment(now, events=events, last=talk, passed=passed, **known)

    def impression(self, offer: Offer, asked: str, *, is_picked: bool) -> None:
        """An offer was seen; `asked` is what the player wanted after all, "" nothing."""
        if self._made is not None:
            seen = self._made.opening.impression(offer, self._clock.now_ms(), asked, is_picked)
            self.soon(self.store.add_impression(seen))

    def scenario_of(self, faq_id: str) -> str:
        """The scenario of an entry; "" for one that is not in the library."""
        library = self._made.content.library if self._made else None
        return library.entry(faq_id).scenario if library is not None and faq_id in library else ""

    def scenarios_of(self, page: str) -> frozenset[str]:
        """The scenarios that a page of the game is about; empty for one that is not in data/suggest.yml."""
        if self._made is None:
            return frozenset()
        rules = self._made.rules
        known = rules.pages.get(rules.page(page))
        return frozenset(map(self.scenario_of, known.entries)) - {""} if known else frozenset()

    def today(self) -> date:
        """The day, in the game's time."""
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, ZONE).date()

    def soon(self, work: Any) -> None:
        """Note something down without anybody waiting for it; these are statistics, and may get lost."""
        job = asyncio.ensure_future(self._quietly(work))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _quietly(self, work: Any) -> None:
        try:
            await work
        except _AWAY as error:
            self._log.warning("statistics lost", error=type(error).__name__)

    @property
    def event_kinds(self) -> Collection[str]:
        """The kinds of events of the game that mean something."""
        return self._made.rules.events.keys() if self._made else ()

    # -- in the background --

    async def run(self) -> None:
        """Keep up with the library, the counts and what was learned, for ever."""
        while True:
            try:
                await self.refresh()
                await self._learn_in_turn()
                self._fault = ""
            except (*_AWAY, SupportError) as error:
                self._complain(f"{type(error).__name__}: {error}")
            await asyncio.sleep(REFRESH_S)

    def _complain(self, fault: str) -> None:
        """Say once what is wrong; until it is mended, what was made before goes on."""
        if fault != self._fault:
            self._log.warning("suggestions not refreshed", why=fault)
        self._fault = fault

    async def refresh(self) -> None:
        """Look once at the library, the counts and what was learned."""
        content = await asyncio.to_thread(self._content_now)
        made = self._made
        if made is None or made.content.name != content.name:
            made = await asyncio.to_thread(_Made.first, content)
            self._learned = ""
        try:
            counts = await self.store.counts(self._clock.now_ms())
            weights = await self.store.weights()
        except _AWAY:
            self._use(made)  # without counts rather than not at all
            raise
        opening = made.opening.with_counts(counts)
        if weights is not None and (text := weights.dumps()) != self._learned:
            opening, self._learned = opening.with_weights(weights), text
        made = _Made(content, opening, made.completer.with_popularity(popularity(counts)), made.rules)
        self._use(made)

    def _use(self, made: _Made) -> None:
        self._made = made
        self._loaded.set()

    async def _learn_in_turn(self) -> None:
        """Train the ranker, in one gateway of all, now and then."""
        if await self.store.impression_count() < LEARN_FROM:
            return
        if not await self._redis.set(self._keys.name("s", "learning"), "1", nx=True, ex=LEARN_EVERY_S):
            return
        command = (sys.executable, "-m", "suggest.learn")
        where = {**os.environ, "REDIS_URL": self._address, "REDIS_PREFIX": self._keys.prefix}
        learning = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env=where, cwd=ROOT)
        said, _ = await learning.communicate()
        tell = self._log.warning if learning.returncode else self._log.info
        tell("chips learned", said=said.decode(errors="replace").strip()[-200:])


@dataclass(frozen=True)
class _Made:
    """All that suggestions are made from, swapped as one."""

    content: Content
    opening: Opening
    completer: Completer
    rules: Rules

    @classmethod
    def first(cls, content: Content) -> _Made:
        made = cls(content, content.opening(), content.completer(), content.rules())
        gc.collect()
        gc.freeze()  # a collection need not look at all of that: it would hold every player up
        return made


def popularity(counts: Counts) -> dict[str, float]:
    """How often each entry is asked, as completion ranks by it: these hours count beside the week."""
    return {
        entry: counts.week.get(entry, 0.0) + counts.hours.get(entry, 0.0) for entry in {*counts.week, *counts.hours}
    }


def chip_of(offered: Offered) -> Chip:
    """A question on offer as a frame carries it."""
    return Chip(id=f"faq:{offered.faq_id}", text=offered.text, why=offered.why, data=dict(offered.data))
