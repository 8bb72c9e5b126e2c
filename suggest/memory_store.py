"""The twin of the Redis adapter of suggest/store.py: for tests, simulations and `python -m evals suggest`."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from suggest.decay import HOURS, NOW, SEASON, WEEK, Decay
from suggest.moment import GameEvent, LastTalk, Passed
from suggest.ranker import Weights
from suggest.store import LIMITS, Counts, Impression, Limits

#: A decayed count below it is as good as none.
_WORTH = 1e-3


class DecayedCounts:
    """Names and their decayed counts, by landmark as an adapter keeps them."""

    def __init__(self, decay: Decay) -> None:
        self._decay = decay
        self._stored: dict[int, dict[str, float]] = {}

    def add(self, name: str, at: int) -> None:
        """One occurrence."""
        landmark = self._decay.landmark(at)
        stored = self._stored.setdefault(landmark, {})
        stored[name] = stored.get(name, 0.0) + self._decay.added(at)
        for old in [key for key in self._stored if key + self._decay.keep_ms < at]:
            del self._stored[old]

    def read(self, now: int) -> dict[str, float]:
        """The counts at `now`; those worth nothing are left out."""
        found: dict[str, float] = defaultdict(float)
        for landmark in self._decay.landmarks(now):
            for name, stored in self._stored.get(landmark, {}).items():
                found[name] += self._decay.read(stored, landmark, now)
        return {name: weight for name, weight in found.items() if weight >= _WORTH}

    def keep(self, now: int, most: int) -> None:
        """Once there are twice as many, forget all but the `most` that weigh most: so a new one has a while to grow."""
        found = self.read(now)
        if len(found) <= 2 * most:
            return
        kept = set(sorted(found, key=lambda name: -found[name])[:most])
        for landmark, stored in self._stored.items():
            self._stored[landmark] = {name: weight for name, weight in stored.items() if name in kept}


class MemorySuggestStore:
    """`suggest.store.SuggestStore` in memory."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._counts = {name: DecayedCounts(decay) for name, decay in (("now", NOW), ("hours", HOURS), ("week", WEEK))}
        self._asked: dict[tuple[str, str], int] = {}
        self._impressions: deque[Impression] = deque(maxlen=limits.impressions)
        self._next: dict[str, DecayedCounts] = defaultdict(lambda: DecayedCounts(SEASON))
        self._events: dict[str, deque[GameEvent]] = defaultdict(lambda: deque(maxlen=limits.events))
        self._passed: dict[str, dict[str, Passed]] = defaultdict(dict)
        self._talks: dict[str, LastTalk] = {}
        self._weights: Weights | None = None

    async def asked(self, faq_id: str, player: str, at: int) -> None:
        """See the port."""
        last = self._asked.get((player, faq_id))
        if last is not None and at - last < self._limits.same_player_ms:
            return
        self._asked[player, faq_id] = at
        for counts in self._counts.values():
            counts.add(faq_id, at)

    async def counts(self, now: int) -> Counts:
        """See the port."""
        return Counts(now, **{name: counts.read(now) for name, counts in self._counts.items()})

    async def add_impression(self, impression: Impression) -> None:
        """See the port."""
        self._impressions.append(impression)

    async def impression_count(self) -> int:
        """See the port."""
        return len(self._impressions)

    async def impressions(self) -> Sequence[Impression]:
        """See the port."""
        return list(self._impressions)

    async def went(self, before: str, after: str, at: int) -> None:
        """See the port."""
        self._next[before].add(after, at)
        self._next[before].keep(at, self._limits.transitions)

    async def transitions(self, before: str, now: int) -> Mapping[str, float]:
        """See the port."""
        return self._next[before].read(now) if before in self._next else {}

    async def push_event(self, player: str, event: GameEvent) -> None:
        """See the port."""
        self._events[player].appendleft(event)

    async def events(self, player: str, now: int) -> Sequence[GameEvent]:
        """See the port."""
        kept = (event for event in self._events.get(player, ()) if now - event.at < self._limits.events_ms)
        return sorted(kept, key=lambda event: -event.at)

    async def passed_over(self, player: str, faq_ids: Sequence[str], at: int) -> None:
        """See the port."""
        passed = self._passed[player]
        for faq_id in faq_ids:
            before = passed.pop(faq_id, Passed(0, at))
            passed[faq_id] = replace(before, times=before.times + 1, at=at)
        for faq_id in sorted(passed, key=lambda name: passed[name].at)[: -self._limits.passed]:
            del passed[faq_id]

    async def taken(self, player: str, faq_id: str) -> None:
        """See the port."""
        self._passed[player].pop(faq_id, None)

    async def passed(self, player: str, now: int) -> Mapping[str, Passed]:
        """See the port."""
        passed = self._passed.get(player, {})
        return {faq_id: how for faq_id, how in passed.items() if now - how.at < self._limits.passed_ms}

    async def talked(self, player: str, talk: LastTalk) -> None:
        """See the port."""
        self._talks[player] = talk

    async def last_talk(self, player: str, now: int) -> LastTalk | None:
        """See the port."""
        talk = self._talks.get(player)
        return talk if talk and now - talk.at < self._limits.talk_ms else None

    async def save_weights(self, weights: Weights) -> None:
        """See the port."""
        self._weights = weights

    async def weights(self) -> Weights | None:
        """See the port."""
        return self._weights
