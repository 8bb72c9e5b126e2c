"""A real gateway on a real socket, with a bot that is played by the test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
import websockets
from redis.asyncio import Redis

from common.clock import SystemClock
from common.content import LEXICON
from common.keys import Keys
from common.settings import ROOT, Settings
from faq_index.library import Entry, Library
from faq_index.words import cut
from gateway import tokens
from gateway.app import create_app
from gateway.library import Content
from handoff.accounts import Accounts
from handoff.migrations import migrate
from handoff.policy_file import read_policy
from handoff.profiles import Profiles
from handoff.protocol import Player
from handoff.redis_store import RedisStore
from handoff.router import Router
from handoff.sql.accounts import SqlAccountStore, SqlProfileStore
from handoff.sql.engine import open_engine
from suggest.building import Sources, build_tables
from suggest.tables import COMPLETION_FILE

PASSWORD = "correct horse battery"
LIBRARY = Library(
    [
        Entry("pay_not_arrived.what_to_do", "pay_not_arrived", "扣款成功但灵玉没到账怎么办？", (), "请先刷新邮件。"),
        Entry("event_list.current", "event_list", "最近有哪些活动在开？", (), "请看活动页。"),
    ]
)


@lru_cache(maxsize=1)
def content() -> Content:
    """The content of every gateway under test."""
    path = Path(tempfile.mkdtemp()) / COMPLETION_FILE
    asked = {"pay_not_arrived.what_to_do": ["充了钱灵玉没到"]}
    build_tables(Sources(LIBRARY.entries(), asked, {}, ROOT / LEXICON, cut)).save(path)
    return Content("test", LIBRARY, ROOT, path)


class Client:
    """A client of the protocol that reads like one."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def send(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"v": 1, "type": type, **fields}))

    async def receive(self, type: str = "", within: float = 5.0) -> dict[str, Any]:
        """The next frame (of that type; others are passed over)."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            left = deadline - asyncio.get_running_loop().time()
            frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), left))
            if type in ("", frame["type"]):
                return frame

    async def nothing(self, type: str, within: float = 0.4) -> None:
        """Nothing of that type comes."""
        with pytest.raises(asyncio.TimeoutError):
            await self.receive(type, within)


class Stack:
    """The gateway under test and what a test needs around it."""

    def __init__(
        self, settings: Settings, port: int, store: RedisStore, accounts: Accounts, profiles: Profiles
    ) -> None:
        self.settings, self.port, self.store = settings, port, store
        self.accounts, self.profiles = accounts, profiles
        self.router = Router(store, store.policy, SystemClock(), structlog.get_logger())
        self.base = f"http://127.0.0.1:{port}"
        self._open: list[Any] = []
        self._http: list[httpx.AsyncClient] = []

    def token(self, player: str = "u1", vip: int = 0, **changes: Any) -> str:
        secret = changes.pop("secret", self.settings.player_token_secret)
        return tokens.issue(secret, Player(id=player, name=f"玩家{player}", vip=vip), SystemClock(), **changes)

    async def connect(self, path: str, **headers: str) -> Client:
        socket = await websockets.connect(
            f"ws://127.0.0.1:{self.port}{path}", extra_headers=headers, compression=None, ping_interval=None
        )
        self._open.append(socket)
        return Client(socket)

    async def player(self, player: str = "u1", last: int = 0, conversation: str = "", vip: int = 0) -> Client:
        client = await self.connect("/ws/player")
        await client.send("hello", token=self.token(player, vip), last=last, conversation=conversation)
        return client

    async def log_in(self, name: str = "xiaoyun") -> str:
        """The desk's cookie."""
        async with httpx.AsyncClient(base_url=self.base) as http:
            answer = await http.post("/api/desk/login", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            return f"desk_session={answer.cookies['desk_session']}"

    async def agent(self, name: str = "xiaoyun") -> Client:
        client = await self.connect("/ws/agent", cookie=await self.log_in(name))
        await client.send("hello")
        return client

    async def http(self, name: str = "xiaoyun") -> httpx.AsyncClient:
        """A client of the desk's HTTP routes, logged in."""
        client = httpx.AsyncClient(base_url=self.base, headers={"cookie": await self.log_in(name)})
        self._http.append(client)
        return client

    async def close(self) -> None:
        for client in self._http:
            await client.aclose()
        for opened in self._open:
            await opened.close()


@contextlib.asynccontextmanager
async def running(redis: Redis[str], redis_url: str, folder: Path, **more: str) -> AsyncIterator[Stack]:
    """A gateway with accounts of two agents and a supervisor; `more` are settings as the environment has them."""
    settings = replace(
        Settings.from_env({"SUPPORT_VAR": str(folder), "REDIS_URL": redis_url, "REDIS_PREFIX": "gw:", **more}),
        log_level="ERROR",
    )
    content()  # made before anybody waits for it
    await migrate(settings.database_url)
    engine = await open_engine(settings.database_url)
    accounts = Accounts(SqlAccountStore(engine))
    for name, display, role in (
        ("xiaoyun", "小云", "agent"),
        ("azhe", "阿哲", "agent"),
        ("lin", "林主管", "supervisor"),
    ):
        await accounts.create(name, display, role, PASSWORD)
    policy = read_policy(settings.policy)
    profiles = Profiles(SqlProfileStore(engine), policy.groups)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        create_app(settings, content), port=port, ws="wsproto", ws_max_size=65536, log_level="error"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    store = RedisStore(redis, SystemClock(), Keys("gw:"), policy=policy)
    stack = Stack(settings, port, store, accounts, profiles)
    yield stack
    await stack.close()
    server.should_exit = True
    await serving
    await engine.dispose()


@pytest.fixture
async def stack(redis: Redis[str], redis_url: str, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running(redis, redis_url, tmp_path) as started:
        yield started
