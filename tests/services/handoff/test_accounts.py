"""Accounts, on the twin, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from common.clock import FakeClock
from common.errors import BadCredentials
from handoff.accounts import (
    Account,
    Accounts,
    AccountStore,
    BadAccount,
    BadPassword,
    MemoryAccountStore,
    NameTaken,
    Role,
    UnknownAccount,
)
from handoff.migrations import migrate
from handoff.protocol import Agent
from handoff.sql.accounts import SqlAccountStore
from handoff.sql.engine import open_engine
from tests import scratch_postgres

PASSWORD = "correct horse 电池"


class CountingHasher(PasswordHasher):
    """argon2 made cheap, that tells what it was asked and where."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=64, parallelism=1)
        self.verified: list[str] = []
        self.threads: set[int] = set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.verified.append(str(hash).rsplit("$", 2)[0])
        self.threads.add(threading.get_ident())
        return super().verify(hash, password)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AccountStore]:
    if request.param == "memory":
        yield MemoryAccountStore()
        return
    async with AsyncExitStack() as stack:
        url = f"sqlite:///{tmp_path}/support.db"
        if request.param == "postgresql":
            try:
                scratch_postgres.start()
            except RuntimeError as error:
                pytest.skip(str(error))
            url = await stack.enter_async_context(scratch_postgres.database())
        await migrate(url)
        engine = await open_engine(url)
        yield SqlAccountStore(engine)
        await engine.dispose()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def accounts(store: AccountStore, clock: FakeClock, hasher: CountingHasher) -> Accounts:
    return Accounts(store, clock, hasher)


async def made(accounts: Accounts, name: str = "xiaoyun") -> Account:
    return await accounts.create(name, "客服小云", "agent", PASSWORD)


class TestCreating:
    async def test_an_account_can_be_read_and_logged_in_to(self, accounts: Accounts, clock: FakeClock) -> None:
        account = await made(accounts)
        now = clock.now_ms()
        assert account == Account(account.id, "xiaoyun", "客服小云", Role.AGENT, True, now, now)
        assert await accounts.get(account.id) == account
        assert await accounts.named("XiaoYun") == account
        agent = await accounts.verify("xiaoyun", PASSWORD)
        assert agent == account.agent() == Agent(account.id, "xiaoyun", "客服小云", "agent")

    @pytest.mark.parametrize("name", ["xiaoyun", "XIAOYUN", "ｘｉａｏｙｕｎ"])
    async def test_a_name_is_taken_in_any_letter_case(self, accounts: Accounts, name: str) -> None:
        account = await made(accounts)
        with pytest.raises(NameTaken, match=r"(?i)named xiaoyun"):
            await accounts.create(name, "别人", "admin", PASSWORD)
        assert await accounts.list() == [account]

    async def test_of_two_at_once_one_gets_the_name(self, accounts: Accounts) -> None:
        found = await asyncio.gather(*(made(accounts, name) for name in ("yun", "Yun", "YUN")), return_exceptions=True)
        assert sum(isinstance(each, Account) for each in found) == 1
        assert sum(isinstance(each, NameTaken) for each in found) == 2

    @pytest.mark.parametrize("name", ["", "a", "a" * 65, "a b", "a\x00b", "-ab", "a/b", "ab\n", "a\ud800", "'; --"])
    async def test_a_name_that_wont_do_is_refused(self, accounts: Accounts, name: str) -> None:
        with pytest.raises(BadAccount, match="a name has"):
            await made(accounts, name)
        with pytest.raises(BadCredentials):
            await accounts.verify(name, PASSWORD)
        with pytest.raises(UnknownAccount):
            await accounts.named(name)

    async def test_a_chinese_name_will_do(self, accounts: Accounts) -> None:
        await made(accounts, "小云")
        assert (await accounts.verify("小云", PASSWORD)).name == "小云"

    @pytest.mark.parametrize("display", ["", "  ", "x" * 41, "a\nb", "a\x00", "\ud800", "\u202eevil"])
    async def test_a_display_name_that_wont_do_is_refused(self, accounts: Accounts, display: str) -> None:
        with pytest.raises(BadAccount, match="a display name has"):
            await accounts.create("xiaoyun", display, "agent", PASSWORD)

    async def test_an_unknown_role_is_refused(self, accounts: Accounts) -> None:
        with pytest.raises(BadAccount, match="agent, supervisor, admin"):
            await accounts.create("xiaoyun", "小云", "root", PASSWORD)

    @pytest.mark.parametrize("password", ["", "123456789", "x" * 257])
    async def test_a_password_too_short_or_too_long_is_refused(self, accounts: Accounts, password: str) -> None:
        account = await made(accounts)
        for attempt in (accounts.create("other", "x", "agent", password), accounts.set_password(account.id, password)):
            with pytest.raises(BadPassword, match=rf"10 to 256 characters; this one has {len(password)}"):
                await attempt
        assert await accounts.list() == [account]

    async def test_all_are_listed_by_name(self, accounts: Accounts) -> None:
        for name in ("bob", "Alice", "云儿", "carol"):
            await made(accounts, name)
        assert [account.name for account in await accounts.list()] == ["Alice", "bob", "carol", "云儿"]


