"""Agents' profiles, on the twin, on SQLite and on PostgreSQL, and the command that changes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from common.errors import UnknownGroup
from handoff.accounts import Accounts, main
from handoff.engine import Profile
from handoff.migrations import migrate
from handoff.profiles import BadProfile, MemoryProfileStore, Profiles
from handoff.protocol import Agent
from handoff.sql.accounts import SqlAccountStore, SqlProfileStore
from handoff.sql.engine import open_engine
from tests import scratch_postgres

PASSWORD = "correct horse"
GROUPS = ("general", "payment", "account")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def given(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Profiles, str]]:
    """Profiles, and the id of an account."""
    if request.param == "memory":
        yield Profiles(MemoryProfileStore(), GROUPS), "a1"
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
        account = await Accounts(SqlAccountStore(engine)).create("xiaoyun", "小云", "agent", PASSWORD)
        yield Profiles(SqlProfileStore(engine), GROUPS), account.id
        await engine.dispose()


async def test_an_account_for_which_nothing_was_set_knows_the_general_group(given: tuple[Profiles, str]) -> None:
    profiles, agent = given
    profile = await profiles.get(agent)
    assert (profile.skills, profile.languages, profile.players) == ({"general": 3}, ("zh",), ())


async def test_each_part_is_replaced_by_itself(given: tuple[Profiles, str]) -> None:
    profiles, agent = given
    await profiles.change(agent, skills={"payment": 4, "account": 1})
    await profiles.change(agent, languages=["zh", "en", "zh"])
    changed = await profiles.change(agent, players=["u1", "u2"])
    assert await profiles.get(agent) == changed
    assert changed.of(Agent(agent, "xiaoyun", "小云", "supervisor")) == Profile(
        "supervisor", {"payment": 4, "account": 1}, ("zh", "en"), ("u1", "u2")
    )
    await profiles.change(agent, skills={}, players=[])
    assert (await profiles.get(agent)).skills == {} and (await profiles.get(agent)).players == ()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"skills": {"cooking": 3}}, UnknownGroup, "account, general, payment, got 'cooking'"),
        ({"skills": {"payment": 0}}, BadProfile, "1 to 5 in payment, got 0"),
        ({"skills": {"payment": 6}}, BadProfile, "1 to 5 in payment, got 6"),
        ({"languages": []}, BadProfile, "got none"),
        ({"languages": ["Chinese"]}, BadProfile, "got Chinese"),
        ({"players": ["u 1"]}, BadProfile, "players' ids"),
        ({"players": ["u\x001"]}, BadProfile, "players' ids"),
        ({"players": ["u"] * 1001}, BadProfile, "1001"),
    ],
)
async def test_what_a_profile_cant_have_is_refused_and_nothing_is_stored(
    given: tuple[Profiles, str], change: dict[str, Any], error: type[Exception], said: str
) -> None:
    profiles, agent = given
    before = await profiles.get(agent)
    with pytest.raises(error, match=said):
        await profiles.change(agent, **change)
    assert await profiles.get(agent) == before


@pytest.fixture
def environ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    environ = {"DATABASE_URL": f"sqlite:///{tmp_path}/var/support.db"}
    assert main(["create", "--name", "xiaoyun", "--role", "agent", "--generate"], environ) == 0
    capsys.readouterr()
    return environ


def test_the_command_shows_and_changes_a_profile(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    profile = ["profile", "--name", "XiaoYun"]
    assert main(profile, environ) == 0
    assert capsys.readouterr().out == "skills general=3\nlanguages zh\nplayers -\n"
    change = ["--skill", "payment=4", "--skill", "crisis=2", "--language", "zh", "--language", "en", "--player", "u1"]
    assert main([*profile, *change], environ) == 0
    capsys.readouterr()
    assert main([*profile, "--player", ""], environ) == 0
    assert capsys.readouterr().out == "skills payment=4 crisis=2\nlanguages zh en\nplayers -\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "nobody"], "no account named 'nobody'"),
        (["--name", "xiaoyun", "--skill", "payment"], "expected a skill such as payment=4, got 'payment'"),
        (["--name", "xiaoyun", "--skill", "payment=five"], "expected a skill such as payment=4"),
        (["--name", "xiaoyun", "--skill", "cooking=3"], "got 'cooking'"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_sentence(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["profile", *arguments], environ) == 1
    error = capsys.readouterr().err
    assert error.startswith("accounts: ") and said in error and error.count("\n") == 1


def test_an_account_can_be_made_while_the_policy_is_broken(environ: dict[str, str], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("groups: 7\n", encoding="utf-8")
    environ["HANDOFF_POLICY"] = str(policy)
    assert main(["create", "--name", "azhe", "--role", "agent", "--generate"], environ) == 0
    assert main(["profile", "--name", "azhe"], environ) == 1
