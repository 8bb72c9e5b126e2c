"""Serves the visits of an invented world with chips, as a gateway would, and notes what every method had offered.

What is logged, counted and learned comes from the chips of the model alone; a need is known whatever was shown, so that
every method is judged on the same visits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from common.clock import utc
from common.content import load_content
from common.traffic import load_traffic
from evals.replay_world import Visit, World
from faq_index.library import Library
from suggest.calendar import ZONE
from suggest.decay import MINUTE
from suggest.learning import train
from suggest.memory_store import MemorySuggestStore
from suggest.moment import LastTalk, Moment
from suggest.opening import CHIPS, Offer, Offered, Opening
from suggest.popularity import PRIOR_WORTH, day_one
from suggest.ranker import Weights
from suggest.suggest_file import load_rules

OURS, DAY_ONE = "ours, learned", "ours, nothing learned"
POPULAR, RECENT, CHANCE = "popularity, 7 d", "recency, 2 h", "chance"
METHODS = (OURS, DAY_ONE, POPULAR, RECENT, CHANCE)
_SEEDS = {"tuning": 11, "calibration": 23, "test": 47}
#: Of so many of the commonest a baseline shows those that fit.
_RANKED = 60

# How players behave. Looking at each place, tapping what they want, tapping what is near it, giving up.
_LOOKS = (0.97, 0.93, 0.88, 0.82, 0.75)
_TAPS, _TAPS_NEAR, _GIVES_UP = 0.9, 0.06, 0.1
#: How often the bot answers what was typed with the right entry, and how often a matter is settled.
_UNDERSTOOD, _SETTLED = 0.92, 0.7


@dataclass
class Seen:
    """What the methods offered to the visits of a stretch of time."""

    visits: list[Visit] = field(default_factory=list)
    #: Method -> the entries offered to each visit, best first.
    offered: dict[str, list[tuple[str, ...]]] = field(default_factory=lambda: {name: [] for name in METHODS})
    #: The card of each visit.
    cards: list[Offered | None] = field(default_factory=list)


class Replay:
    """A world, the model in it, and the baselines."""

    def __init__(self, root: Path, part: str) -> None:
        content = load_content(root)
        self.library = Library.compile(content.entries, content.facts)
        traffic = load_traffic(root, content.scenario_ids)
        entries = self.library.entries()
        self.world = World(root, entries, traffic, _SEEDS[part])
        self._draw = np.random.default_rng(_SEEDS[part] + 1)
        self._store = MemorySuggestStore()
        self._fresh = Opening(entries, load_rules(root), traffic)
        self._learned = self._opening = self._day_one = self._fresh
        self._counted = 0
        self._week: list[str] = []
        self._hours: list[str] = []
        prior = day_one([entry.scenario for entry in entries], traffic)
        self._prior = {entry.id: float(share) * PRIOR_WORTH for entry, share in zip(entries, prior)}
        self._ids = [entry.id for entry in entries]
        self._seed = 0

    async def run(self, visits: Iterable[Visit], fresh_ms: int = 5 * MINUTE) -> Seen:
        """Serve these visits in order, with counts no older than `fresh_ms`, and judge every method."""
        seen = Seen()
        for visit in visits:
            moment, offer = await self._offer(visit, fresh_ms)
            seen.visits.append(visit)
            seen.cards.append(offer.card)
            seen.offered[OURS].append(offer.shown)
            seen.offered[DAY_ONE].append(self._day_one.offer(moment).shown)
            for name, entries in self._baselines(visit.person.platform, visit.at).items():
                seen.offered[name].append(entries)
            await self._behave(visit, offer)
        return seen

    async def live(self, visits: Iterable[Visit]) -> None:
        """Serve these visits, to be learned from."""
        for visit in visits:
            _, offer = await self._offer(visit, 30 * MINUTE)
            await self._behave(visit, offer)

    async def learn(self) -> Weights:
        """Train on everything logged so far."""
        weights = train(await self._store.impressions())
        self._learned = self._fresh.with_weights(weights)
        self._counted = 0
        return weights

    async def _refresh(self, now: int) -> None:
        counts = await self._store.counts(now)
        self._day_one = self._fresh.with_counts(counts)
        self._opening = self._learned.with_counts(counts)
        week = {entry: prior + counts.week.get(entry, 0) for entry, prior in self._prior.items()}
        self._week = sorted(week, key=lambda entry: -week[entry])[:_RANKED]
        self._hours = sorted(counts.hours, key=lambda entry: -counts.hours[entry])[:_RANKED]
        self._counted = now

    async def _offer(self, visit: Visit, fresh_ms: int) -> tuple[Moment, Offer]:
        if not 0 <= visit.at - self._counted < fresh_ms:
            await self._refresh(visit.at)
        self._seed += 1
        person = visit.person
        moment = Moment(
            now=visit.at,
            page=visit.page,
            platform=person.platform,
            level=person.level,
            vip=person.vip,
            events=visit.events,
            last=await self._store.last_talk(person.id, visit.at),
            passed=await self._store.passed(person.id, visit.at),
        )
        return moment, self._opening.offer(moment, self._seed)

    def _baselines(self, platform: str, at: int) -> dict[str, tuple[str, ...]]:
        chance = [self._ids[int(row)] for row in self._draw.integers(0, len(self._ids), _RANKED)]
        ranked = {POPULAR: self._week, RECENT: self._hours, CHANCE: chance}
        return {name: self._first_fitting(entries, platform, at) for name, entries in ranked.items()}

    def _first_fitting(self, entries: Iterable[str], platform: str, at: int) -> tuple[str, ...]:
        today = utc(at).astimezone(ZONE).date()
        fitting = (entry for entry in entries if self.library.entry(entry).fits(platform, today))
        return tuple(islice(dict.fromkeys(fitting), CHIPS))

    async def _behave(self, visit: Visit, offer: Offer) -> None:
        """The player looks, taps or types or gives up; everything that a gateway would note is noted."""
        asked, is_picked = self._reaction(visit, offer.shown)
        player = visit.person.id
        await self._store.add_impression(self._opening.impression(offer, visit.at, asked, is_picked))
        await self._store.passed_over(player, [entry for entry in offer.shown if entry != asked], visit.at)
        if not asked:
            return
        await self._store.asked(asked, player, visit.at)
        await self._store.taken(player, asked)
        is_settled = asked == visit.need and bool(self._draw.random() < _SETTLED)
        if not is_settled:
            self.world.left_open(visit)
        scenario = self.library.entry(asked).scenario
        await self._store.talked(player, LastTalk(scenario, asked, visit.at, is_settled))

    def _reaction(self, visit: Visit, shown: Sequence[str]) -> tuple[str, bool]:
        """What is asked, "" for nothing, and whether by a tap."""
        for place, entry in enumerate(shown):
            if self._draw.random() >= _LOOKS[place]:
                continue
            if entry == visit.need and self._draw.random() < _TAPS:
                return entry, True
            is_near = self.library.entry(entry).scenario == self.library.entry(visit.need).scenario
            if entry != visit.need and is_near and self._draw.random() < _TAPS_NEAR:
                return entry, True
        if self._draw.random() < _GIVES_UP:
            return "", False
        if self._draw.random() < _UNDERSTOOD:
            return visit.need, False
        siblings = self.library.entries_of(self.library.entry(visit.need).scenario)
        return siblings[int(self._draw.integers(len(siblings)))].id, False
