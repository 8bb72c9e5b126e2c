"""`make run` refuses what would go wrong later, in a sentence."""

from __future__ import annotations

import socket
from configparser import RawConfigParser
from pathlib import Path

import pytest

from common.errors import SupportError
from common.settings import Settings
from deploy.supervise import _check_port, configuration, lock


def settings(folder: Path, **environ: str) -> Settings:
    return Settings.from_env({"SUPPORT_VAR": str(folder), **environ})


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SupportError, match=f"127.0.0.1:{port}"):
            _check_port(settings(tmp_path, PORT=str(port)))


def test_a_second_start_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    held = lock(settings(tmp_path))
    with pytest.raises(SupportError, match="already running"):
        lock(settings(tmp_path))
    held.close()
    lock(settings(tmp_path)).close()


def test_every_process_restarts_by_itself_and_redis_only_when_it_is_ours(tmp_path: Path) -> None:
    parsed = RawConfigParser()
    parsed.read_string(configuration(settings(tmp_path, BOT_WORKERS="3"), "python", "redis-server"))
    programs = [name for name in parsed.sections() if name.startswith("program:")]
    assert programs == ["program:redis", "program:gateway", "program:handoff", "program:bot"]
    assert all(parsed[name]["autorestart"] == "true" for name in programs)
    assert parsed["program:bot"]["numprocs"] == "3"
    assert parsed["program:bot"]["process_name"] == "bot-%(process_num)d"
    with_url = configuration(settings(tmp_path, REDIS_URL="redis://elsewhere"), "python", "redis-server")
    assert "program:redis" not in with_url
