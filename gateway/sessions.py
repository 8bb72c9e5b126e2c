"""Agents' log-ins: a random token in a cookie, its hash in Redis, the account looked up again so a closed one is out."""

from __future__ import annotations

import hashlib
import secrets
from typing import Optional

from redis.asyncio import Redis
from starlette.requests import HTTPConnection

from common.clock import Clock
from common.keys import Keys
from handoff.accounts import Accounts
from handoff.lockout import Count
from handoff.protocol import Agent

COOKIE = "desk_session"
LIFE_S = 12 * 3600


class Sessions:
    """Desk sessions in Redis. One that began before the account's password was last set is over."""

    def __init__(self, redis: Redis[str], keys: Keys, accounts: Accounts, clock: Clock) -> None:
        self._redis = redis
        self._keys = keys
        self._accounts = accounts
        self._clock = clock

    async def start(self, agent: Agent) -> str:
        """A new session; returns the cookie's value."""
        token = secrets.token_urlsafe(32)
        await self._redis.set(self._name(token), f"{self._clock.now_ms()} {agent.id}", ex=LIFE_S)
        return token

    async def end(self, connection: HTTPConnection) -> None:
        """Forget the session of a request."""
        token = connection.cookies.get(COOKIE)
        if token:
            await self._redis.delete(self._name(token))

    async def agent_of(self, connection: HTTPConnection) -> Optional[Agent]:
        """Who is logged in on a connection, None when nobody is."""
        token = connection.cookies.get(COOKIE)
        stored = await self._redis.get(self._name(token)) if token else None
        if not stored:
            return None
        began, _, id = stored.partition(" ")
        account = await self._accounts.get(id)
        if account is None or not account.active or account.password_at > int(began):
            return None
        return account.agent()

    def _name(self, token: str) -> str:
        return self._keys.name("session", hashlib.sha256(token.encode()).hexdigest())


class RedisAttempts:
    """The `AttemptStore` of `handoff.lockout` in Redis."""

    _ADD = "local n = redis.call('INCR', KEYS[1]); if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end; \
return {n, redis.call('PTTL', KEYS[1])}"
    _SUBTRACT = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"

    def __init__(self, redis: Redis[str], keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._add = redis.register_script(self._ADD)
        self._subtract = redis.register_script(self._SUBTRACT)

    async def add(self, key: str, expires_in_ms: int) -> Count:
        """See the port."""
        n, left = await self._add(keys=[self._keys.name("login", key)], args=[expires_in_ms])
        return Count(int(n), max(0, int(left)))

    async def expire(self, key: str, expires_in_ms: int) -> None:
        """See the port."""
        await self._redis.pexpire(self._keys.name("login", key), expires_in_ms)

    async def subtract(self, key: str) -> None:
        """See the port."""
        await self._subtract(keys=[self._keys.name("login", key)])

    async def delete(self, key: str) -> None:
        """See the port."""
        await self._redis.delete(self._keys.name("login", key))
