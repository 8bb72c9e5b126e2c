"""A real gateway on a real socket, with a bot that is played by the test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import websockets
from redis.asyncio import Redis

from common.clock import SystemClock
from common.keys import Keys
from common.settings import Settings
from faq_index.library import Entry, Library
from gateway import tokens
from gateway.app import create_app
from handoff.accounts import Accounts
from handoff.migrations import migrate
from handoff.protocol import Player
from handoff.redis_store import RedisStore
from handoff.sql.accounts import SqlAccountStore
from handoff.sql.engine import open_engine

PASSWORD = "correct horse battery"
LIBRARY = Library(
    [
        Entry("pay_not_arrived.what_to_do", "pay_not_arrived", "扣款成功但灵玉没到账怎么办？", (), "请先刷新邮件。"),
        Entry("event_list.current", "event_list", "最近有哪些活动在开？", (), "请看活动页。"),
    ]
)


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

    def __init__(self, settings: Settings, port: int, store: RedisStore, accounts: Accounts) -> None:
        self.settings, self.port, self.store, self.accounts = settings, port, store, accounts
        self.base = f"http://127.0.0.1:{port}"
        self._open: list[Any] = []

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

    async def close(self) -> None:
        for opened in self._open:
            await opened.close()


@contextlib.asynccontextmanager
async def running(redis: Redis[str], redis_url: str, folder: Path) -> AsyncIterator[Stack]:
    """A gateway with two agents' accounts."""
    settings = replace(
        Settings.from_env({"SUPPORT_VAR": str(folder), "REDIS_URL": redis_url, "REDIS_PREFIX": "gw:"}),
        log_level="ERROR",
    )
    await migrate(settings.database_url)
    engine = await open_engine(settings.database_url)
    accounts = Accounts(SqlAccountStore(engine))
    for name, display in (("xiaoyun", "小云"), ("azhe", "阿哲")):
        await accounts.create(name, display, "agent", PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        create_app(settings, lambda: LIBRARY), port=port, ws="wsproto", ws_max_size=65536, log_level="error"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    stack = Stack(settings, port, RedisStore(redis, SystemClock(), Keys("gw:")), accounts)
    yield stack
    await stack.close()
    server.should_exit = True
    await serving
    await engine.dispose()


@pytest.fixture
async def stack(redis: Redis[str], redis_url: str, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running(redis, redis_url, tmp_path) as started:
        yield started
