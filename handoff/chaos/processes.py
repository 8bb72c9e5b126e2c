"""Starts the product's processes, hurts them, and starts them again as a supervisor does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Optional

from common.settings import ROOT
from handoff.chaos.cuts import Link

RESTART_S = 0.2  # a supervisor needs about so long
START_S = 300.0  # a process that is not ready by then never will be
_POLL_S = 0.1
_PATIENCE_S = 1.0
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Kind(str, Enum):
    """What a process does."""

    REDIS = "redis"  # every live conversation
    GATEWAY = "gateway"  # the clients' sockets
    HANDOFF = "handoff"  # offers, timers, the archive
    BOT = "bot"  # the bot's turns


@dataclass
class Process:
    """One process of the product, whichever incarnation of it runs."""

    name: str
    kind: Kind
    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    port: int = 0  # of a gateway
    link: Optional[Link] = None  # between it and Redis
    ready: bool = False
    frozen: bool = False
    kills: int = 0
    freezes: int = 0
    own_exits: int = 0  # it ended though nobody killed it
    starts_s: list[float] = field(default_factory=list)  # from the start of each incarnation to its readiness
    _child: Optional[asyncio.subprocess.Process] = None
    _killed: bool = False
    _logged: int = 0  # where the present incarnation's log begins

    @property
    def healthy(self) -> bool:
        """Whether it can do its work now."""
        return self.ready and not self.frozen and not (self.link and self.link.cut)

    async def start(self) -> None:
        """Start an incarnation; it is not ready yet."""
        with self.log.open("ab") as log:
            self._logged = log.tell()
            self._child = await asyncio.create_subprocess_exec(
                *self.command, cwd=ROOT, env=dict(self.environ), stdout=log, stderr=log
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has just ended."""
        with contextlib.suppress(ProcessLookupError):
            if self._child is not None:
                self._child.send_signal(number)

    def kill(self) -> None:
        """End it at once, without a word to it."""
        self._killed = True
        self.signal(signal.SIGKILL)

    async def ended(self) -> bool:
        """Wait for its end; whether it was killed."""
        assert self._child is not None
        await self._child.wait()
        killed, self._killed = self._killed, False
        return killed

    async def answers(self) -> bool:
        """Whether the present incarnation works."""
        if self.kind is Kind.REDIS:
            return await _says(asyncio.open_unix_connection(self.command[-1]), b"PING\r\n", b"+PONG")
        if self.kind is Kind.GATEWAY:
            ask = b"GET /healthz HTTP/1.0\r\n\r\n"
            return await _says(asyncio.open_connection("127.0.0.1", self.port), ask, b"HTTP/")
        return b'"ready"' in self.new_log()

    def new_log(self) -> bytes:
        """What the present incarnation has logged."""
        with self.log.open("rb") as log:
            log.seek(self._logged)
            return log.read()


class Fleet:
    """All processes. Those that end are started again until `stop`."""

    def __init__(self, processes: Sequence[Process], changed: Callable[[], None]) -> None:
        """`changed`: called whenever a process may have become healthy or no longer is."""
        self.processes = processes
        self._changed = changed
        self._watchers: list[asyncio.Task[None]] = []

    def of(self, kind: Kind) -> list[Process]:
        """The processes of one kind."""
        return [process for process in self.processes if process.kind is kind]

    async def start(self) -> None:
        """Start all of them and wait until they are ready. Raises RuntimeError with the log of one that does not come up."""
        for process in self.processes:
            if process.link:
                await process.link.open()
            await process.start()
            self._watchers.append(asyncio.create_task(self._watch(process)))
        await self.recover(START_S)

    async def recover(self, within_s: float) -> None:
        """Wait until all are healthy. Raises RuntimeError with the log of one that does not become so."""
        deadline = time.monotonic() + within_s
        while late := [process for process in self.processes if not process.healthy]:
            if time.monotonic() > deadline:
                log = late[0].new_log().decode(errors="replace")[-2000:]
                raise RuntimeError(f"{late[0].name} did not come up within {within_s:.0f} s:\n{log}")
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """End all of them."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for process in reversed(self.processes):
            process.kill()
            await process.ended()
            if process.link:
                process.link.close()

    def kill(self, process: Process) -> None:
        """kill -9."""
        process.kills += 1
        process.ready = process.frozen = False
        process.kill()
        self._changed()

    async def freeze(self, process: Process, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while."""
        process.freezes += 1
        process.frozen = True
        process.signal(signal.SIGSTOP)
        self._changed()
        await asyncio.sleep(seconds)
        process.signal(signal.SIGCONT)
        process.frozen = False
        self._changed()

    async def sever(self, process: Process, seconds: float) -> None:
        """Keep it from Redis for a while."""
        assert process.link is not None
        process.link.sever()
        self._changed()
        await asyncio.sleep(seconds)
        process.link.mend()
        self._changed()

    async def _watch(self, process: Process) -> None:
        while True:
            started = time.monotonic()
            awaking = asyncio.create_task(self._note_ready(process, started))
            killed = await process.ended()
            awaking.cancel()
            process.ready = False
            process.own_exits += not killed
            self._changed()
            await asyncio.sleep(RESTART_S)
            await process.start()

    async def _note_ready(self, process: Process, started: float) -> None:
        while not await process.answers():
            await asyncio.sleep(_POLL_S)
        process.starts_s.append(time.monotonic() - started)
        process.ready = True
        self._changed()


def python(module: str) -> list[str]:
    """The command of one of our modules."""
    return [sys.executable, "-m", module]


async def _says(opening: Awaitable[_Streams], ask: bytes, answer: bytes) -> bool:
    """Whether a server gives this answer soon."""
    try:
        reader, writer = await asyncio.wait_for(opening, _PATIENCE_S)
    except (OSError, asyncio.TimeoutError):
        return False
    try:
        writer.write(ask)
        return (await asyncio.wait_for(reader.read(64), _PATIENCE_S)).startswith(answer)
    except (OSError, asyncio.TimeoutError):
        return False
    finally:
        writer.transport.abort()
