"""Lock-out: guessing is slow, and nobody can lock out somebody else."""

from __future__ import annotations

import asyncio

import pytest

from common.clock import FakeClock
from common.errors import Locked, SettingsError
from handoff.lockout import Limits, Lockout, MemoryAttemptStore, network_of

SECRET = b"s" * 32
MINUTE = 60_000
HOME, EVIL = "203.0.113.7", "198.51.100.66"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lockout(clock: FakeClock) -> Lockout:
    return Lockout(MemoryAttemptStore(clock), SECRET, clock)


async def fail(lockout: Lockout, times: int, name: str = "yun", address: str = EVIL, cookie: str = "") -> None:
    for _ in range(times):
        await lockout.begin(name, address, cookie)


async def cookie_of(lockout: Lockout, name: str = "yun", address: str = HOME) -> str:
    return await lockout.succeeded(await lockout.begin(name, address))


async def locked(lockout: Lockout, name: str = "yun", address: str = EVIL, cookie: str = "") -> int:
    """Seconds until the next attempt, 0 when one is let through (and taken back)."""
    try:
        attempt = await lockout.begin(name, address, cookie)
    except Locked as refusal:
        return int(refusal.fields["retry_after_s"])
    await lockout.release(attempt)
    return 0


class TestGuessing:
    async def test_after_five_failures_the_sixth_is_refused_for_ten_minutes(
        self, lockout: Lockout, clock: FakeClock
    ) -> None:
        await fail(lockout, 4)
        clock.advance(5 * MINUTE)
        await fail(lockout, 1)
        assert await locked(lockout) == 600  # from the fifth failure on
        clock.advance(10 * MINUTE - 1)
        assert await locked(lockout) == 1
        clock.advance(1)
        assert await locked(lockout) == 0

    async def test_knocking_at_a_locked_door_does_not_lengthen_it(self, lockout: Lockout, clock: FakeClock) -> None:
        await fail(lockout, 5)
        for _ in range(9):
            clock.advance(MINUTE)
            assert await locked(lockout) > 0
        clock.advance(MINUTE)
        assert await locked(lockout) == 0

    async def test_failures_are_forgotten_after_ten_minutes(self, lockout: Lockout, clock: FakeClock) -> None:
        await fail(lockout, 4)
        clock.advance(10 * MINUTE)
        await fail(lockout, 4)
        assert await locked(lockout) == 0

    async def test_a_right_password_forgets_the_failures_before(self, lockout: Lockout) -> None:
        await fail(lockout, 4)
        await lockout.succeeded(await lockout.begin("yun", EVIL))
        await fail(lockout, 5)
        assert await locked(lockout) == 600

    async def test_the_fifth_attempt_may_be_the_right_one(self, lockout: Lockout) -> None:
        await fail(lockout, 4)
        assert await lockout.succeeded(await lockout.begin("yun", EVIL))
        assert await locked(lockout) == 0

    async def test_of_many_sent_at_once_five_are_checked(self, lockout: Lockout) -> None:
        found = await asyncio.gather(*(lockout.begin("yun", EVIL) for _ in range(100)), return_exceptions=True)
        assert sum(not isinstance(each, Locked) for each in found) == 5

    async def test_letter_case_gives_no_further_guesses(self, lockout: Lockout) -> None:
        for name in ("yun", "Yun", "YUN", "ｙｕｎ", "yUn"):
            await fail(lockout, 1, name)
        assert await locked(lockout, "yuN") == 600

    async def test_a_subscribers_many_ipv6_addresses_are_one(self, lockout: Lockout) -> None:
        for i in range(5):
            await fail(lockout, 1, address=f"2001:db8:1:2::{i}")
        assert await locked(lockout, address="2001:db8:1:2:ffff::1") == 600
        assert await locked(lockout, address="2001:db8:1:3::1") == 0

    async def test_an_attempt_that_was_not_checked_is_taken_back(self, lockout: Lockout) -> None:
        for _ in range(80):
            await lockout.release(await lockout.begin("yun", EVIL))
        await fail(lockout, 5)
        assert await locked(lockout) == 600

    async def test_one_address_can_not_try_one_password_on_all_accounts(self, lockout: Lockout) -> None:
        for i in range(50):
            await fail(lockout, 1, f"agent{i}")
        assert await locked(lockout, "agent50") == 600
        assert await locked(lockout, "agent50", HOME) == 0

    async def test_an_account_of_ones_own_does_not_wash_an_address_clean(self, lockout: Lockout) -> None:
        for i in range(49):
            await fail(lockout, 1, f"agent{i}")
            await lockout.succeeded(await lockout.begin("mallory", EVIL))
        await fail(lockout, 1, "agent49")
        assert await locked(lockout, "mallory") == 600

    async def test_a_locked_address_does_not_use_up_the_pairs_attempts(
        self, lockout: Lockout, clock: FakeClock
    ) -> None:
        for i in range(50):
            await fail(lockout, 1, f"agent{i}")
        clock.advance(9 * MINUTE)
        for _ in range(20):
            assert await locked(lockout) == 60
        clock.advance(MINUTE)
        await fail(lockout, 5)


