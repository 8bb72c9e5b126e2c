"""The turn under way: what Rasa may read, what it stages, and what went wrong in it.

Rasa saves its tracker before the replies are out, and carries on after a failed action. Here the tracker store only stages
into the running turn, actions run in process, and every failure is recorded, so that the worker can commit all or nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Optional

from rasa.core.channels.channel import OutputChannel
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot import trackers


@dataclass
class RunningTurn:
    """One turn, from claim to commit."""

    base: Optional[str]  # the committed tracker (JSON)
    staged: Optional[DialogueStateTracker] = None
    failures: list[BaseException] = field(default_factory=list)


_running: ContextVar[RunningTurn] = ContextVar("running_turn")


def begin(base: Optional[str]) -> RunningTurn:
    """Start a turn in the current task."""
    turn = RunningTurn(base)
    _running.set(turn)
    return turn


class StagingTrackerStore(TrackerStore):
    """A tracker store that reads the committed tracker and keeps changes in the running turn."""

    def __init__(self, domain: Optional[Domain]) -> None:
        super().__init__(domain)

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        turn = _running.get()
        if turn.staged is not None:
            return turn.staged
        return trackers.load(turn.base, sender_id, self.domain) if turn.base else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        _running.get().staged = tracker

    async def keys(self) -> list[str]:
        return []


class InProcessActions(EndpointConfig):
    """Rasa's action endpoint without HTTP: the call goes straight to rasa-sdk's executor."""

    def __init__(self, executor: ActionExecutor) -> None:
        super().__init__(url="in-process", enable_selective_domain=True)
        self._executor = executor

    async def request(self, method: str = "post", *args: Any, **kwargs: Any) -> Any:
        return await self._executor.run(kwargs["json"])


class Collector(OutputChannel):
    """Keeps what the bot says, whole: text, buttons and custom together."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        return "support"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        self.messages.append(dict(message))


def recording(call: Callable[..., Awaitable[Any]], passes: tuple[type[BaseException], ...]) -> Callable[..., Any]:
    """`call`, with every exception noted in the running turn before Rasa swallows it; `passes` are part of normal work."""

    async def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return await call(*args, **kwargs)
        except passes:
            raise
        except Exception as error:
            _running.get().failures.append(error)
            raise

    return run


def note_failure(error: BaseException) -> None:
    """Record a failure of the running turn."""
    _running.get().failures.append(error)
