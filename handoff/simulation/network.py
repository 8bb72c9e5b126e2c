"""The networks between the store and those who call it: the servers' wire, and the lines of players and agents, which fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from common.errors import RateLimited, SupportError
from handoff.engine import Waiting
from handoff.simulation.faults import Fault, Injected
from handoff.simulation.kernel import Kernel, sleep
from handoff.simulation.oracle import Broken
from handoff.simulation.service import Service
from handoff.simulation.tally import Tally
from handoff.store import Command, Stored

RETRY_MS = 3_000  # a client sends again what was not acknowledged
RECONNECT_MS = 500  # a client without a connection looks again so often
LATE_MS = (50, 5_000)  # a frame that arrives twice arrives so late the second time
_LINE_MS = (15, 90)
_WIRE_MS = (0.3, 2.0)

Call = Callable[[Command], Awaitable[Stored]]


class Wire:
    """The store as a server has it: between any two calls others are served, and the server may be killed or frozen."""

    def __init__(self, service: Service, tally: Tally, rng: Random) -> None:
        self.policy = service.policy
        self._service = service
        self._tally = tally
        self._rng = rng
        self._snapshot: list[Waiting] = []
        self._tried: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._service, name)

        async def over(*arguments: Any) -> Any:
            await self._pause()
            return await call(*arguments)

        setattr(self, name, over)  # looked up once
        return over

    async def waiting(self, limit: int) -> list[Waiting]:
        """What a router bases its plan on; its order is checked against this."""
        await self._pause()
        self._snapshot, self._tried = await self._service.waiting(limit), set()
        return self._snapshot

    async def offer_many(self, offers: Sequence[tuple[Waiting, str]]) -> list[bool]:
        """Offers of that plan; nothing comes between them, as in Redis, and each is checked by itself."""
        await self._pause()
        return [await self._offer(waiting, agent) for waiting, agent in offers]

    async def _offer(self, waiting: Waiting, agent: str) -> bool:
        for other, younger_ms in self._service.oracle.check_order(self._snapshot, self._tried, waiting):
            self._tally.overtaken(other, younger_ms)
        self._tried.add(waiting.conversation)
        try:
            await self._service.offer(waiting, agent)
        except SupportError:
            return False
        return True

    async def _pause(self) -> None:
        await sleep(self._rng.uniform(*_WIRE_MS))


class Line:
    """A client's connection. A command is repeated with its id until it is answered, as docs/PROTOCOL.md asks of clients."""

    def __init__(self, sender: str, kernel: Kernel, service: Service, injected: Injected, rng: Random) -> None:
        self.up = True
        self.sender = sender
        self._kernel = kernel
        self._oracle = service.oracle
        self._injected = injected
        self._rng = rng
        self._sent = 0

    async def send(self, call: Call, text: str = "") -> Stored:
        """The answer to the command. `text`: it is a message, which must be in the log once this returns.

        Raises:
            SupportError: it was refused.
        """
        self._sent += 1
        command, begun = Command(f"{self.sender}-{self._sent}", f"mac {self._sent}"), self._oracle.answers
        first = None
        while True:
            await self._travel()
            if self._injected.strikes(Fault.REQUEST_LOST, self._injected.faults.lost):
                await sleep(RETRY_MS)
                continue
            try:
                stored = await self._repeat(call, command, first) if first else await call(command)
            except RateLimited as error:
                await sleep(error.fields["retry_after_ms"])
                continue
            if self._injected.strikes(Fault.DUPLICATED, self._injected.faults.duplicated):
                self._kernel.spawn(self._repeat(call, command, stored), "duplicate", self._rng.uniform(*LATE_MS))
            if self._injected.strikes(Fault.ACK_LOST, self._injected.faults.lost):
                first = stored
                await sleep(RETRY_MS)
                continue
            await self._travel()
            if text:
                self._oracle.acknowledge(self.sender, command.id, stored, text, begun)
            return stored

    async def _travel(self) -> None:
        await sleep(self._rng.uniform(*_LINE_MS))
        while not self.up:
            await sleep(RECONNECT_MS)

    async def _repeat(self, call: Call, command: Command, first: Stored) -> Stored:
        try:
            again = await call(command)
        except SupportError as error:
            raise Broken("a repeated command gives the stored answer", f"{first}, then {error!r}") from error
        self._oracle.check_repeat(first, again)
        return again
