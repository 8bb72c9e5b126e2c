"""`python -m handoff.accounts`, as an operator runs it."""

from __future__ import annotations

import asyncio
import getpass
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import BadCredentials
from handoff.accounts import Accounts, main
from handoff.protocol import Agent
from handoff.sql.accounts import SqlAccountStore
from handoff.sql.engine import open_engine

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/var/support.db"}


def log_in(environ: dict[str, str], name: str, password: str) -> Agent:
    async def verify() -> Agent:
        engine = await open_engine(environ["DATABASE_URL"])
        try:
            return await Accounts(SqlAccountStore(engine)).verify(name, password)
        finally:
            await engine.dispose()

    return asyncio.run(verify())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_first_admin_is_made_with_a_password_that_is_shown_once(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", "--name", "admin", "--role", "admin", "--generate"], environ) == 0
    password = capsys.readouterr().out.strip().rsplit(": ", 1)[1]
    agent = log_in(environ, "ADMIN", password)
    assert (agent.name, agent.display, agent.role) == ("admin", "admin", "admin")


def test_a_password_comes_from_standard_input(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\r\nmore\n"))
    arguments = ["create", "--name", "yun", "--role", "agent", "--display", "客服小云", "--password-stdin"]
    assert main(arguments, environ) == 0
    assert PASSWORD not in capsys.readouterr().out
    assert log_in(environ, "yun", PASSWORD).display == "客服小云"


def test_a_password_is_asked_for_twice(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [PASSWORD, "something else", PASSWORD, PASSWORD]
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: answers.pop(0))
    arguments = ["create", "--name", "yun", "--role", "agent"]
    assert main(arguments, environ) == 1
    assert capsys.readouterr().err == "accounts: the two passwords differ\n"
    assert main(arguments, environ) == 0
    assert log_in(environ, "yun", PASSWORD).name == "yun"


def test_without_a_terminal_it_says_what_to_do(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["create", "--name", "yun", "--role", "agent"], environ) == 1
    assert "use --password-stdin or --generate" in capsys.readouterr().err


def test_giving_up_at_the_prompt_changes_nothing(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", interrupt)
    assert main(["create", "--name", "yun", "--role", "agent"], environ) == 1
    assert "cancelled" in capsys.readouterr().err
    assert main(["list"], environ) == 0
    assert capsys.readouterr().out == ""


def test_the_life_of_an_account(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "--name", "yun", "--role", "supervisor", "--display", "小云", "--generate"], environ) == 0
    old = capsys.readouterr().out.strip().rsplit(": ", 1)[1]
    assert main(["passwd", "--name", "Yun", "--generate"], environ) == 0
    new = capsys.readouterr().out.strip().rsplit(": ", 1)[1]
    assert main(["deactivate", "--name", "yun"], environ) == 0
    assert main(["list"], environ) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "deactivated yun"
    assert second.split("\t")[:3] == ["yun", "supervisor", "shut"] and second.endswith("\t小云")
    with pytest.raises(BadCredentials):
        log_in(environ, "yun", new)
    assert main(["activate", "--name", "yun"], environ) == 0
    assert log_in(environ, "yun", new).role == "supervisor"
    with pytest.raises(BadCredentials):
        log_in(environ, "yun", old)


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["create", "--name", "yun", "--role", "agent", "--generate"], "there is already an account named yun"),
    (["create", "--name", "a b", "--role", "agent", "--generate"], "a name has 2 to 64"),
    (["create", "--name", "bob", "--role", "king", "--generate"], "a role is one of agent, supervisor, admin"),
    (["create", "--name", "bob", "--role", "agent", "--display", "", "--generate"], "a display name has"),
    (["create", "--name", "bob", "--role", "agent", "--password-stdin"], "a password has 10 to 256 characters"),
    (["passwd", "--name", "bob", "--generate"], "there is no account named 'bob'"),
    (["deactivate", "--name", "bob"], "there is no account named 'bob'"),
])  # fmt: skip
def test_an_error_is_a_sentence(
    environ: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    main(["create", "--name", "yun", "--role", "agent", "--generate"], environ)
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert main(arguments, environ) == 1
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(f"accounts: {sentence}") and shown.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["dance"], ["create"], ["create", "--name", "x", "--role"],
                                       ["passwd", "--name", "x", "--generate", "--password-stdin"]])  # fmt: skip
def test_a_wrong_use_is_a_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, {})
    assert ended.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("url", ["postgresql://u:s3cr3t@127.0.0.1:1/db", "support.db", "sqlite:////proc/no/x.db"])
def test_a_database_that_can_not_be_used_is_a_sentence(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error:::handoff", "-m", "handoff.accounts", "list"],
        cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("accounts: ") and "expected sqlite:///" in done.stderr
    assert "Traceback" not in done.stderr and "s3cr3t" not in done.stderr


def test_without_a_setting_the_database_lies_in_var(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "handoff.accounts", "create", "--name", "admin", "--role", "admin", "--generate",
         "--display", "客服小云"],
        cwd=tmp_path, env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var/support.db").exists()
