"""What both kinds of sockets do alike: check the Origin, read frames, answer refusals, send in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from common.errors import BadFrame, BadText, BadToken, StorageError, SupportError
from gateway.context import Context
from handoff import protocol

HELLO_WITHIN_S = 10
LOOK_ANYWAY_S = 15.0  # in case a bell was missed


class Close(int, Enum):
    """Close codes of our own and the standard ones we use."""

    TOO_LARGE = 1009  # sent by the server library for a frame above 64 KiB
    RESTART = 1012  # the gateway stops; connect again
    BAD_TOKEN = 4401  # token or log-in is not valid (any more)
    FORBIDDEN = 4403  # the page's origin may not open this socket
    NO_HELLO = 4408  # no `hello` within ten seconds


class Closed(Exception):
    """The socket is to be closed with `code`."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


def origin_allowed(socket: HTTPConnection, allowed: tuple[str, ...]) -> bool:
    """Whether the page that opens the socket may: our own pages, the listed ones, and clients that are no browsers."""
    origin = socket.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == socket.headers.get("host") or origin in allowed


class Peer:
    """One socket with its frames; `bell` wakes the pushing side."""

    def __init__(self, socket: WebSocket, context: Context, decode: Callable[[Any], Any]) -> None:
        self._socket = socket
        self._context = context
        self._decode = decode
        self._sending = asyncio.Lock()
        self._bell = asyncio.Event()
        self._soon: set[asyncio.Future[None]] = set()  # keeps them from being collected before they are done

    async def send(self, frame: Any) -> None:
        """One frame out."""
        async with self._sending:
            if self._socket.application_state is WebSocketState.CONNECTED:
                await self._socket.send_text(protocol.encode(frame))

    async def receive(self) -> Any:
        """The next frame in. Raises BadFrame, or WebSocketDisconnect at the end."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text")
        if text is None:
            raise BadFrame("expected a text frame with JSON, got a binary one")
        return self._decode(text)

    async def hello(self) -> Any:
        """The first frame, which must be `hello` and come soon. Raises Closed otherwise."""
        try:
            frame = await asyncio.wait_for(self.receive(), HELLO_WITHIN_S)
        except asyncio.TimeoutError as error:
            raise Closed(Close.NO_HELLO) from error
        if not isinstance(frame, (protocol.PlayerHello, protocol.AgentHello)):
            raise BadFrame("expected hello as the first frame")
        return frame

    async def refuse(self, error: Exception, id: str = "") -> None:
        """Tell the client what was wrong with its frame."""
        if isinstance(error, SupportError) and not isinstance(error, StorageError):
            await self.send(protocol.Error(v=1, code=error.code, message=str(error), id=id, data=error.fields))
            return
        self._context.log.error("command failed", error=type(error).__name__)
        await self.send(
            protocol.Error(v=1, code="unavailable", message="storage is away; send it again", id=id,
                           data={"retry_after_ms": 1000})
        )  # fmt: skip

    def send_soon(self, frame: Any) -> None:
        """Send from a callback."""
        task = asyncio.ensure_future(self.send(frame))
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)

    def ring(self, _message: str = "") -> None:
        """Something may be new."""
        self._bell.set()

    async def rung(self) -> None:
        """Wait until something may be new."""
        # Not asyncio.wait_for: before Python 3.12 it can swallow a cancellation that comes together with the bell.
        anyway = asyncio.get_running_loop().call_later(LOOK_ANYWAY_S, self._bell.set)
        try:
            await self._bell.wait()
        finally:
            anyway.cancel()
        self._bell.clear()

    async def read_loop(self, handle: Callable[[Any], Any]) -> None:
        """Handle frames until the client goes; a bad frame is refused and the connection stays."""
        while True:
            id = ""
            try:
                frame = await self.receive()
                id = getattr(frame, "id", "")
                await handle(frame)
            except BadToken:
                raise
            except (SupportError, RedisError, OSError) as error:
                await self.refuse(error, id)

    async def run(self, *tasks: Any) -> None:
        """Run coroutines side by side until the first ends; its exception is raised."""
        running = [asyncio.ensure_future(task) for task in tasks]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            # Again and again: redis-py 4.6 swallows a cancellation that comes while it looks whether a connection is
            # clean, before each command (`can_read_destructive` waits with a time-out of 0).
            while pending := [task for task in running if not task.done()]:
                for task in pending:
                    task.cancel()
                await asyncio.wait(pending, timeout=0.2)
            await asyncio.gather(*running, return_exceptions=True)

    async def close(self, code: Close) -> None:
        """Close with a code."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.close(code.value)


def checked_text(text: str) -> str:
    """`text` without surrounding space. Raises BadText when nothing is left or it is too long."""
    text = text.strip()
    if not 1 <= len(text) <= protocol.MAX_TEXT:
        raise BadText(f"expected 1 to {protocol.MAX_TEXT} characters, got {len(text)}", length=len(text))
    return text
