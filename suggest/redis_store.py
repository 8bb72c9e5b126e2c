"""What suggestions remember, in Redis: the adapter of suggest/store.py that every gateway and worker shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import msgspec
from redis.asyncio import Redis

from common.keys import Keys
from suggest.decay import HOURS, NOW, SEASON, WEEK, Decay
from suggest.features import FEATURES, VERSION
from suggest.moment import GameEvent, LastTalk, Passed
from suggest.ranker import Weights
from suggest.store import LIMITS, Counts, Impression, Limits

_RATES = {"now": NOW, "hours": HOURS, "week": WEEK}
_WORTH = 1e-3  # a decayed count below it is as good as none

#: KEYS: the mark of this player and entry, then the counters. ARGV: the mark's life, then entry, and for each counter
#: what to add and its life. A repeat within the mark's life adds nothing.
_ASKED = """
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
for i = 2, #KEYS do
  redis.call('HINCRBYFLOAT', KEYS[i], ARGV[2], ARGV[2 * i - 1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2 * i])
end
return 1
"""

#: KEYS: the counter of what follows an entry. ARGV: what followed, what to add, the life, how many are kept.
_WENT = """
redis.call('HINCRBYFLOAT', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local most = tonumber(ARGV[4])
if redis.call('HLEN', KEYS[1]) <= 2 * most then return 1 end
local all, found = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do found[#found + 1] = {all[i], tonumber(all[i + 1])} end
table.sort(found, function(a, b) return a[2] > b[2] end)
for i = most + 1, #found do redis.call('HDEL', KEYS[1], found[i][1]) end
return 1
"""

#: KEYS: a player's passed chips. ARGV: when, the life, how many are kept, then the entries.
_PASSED = """
for i = 4, #ARGV do
  local times = tonumber(string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '0', '^%d+'))
  redis.call('HSET', KEYS[1], ARGV[i], (times + 1) .. ' ' .. ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local most = tonumber(ARGV[3])
if redis.call('HLEN', KEYS[1]) <= most then return 1 end
local all, found = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do found[#found + 1] = {all[i], tonumber(string.match(all[i + 1], ' (%d+)$'))} end
table.sort(found, function(a, b) return a[2] > b[2] end)
for i = most + 1, #found do redis.call('HDEL', KEYS[1], found[i][1]) end
return 1
"""


class RedisSuggestStore:
    """`suggest.store.SuggestStore` on Redis."""

    def __init__(self, redis: Redis[str], keys: Keys, limits: Limits = LIMITS) -> None:
        self._redis = redis
        self._keys = keys
        self._limits = limits
        self._asked = redis.register_script(_ASKED)
        self._went = redis.register_script(_WENT)
        self._passed = redis.register_script(_PASSED)

    def _name(self, *parts: str) -> str:
        return self._keys.name("s", *parts)

    # -- what is asked --

    async def asked(self, faq_id: str, player: str, at: int) -> None:
        """See the port."""
        keys = [self._name("same", player, faq_id)]
        args: list[Any] = [self._limits.same_player_ms, faq_id]
        for name, decay in _RATES.items():
            keys.append(self._name("asked", name, str(decay.landmark(at))))
            args += [decay.added(at), decay.keep_ms]
        await self._asked(keys=keys, args=args)

    async def counts(self, now: int) -> Counts:
        """See the port."""
        found = {name: await self._decayed(("asked", name), decay, now) for name, decay in _RATES.items()}
        return Counts(at=now, **found)

    async def _decayed(self, parts: tuple[str, ...], decay: Decay, now: int) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for landmark in decay.landmarks(now):
            stored = await self._redis.hgetall(self._name(*parts, str(landmark)))
            for entry, weight in stored.items():
                total[entry] += decay.read(float(weight), landmark, now)
        return {entry: weight for entry, weight in total.items() if weight > _WORTH}

    # -- what was shown --

    async def add_impression(self, impression: Impression) -> None:
        """See the port."""
        text = msgspec.json.encode(impression).decode()
        await self._redis.xadd(
            self._name("impressions"), {"i": text}, maxlen=self._limits.impressions, approximate=True
        )

    async def impression_count(self) -> int:
        """See the port."""
        return int(await self._redis.xlen(self._name("impressions")))

    async def impressions(self) -> Sequence[Impression]:
        """See the port; one that this version cannot read is left out."""
        entries = await self._redis.xrevrange(self._name("impressions"), count=self._limits.impressions)
        found = []
        for _id, fields in reversed(entries):
            try:
                found.append(msgspec.json.decode(fields["i"], type=Impression))
            except msgspec.DecodeError:
                continue
        return found

    # -- what follows what --

    async def went(self, before: str, after: str, at: int) -> None:
        """See the port."""
        await self._went(
            keys=[self._name("after", before, str(SEASON.landmark(at)))],
            args=[after, SEASON.added(at), SEASON.keep_ms, self._limits.transitions],
        )

    async def transitions(self, before: str, now: int) -> Mapping[str, float]:
        """See the port."""
        found = await self._decayed(("after", before), SEASON, now)
        best = sorted(found, key=lambda entry: (-found[entry], entry))[: self._limits.transitions]
        return {entry: found[entry] for entry in best}

    # -- a player --

    async def push_event(self, player: str, event: GameEvent) -> None:
        """See the port."""
        key = self._name("events", player)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(key, msgspec.json.encode(event).decode())
            pipe.ltrim(key, 0, self._limits.events - 1)
            pipe.pexpire(key, self._limits.events_ms)
            await pipe.execute()

    async def events(self, player: str, now: int) -> Sequence[GameEvent]:
        """See the port."""
        stored = await self._redis.lrange(self._name("events", player), 0, -1)
        events = [msgspec.json.decode(text, type=GameEvent) for text in stored]
        recent = [event for event in events if event.at > now - self._limits.events_ms]
        return sorted(recent, key=lambda event: -event.at)

    async def passed_over(self, player: str, faq_ids: Sequence[str], at: int) -> None:
        """See the port."""
        if faq_ids:
            await self._passed(
                keys=[self._name("passed", player)], args=[at, self._limits.passed_ms, self._limits.passed, *faq_ids]
            )

    async def taken(self, player: str, faq_id: str) -> None:
        """See the port."""
        await self._redis.hdel(self._name("passed", player), faq_id)

    async def passed(self, player: str, now: int) -> Mapping[str, Passed]:
        """See the port."""
        stored = await self._redis.hgetall(self._name("passed", player))
        found = {entry: Passed(*map(int, text.split())) for entry, text in stored.items()}
        return {entry: passed for entry, passed in found.items() if passed.at > now - self._limits.passed_ms}

    async def talked(self, player: str, talk: LastTalk) -> None:
        """See the port."""
        await self._redis.set(self._name("talk", player), msgspec.json.encode(talk).decode(), px=self._limits.talk_ms)

    async def last_talk(self, player: str, now: int) -> Optional[LastTalk]:
        """See the port."""
        text = await self._redis.get(self._name("talk", player))
        talk = msgspec.json.decode(text, type=LastTalk) if text else None
        return talk if talk is not None and talk.at > now - self._limits.talk_ms else None

    # -- what was learned --

    async def save_weights(self, weights: Weights) -> None:
        """See the port."""
        await self._redis.set(self._name("weights"), weights.dumps())

    async def weights(self) -> Optional[Weights]:
        """See the port."""
        text = await self._redis.get(self._name("weights"))
        try:
            weights = Weights.loads(text) if text else None
        except ValueError:
            return None
        return weights if weights is not None and _is_present(weights) else None


def _is_present(weights: Weights) -> bool:
    """Whether they were learned of the features that there are now."""
    return weights.version == VERSION and len(weights.means) == len(FEATURES)
