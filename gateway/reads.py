"""How far each side has read a conversation. A courtesy, not a record: losing it costs a "read" mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from redis.asyncio import Redis

from common.keys import Keys
from gateway.bells import Bells

Side = Literal["player", "agent"]
LIFE_S = 7 * 86400

_RAISE = """
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


@dataclass(frozen=True)
class ReadMarks:
    """The newest log number that each side has had in sight; 0: none."""

    player: int = 0
    agent: int = 0


class Reads:
    """Read marks in Redis, and the bell that says that one has moved."""

    def __init__(self, redis: Redis[str], keys: Keys, bells: Bells) -> None:
        self._redis = redis
        self._keys = keys
        self._bells = bells
        self._raise = redis.register_script(_RAISE)

    async def mark(self, conversation: str, side: Side, n: int) -> None:
        """`side` has read up to log number `n`; a lower number than before changes nothing."""
        if await self._raise(keys=[self._key(conversation)], args=[side, n, LIFE_S]):
            await self._bells.ring("read", conversation, message=f"{side} {n}")

    async def marks(self, conversation: str) -> ReadMarks:
        """How far both have read."""
        player, agent = await self._redis.hmget(self._key(conversation), "player", "agent")
        return ReadMarks(int(player or 0), int(agent or 0))

    def _key(self, conversation: str) -> str:
        return self._keys.name("c", conversation, "read")


def read_by(side: Side, message: str) -> int:
    """The number in a bell's message when it is about `side`; 0 otherwise."""
    who, _, n = message.partition(" ")
    return int(n) if who == side and n.isdigit() else 0
