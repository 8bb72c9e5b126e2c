"""A WebSocket client that never gives up: it connects again, and repeats each command until it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Optional

from websockets.client import connect
from websockets.exceptions import WebSocketException

from handoff.chaos.ledger import Ledger

ANSWER_WITHIN_S = 3.0  # the answer is taken for lost then, and the connection with it
REPEATED = 0.2  # the share of commands that are sent again with the same id
_AGAIN = ("unavailable", "rate_limited")


@dataclass
class World:
    """What all clients share."""

    gateways: list[str]  # host:port
    ledger: Ledger
    random: Random
    calm: bool = False  # nothing new is begun any more

    async def pause(self, least_s: float, most_s: float) -> None:
        """Do nothing for a while."""
        await asyncio.sleep(self.random.uniform(least_s, most_s))


class Client:
    """A player or an agent: a connection that is kept up, and what this person does."""

    path = ""

    def __init__(self, id: str, world: World) -> None:
        self.id = id
        self.world = world
        self.away = False  # has closed the page
        self.connected = asyncio.Event()  # and greeted
        self._socket: Any = None
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = count(1)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Connect and begin to act."""
        self._tasks = [asyncio.create_task(self._stay_connected()), asyncio.create_task(self._act())]

    async def stop(self) -> None:
        """Leave for good. Raises what made the client fail."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for failure in ended:
            if isinstance(failure, Exception):
                raise failure

    def drop(self) -> None:
        """Cut the connection, if there is one."""
        self.connected.clear()
        if self._socket is not None and self._socket.transport is not None:
            self._socket.transport.abort()

    @property
    def busy(self) -> bool:
        """Whether a command is not answered yet."""
        return bool(self._asked)

    async def command(self, type: str, **fields: Any) -> dict[str, Any]:
        """Send a command until it is answered; the answer, an `ack` or an `error`."""
        frame = {"v": 1, "type": type, "id": f"{self.id}-{next(self._numbers)}", **fields}
        answer = await self._answer(frame)
        self.world.ledger.answered(self.id, frame, answer)
        if answer["type"] == "ack" and self.world.random.random() < REPEATED:
            self.world.ledger.answered_again(self.id, frame, answer, await self._answer(frame))
        return answer

    async def _answer(self, frame: dict[str, Any]) -> dict[str, Any]:
        while True:
            answer = await self._ask(frame)
            if answer is None:
                self.world.ledger.resent += 1
            elif answer["type"] == "error" and answer["code"] in _AGAIN:
                await asyncio.sleep(answer["data"]["retry_after_ms"] / 1000)
            else:
                return answer

    async def _ask(self, frame: dict[str, Any]) -> Optional[dict[str, Any]]:
        await self.connected.wait()
        asked = self._asked[frame["id"]] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(json.dumps(frame))
            return await asyncio.wait_for(asked, ANSWER_WITHIN_S)
        except (WebSocketException, OSError, asyncio.TimeoutError):
            self.drop()
            return None
        finally:
            self._asked.pop(frame["id"], None)

    async def tell(self, type: str, **fields: Any) -> None:
        """Send a frame that is not answered; it is lost where there is no connection."""
        with contextlib.suppress(WebSocketException, OSError):
            await self._socket.send(json.dumps({"v": 1, "type": type, **fields}))

    async def _stay_connected(self) -> None:
        while True:
            if not self.away:
                await self._one_connection()
            self.connected.clear()
            await self.world.pause(0.1, 0.6)

    async def _one_connection(self) -> None:
        address = f"ws://{self.world.random.choice(self.world.gateways)}{self.path}"
        try:
            async with connect(
                address, compression=None, extra_headers=self.headers(), open_timeout=3, ping_interval=3, ping_timeout=3,
                close_timeout=0.5,
            ) as self._socket:  # fmt: skip
                self.world.ledger.connections += 1
                await self._socket.send(json.dumps(self.hello()))
                async for raw in self._socket:
                    await self._receive(str(raw))
        except (WebSocketException, OSError, asyncio.TimeoutError):
            return

    async def _receive(self, raw: str) -> None:
        frame = json.loads(raw)
        self.check(raw)
        if frame["type"] in ("ack", "error") and frame.get("id") in self._asked:
            asked = self._asked[frame["id"]]
            if not asked.done():
                asked.set_result(frame)
            return
        await self.received(frame)
        if frame["type"] == "welcome":
            self.connected.set()

    async def _act(self) -> None:
        while True:
            await self.connected.wait()
            await self.act()

    def headers(self) -> dict[str, str]:
        """Of the request that opens the socket."""
        return {}

    def hello(self) -> dict[str, Any]:
        """The first frame."""
        return {"v": 1, "type": "hello"}

    def check(self, raw: str) -> None:
        """Look at a frame as it came."""

    async def received(self, frame: dict[str, Any]) -> None:
        """Take in a frame that answers nothing."""

    async def act(self) -> None:
        """Do the next thing."""