class TestVerifying:
    @pytest.mark.parametrize(
        "password", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "x" * 100_000, "\ud800", "a\x00"]
    )
    async def test_a_wrong_password_is_refused(self, accounts: Accounts, password: str) -> None:
        await made(accounts)
        with pytest.raises(BadCredentials, match="wrong name or password"):
            await accounts.verify("xiaoyun", password)

    async def test_the_same_keys_of_another_input_method_are_right(self, accounts: Accounts) -> None:
        await made(accounts)
        await accounts.verify("xiaoyun", "ｃｏｒｒｅｃｔ horse 电池")

    async def test_a_long_password_is_not_cut(self, accounts: Accounts) -> None:
        await accounts.create("long", "x", "agent", "x" * 256)
        await accounts.verify("long", "x" * 256)
        with pytest.raises(BadCredentials):
            await accounts.verify("long", "x" * 257)

    async def test_an_unknown_a_shut_and_a_known_name_take_the_same_work(
        self, accounts: Accounts, hasher: CountingHasher
    ) -> None:
        await made(accounts)
        await accounts.set_active((await made(accounts, "gone")).id, False)
        answers = []
        for name, password in (("xiaoyun", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD), ("\x00", "x" * 300)):
            with pytest.raises(BadCredentials) as refusal:
                await accounts.verify(name, password)
            answers.append((str(refusal.value), refusal.value.fields))
        assert len(set(hasher.verified)) == 1 and len(hasher.verified) == 4
        assert answers == [("wrong name or password", {})] * 4

    async def test_hashing_does_not_run_in_the_event_loops_thread(
        self, accounts: Accounts, hasher: CountingHasher
    ) -> None:
        await made(accounts)
        await accounts.verify("xiaoyun", PASSWORD)
        assert threading.get_ident() not in hasher.threads

    async def test_a_hash_of_old_parameters_is_renewed(
        self, accounts: Accounts, store: AccountStore, clock: FakeClock
    ) -> None:
        account = await made(accounts)
        clock.advance(1000)
        newer = Accounts(store, clock, CountingHasher(time_cost=2))
        with pytest.raises(BadCredentials):
            await newer.verify("xiaoyun", "wrong password")
        row = await store.find("xiaoyun")
        assert row is not None and "t=1" in row[1]
        await newer.verify("xiaoyun", PASSWORD)
        row = await store.find("xiaoyun")
        assert row is not None and "t=2" in row[1]
        assert row[0] == account  # renewing is no new password: sessions stay
        await newer.verify("xiaoyun", PASSWORD)

    async def test_renewing_never_undoes_a_new_password(self, accounts: Accounts, store: AccountStore) -> None:
        account = await made(accounts)
        row = await store.find("xiaoyun")
        assert row is not None
        await accounts.set_password(account.id, "another password")
        await store.rehash(account.id, row[1], "the hash of the old one")
        await accounts.verify("xiaoyun", "another password")

    async def test_a_hash_that_is_damaged_fits_nothing(self, accounts: Accounts, store: AccountStore) -> None:
        account = await made(accounts)
        await store.set_password(account.id, "not a hash", 0)
        with pytest.raises(BadCredentials):
            await accounts.verify("xiaoyun", PASSWORD)


class TestChanging:
    async def test_a_new_password_replaces_the_old_one(self, accounts: Accounts, clock: FakeClock) -> None:
        account = await made(accounts)
        clock.advance(60_000)
        await accounts.set_password(account.id, "another password")
        await accounts.verify("xiaoyun", "another password")
        with pytest.raises(BadCredentials):
            await accounts.verify("xiaoyun", PASSWORD)
        changed = await accounts.get(account.id)
        assert changed is not None and changed.password_at == account.password_at + 60_000

    async def test_a_shut_account_lets_nobody_in_until_it_is_opened(self, accounts: Accounts) -> None:
        account = await made(accounts)
        await accounts.set_active(account.id, False)
        with pytest.raises(BadCredentials):
            await accounts.verify("xiaoyun", PASSWORD)
        shut = await accounts.get(account.id)
        assert shut is not None and not shut.active
        await accounts.set_active(account.id, True)
        await accounts.verify("xiaoyun", PASSWORD)

    @pytest.mark.parametrize("id", ["", "nobody", "\x00", "\ud800"])
    async def test_an_unknown_id_is_an_error(self, accounts: Accounts, id: str) -> None:
        assert await accounts.get(id) is None
        with pytest.raises(UnknownAccount):
            await accounts.set_password(id, PASSWORD)
        with pytest.raises(UnknownAccount):
            await accounts.set_active(id, False)