class TestOthers:
    async def test_the_owner_at_another_address_is_not_locked(self, lockout: Lockout) -> None:
        await fail(lockout, 5)
        assert await locked(lockout) == 600
        assert await locked(lockout, address=HOME) == 0

    async def test_a_known_device_is_not_locked_even_at_the_guessers_address(self, lockout: Lockout) -> None:
        cookie = await cookie_of(lockout, address=EVIL)
        await fail(lockout, 5)
        for i in range(45):
            await fail(lockout, 1, f"agent{i}")
        assert await locked(lockout) == 600 and await locked(lockout, "someone") == 600
        assert await locked(lockout, cookie=cookie) == 0
        await lockout.succeeded(await lockout.begin("yun", EVIL, cookie))

    async def test_another_account_at_the_same_address_is_not_locked(self, lockout: Lockout) -> None:
        await fail(lockout, 5)
        assert await locked(lockout, "colleague") == 0

    async def test_failures_of_a_known_device_lock_that_device_alone(self, lockout: Lockout) -> None:
        stolen, own = await cookie_of(lockout), await cookie_of(lockout)
        await fail(lockout, 5, cookie=stolen)
        assert await locked(lockout, cookie=stolen) == 600
        assert await locked(lockout, address="192.0.2.1", cookie=stolen) == 600  # wherever it is
        assert await locked(lockout, cookie=own) == 0
        assert await locked(lockout) == 0


class TestCookies:
    async def test_one_is_good_for_its_account_only(self, lockout: Lockout) -> None:
        cookie = await cookie_of(lockout, "mallory")
        await fail(lockout, 5, cookie=cookie)
        assert await locked(lockout, cookie=cookie) == 600
        assert await locked(lockout, "mallory", cookie=cookie) == 0

    async def test_the_account_is_the_same_in_any_letter_case(self, lockout: Lockout) -> None:
        cookie = await cookie_of(lockout, "Yun")
        await fail(lockout, 5)
        assert await locked(lockout, "yUN", cookie=cookie) == 0

    async def test_a_made_up_changed_or_foreign_one_counts_as_none(self, lockout: Lockout, clock: FakeClock) -> None:
        good = await cookie_of(lockout)
        version, nonce, issued, signature = good.split(".")
        foreign = await cookie_of(Lockout(MemoryAttemptStore(clock), b"t" * 32, clock))
        await fail(lockout, 5)
        assert await locked(lockout, cookie=good) == 0
        for bad in (
            "x", "1...", "...", good + "0", good.upper(), " " + good, good + "\n", foreign, "\ud800", "1." * 1000,
            ".".join((version, "0" * 32, issued, signature)), ".".join((version, nonce, "1", signature)),
            ".".join((version, nonce, issued, "0" * 64)), ".".join(("2", nonce, issued, signature)),
        ):  # fmt: skip
            assert await locked(lockout, cookie=bad) == 600, bad

    async def test_one_too_old_counts_as_none(self, lockout: Lockout, clock: FakeClock) -> None:
        cookie = await cookie_of(lockout)
        clock.advance(Limits().cookie_ms)
        await fail(lockout, 5)
        assert await locked(lockout, cookie=cookie) == 0
        clock.advance(1)
        assert await locked(lockout, cookie=cookie) > 0

    async def test_each_log_in_gives_a_new_one(self, lockout: Lockout) -> None:
        first = await cookie_of(lockout)
        second = await lockout.succeeded(await lockout.begin("yun", HOME, first))
        assert first != second
        await fail(lockout, 5, cookie=first)
        assert await locked(lockout, cookie=second) == 0

    async def test_the_agents_of_one_desk_have_one_each(self, lockout: Lockout) -> None:
        names = {lockout.cookie_name(name) for name in ("yun", "Yun", "小云", "a b;=")}
        assert len(names) == 3
        assert all(name.replace("_", "").isalnum() and name.isascii() for name in names)

    async def test_one_reveals_no_name(self, lockout: Lockout) -> None:
        assert "yun" not in await cookie_of(lockout)

    def test_a_short_secret_is_refused(self, clock: FakeClock) -> None:
        with pytest.raises(SettingsError, match="at least 32 bytes, got 31"):
            Lockout(MemoryAttemptStore(clock), b"s" * 31, clock)


@pytest.mark.parametrize(("address", "network"), [
    ("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"), ("2001:db8::1", "2001:db8::/64"),
    ("fe80::1%eth0", "fe80::/64"), ("testclient", "testclient"), ("", ""),
])  # fmt: skip
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


class TestStore:
    """The contract of AttemptStore; the Redis adapter has to keep it too."""

    async def test_a_counter_keeps_the_time_it_was_given_first(self, clock: FakeClock) -> None:
        store = MemoryAttemptStore(clock)
        assert (await store.add("k", 1000)).expires_in_ms == 1000
        clock.advance(400)
        count = await store.add("k", 1000)
        assert (count.n, count.expires_in_ms) == (2, 600)
        clock.advance(600)
        assert (await store.add("k", 1000)).n == 1

    async def test_expire_moves_the_end_of_a_counter_that_is_there(self, clock: FakeClock) -> None:
        store = MemoryAttemptStore(clock)
        await store.expire("k", 5000)
        await store.add("k", 1000)
        await store.expire("k", 5000)
        clock.advance(4999)
        assert (await store.add("k", 1000)).n == 2

    async def test_subtract_makes_no_counter_and_keeps_its_time(self, clock: FakeClock) -> None:
        store = MemoryAttemptStore(clock)
        await store.subtract("k")
        await store.add("k", 1000)
        await store.add("k", 1000)
        clock.advance(100)
        await store.subtract("k")
        count = await store.add("k", 1000)
        assert (count.n, count.expires_in_ms) == (2, 900)

    async def test_delete_forgets(self, clock: FakeClock) -> None:
        store = MemoryAttemptStore(clock)
        await store.add("k", 1000)
        await store.delete("k")
        assert (await store.add("k", 1000)).n == 1
