"""Puts every call of the store through the oracle, as one numbered step."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from common.clock import iso
from common.errors import StaleEpoch, SupportError
from handoff.memory_store import MemoryStore
from handoff.simulation.faults import Fault, Injected
from handoff.simulation.kernel import Kernel, Signal
from handoff.simulation.oracle import Broken, Oracle
from handoff.simulation.tally import Tally

JOURNAL = 30  # steps that are shown when something breaks
_SHOWN = 400  # characters of a step

# Calls that change nothing, or only when somebody was last seen.
_READS = frozenset(
    ("view", "entries", "notes", "understanding", "episodes", "conversation_of", "queue", "position", "agents_online",
     "presence_of", "conversations_of_agent", "orphans", "overdue_wrap_ups", "quiet", "outbox", "outbox_done", "profile",
     "agents", "waiting", "offers_of", "overdue_offers", "hooks", "hooks_done", "due", "alerts", "handled", "waits", "beat",
     "agent_now", "views")
)  # fmt: skip
# Calls that give an agent something, and which argument names the agent.
_CLAIMS = {"accept": 0, "take": 0, "offer": 1, "transfer": 4, "invite": 4, "take_over": 0}
# Calls after which a router has nothing new to do.
_QUIET = frozenset(("say", "append", "note", "whisper", "told", "rate", "set_summary", "forget", "open", "player_here"))
_WORK = frozenset(("append", "request", "commit", "requeue"))  # calls after which a bot may have something to do

_POLLS = frozenset(("claim_turn", "player_here", "told"))  # no step worth showing when they give nothing


class Step(NamedTuple):
    """A call, as the journal keeps it."""

    number: int
    at: float  # milliseconds after the start
    clock: int  # what the store's clock said, UTC milliseconds
    call: str
    arguments: tuple[Any, ...]
    result: Any

    def __str__(self) -> str:
        said = f"{self.call}{self.arguments} -> {self.result!r}"
        return f"step {self.number} at {self.at / 1000:.3f} s ({iso(self.clock)}): {said[:_SHOWN]}"


class Service:
    """The store as everybody has it."""

    def __init__(self, store: MemoryStore, oracle: Oracle, kernel: Kernel, tally: Tally, injected: Injected) -> None:
        self.store = store
        self.policy = store.policy
        self.oracle = oracle
        self.steps = 0
        self.journal: deque[Step] = deque(maxlen=JOURNAL)
        self.changed: list[Signal] = []  # rung when a router may have something to do
        self.worked: list[Signal] = []  # rung when a bot may have
        self.desks: dict[str, Signal] = {}  # agent -> rung when they may have an offer
        self._kernel = kernel
        self._tally = tally
        self._injected = injected

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.store, name)
        found = call if name in _READS else self._step(name, call)
        setattr(self, name, found)  # looked up once
        return found

    def _step(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        index = _CLAIMS.get(name)

        async def step(*arguments: Any) -> Any:
            loads = self.oracle.loads([arguments[index]]) if index is not None else {}
            self.oracle.touched.ids.clear()
            try:
                result = await call(*arguments)
            except SupportError as error:
                self._refused(name, arguments, error)
                raise
            except Exception as error:
                self._write(name, arguments, error)
                raise Broken("a command fails by a typed error or not at all", f"{name}: {error!r}") from error
            self._write(name, arguments, result)
            self._look(name, arguments, result, loads)
            return result

        return step

    def _write(self, name: str, arguments: tuple[Any, ...], result: Any) -> None:
        if result is None and name in _POLLS:
            return
        self.steps += 1
        self.journal.append(Step(self.steps, self._kernel.now, self._kernel.clock.now_ms(), name, arguments, result))

    def _refused(self, name: str, arguments: tuple[Any, ...], error: SupportError) -> None:
        self._write(name, arguments, error)
        self.oracle.check_touched()
        if isinstance(error, StaleEpoch):
            self._injected.counts[Fault.STALE_EPOCH] += 1

    def _look(self, name: str, arguments: tuple[Any, ...], result: Any, loads: dict[str, int]) -> None:
        self.oracle.check_touched()
        if loads:
            self.oracle.check_claim(loads)
            for agent in loads:
                self.desks[agent].ring()
        if name == "say":
            self.oracle.check_write(arguments[0], arguments[3], arguments[4], result)
        if name == "fire" and result:
            self._tally.fired(arguments[0].kind, self.oracle.check_fired(arguments[0]))
        if name not in _QUIET:
            for signal in self.changed:
                signal.ring()
        if name in _WORK:
            for signal in self.worked:
                signal.ring()
