"""Slows down the guessing of passwords without giving anyone a way to lock out somebody else.

The protocol is OWASP's "device cookie":
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies

Whoever has logged in before carries a signed cookie for that account, and failures with it count for that cookie alone.
Failures without one count for the pair of account and address, where OWASP counts for the account: so the owner gets in
from elsewhere even without a cookie, and a guesser with many addresses gets `attempts` from each of them. An address
also has a limit over all accounts, higher since an office shares one.

An attempt is counted before the password is checked and taken back when it was right: otherwise a thousand sent at once
would all be checked before the first failure counts.

    attempt = await lockout.begin(name, address, cookie)     # raises Locked
    try:
        agent = await accounts.verify(name, password)
    except BadCredentials:
        raise                                                # stays counted
    except BaseException:
        await lockout.release(attempt)                       # the fault was ours
        raise
    cookie = await lockout.succeeded(attempt)                # set it under lockout.cookie_name(name)
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass
from typing import Protocol

from common.clock import Clock
from common.errors import Locked, SettingsError
from handoff.accounts import name_key

MIN_SECRET = 32

_COOKIE = re.compile(r"1\.([0-9a-f]{32})\.([0-9]{1,15})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class Limits:
    """How much guessing is let through."""

    attempts: int = 5  # per device, and per account and address, in a window; then locked
    address_attempts: int = 50  # per address over all accounts, from devices that are not known
    window_ms: int = 600_000
    lock_ms: int = 600_000
    cookie_ms: int = 180 * 24 * 3600 * 1000  # how long a device is remembered


@dataclass(frozen=True)
class Count:
    """A counter after it was raised."""

    n: int
    expires_in_ms: int


class AttemptStore(Protocol):
    """Counters that disappear by themselves. Every method is atomic."""

    async def add(self, key: str, expires_in_ms: int) -> Count:
        """Raise a counter by one; a new one disappears after `expires_in_ms` (INCR; PEXPIRE if it is 1; PTTL)."""

    async def expire(self, key: str, expires_in_ms: int) -> None:
        """Let a counter disappear `expires_in_ms` from now (PEXPIRE)."""

    async def subtract(self, key: str) -> None:
        """Lower a counter by one if it is there; its time stays (DECR if EXISTS)."""

    async def delete(self, key: str) -> None:
        """Drop a counter (DEL)."""


class MemoryAttemptStore:
    """The twin in memory, for tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counters: dict[str, tuple[int, int]] = {}  # key -> count, end

    async def add(self, key: str, expires_in_ms: int) -> Count:
        """See the port."""
        now = self._clock.now_ms()
        n, end = self._live(key) or (0, now + expires_in_ms)
        self._counters[key] = (n + 1, end)
        return Count(n + 1, end - now)

    async def expire(self, key: str, expires_in_ms: int) -> None:
        """See the port."""
        if counter := self._live(key):
            self._counters[key] = (counter[0], self._clock.now_ms() + expires_in_ms)

    async def subtract(self, key: str) -> None:
        """See the port."""
        if counter := self._live(key):
            self._counters[key] = (counter[0] - 1, counter[1])

    async def delete(self, key: str) -> None:
        """See the port."""
        self._counters.pop(key, None)

    def _live(self, key: str) -> tuple[int, int] | None:
        counter = self._counters.get(key)
        return counter if counter and counter[1] > self._clock.now_ms() else None


@dataclass(frozen=True)
class Attempt:
    """A log-in under way, counted already."""

    account: str  # name_key
    own: str  # the counter of the device, or of the account at that address
    address: str  # the counter of the address; "" for a known device


class Lockout:
    """Decides whether a log-in may be tried. `secret` signs the device cookies; at least MIN_SECRET bytes."""

    def __init__(self, store: AttemptStore, secret: bytes, clock: Clock, limits: Limits = Limits()) -> None:
        if len(secret) < MIN_SECRET:
            raise SettingsError(f"the secret for device cookies needs at least {MIN_SECRET} bytes, got {len(secret)}")
        self._store = store
        self._secret = secret
        self._clock = clock
        self._limits = limits

    async def begin(self, name: str, address: str, cookie: str = "") -> Attempt:
        """Count an attempt to log in as `name` from `address`, before its password is checked.

        A cookie that is malformed, foreign, of another account or too old counts as none.

        Raises:
            Locked: this device, or this account at this address, or this address, has failed too often.
        """
        account = name_key(name)
        if device := self._device(account, cookie):
            attempt = Attempt(account, own=_key("device", device), address="")
        else:
            place = network_of(address)
            attempt = Attempt(account, own=_key("pair", account, place), address=_key("address", place))
        await self._count(attempt.own, self._limits.attempts)
        if attempt.address:
            try:
                await self._count(attempt.address, self._limits.address_attempts)
            except Locked:
                await self._store.subtract(attempt.own)
                raise
        return attempt

    async def succeeded(self, attempt: Attempt) -> str:
        """The password was right: forget this client's failures. Returns the cookie that makes its device known.

        An address keeps its other failures: an account of one's own must not be a way to wash it clean.
        """
        await self._store.delete(attempt.own)
        if attempt.address:
            await self._store.subtract(attempt.address)
        return self._issue(attempt.account)

    async def release(self, attempt: Attempt) -> None:
        """The password was not checked: take the attempt back."""
        await self._store.subtract(attempt.own)
        if attempt.address:
            await self._store.subtract(attempt.address)

    def cookie_name(self, name: str) -> str:
        """Under which name to set an account's cookie: one each, since several agents share a desk."""
        return "device_" + _digest(name_key(name))[:16]

    async def _count(self, key: str, limit: int) -> None:
        count = await self._store.add(key, self._limits.window_ms)
        if count.n == limit:  # the last one that may be tried: if it fails too, the lock runs from now
            await self._store.expire(key, self._limits.lock_ms)
        elif count.n > limit:
            seconds = max(1, -(-count.expires_in_ms // 1000))
            raise Locked(f"too many failed log-ins; try again in {seconds} s", retry_after_s=seconds)

    def _issue(self, account: str) -> str:
        nonce, issued = secrets.token_hex(16), str(self._clock.now_ms())
        return f"1.{nonce}.{issued}.{self._sign(account, nonce, issued)}"

    def _device(self, account: str, cookie: str) -> str:
        """The nonce of a cookie that is good for `account`, "" otherwise."""
        match = _COOKIE.fullmatch(cookie)
        if not match:
            return ""
        nonce, issued, signature = match.groups()
        age = self._clock.now_ms() - int(issued)
        good = hmac.compare_digest(signature, self._sign(account, nonce, issued))
        return nonce if good and age <= self._limits.cookie_ms else ""

    def _sign(self, account: str, nonce: str, issued: str) -> str:
        # The account comes last: it is the only part that may hold any character.
        message = f"device-cookie.1.{nonce}.{issued}.{account}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 subscriber has for themselves."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _key(kind: str, *parts: str) -> str:
    return f"{kind}:{_digest(*parts)}"


def _digest(*parts: str) -> str:
    joined = "\0".join(part.replace("\0", "") for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:32]
