"""The trained model of the real content, loaded once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.logic.lean_imports import lean_imports
from common import logs
from common.settings import ROOT
from handoff.protocol import Entry


@pytest.fixture(scope="session")
def engine() -> Any:
    """Needs `make train` to have run; `make test` does."""
    logs.configure("WARNING", "test")
    from bot.release import load_release

    with lean_imports():
        from bot.engine import Engine

    return Engine(load_release(ROOT))


@dataclass
class Dialogue:
    """A conversation with the engine, as the worker has it: each turn starts from the committed tracker."""

    engine: Any
    tracker: str | None = None
    owner: str = "bot"
    n: int = 1
    turns: list[Any] = field(default_factory=list)

    async def say(self, text: str) -> Any:
        return await self.turn(Entry(n=self.n, at=0, sender="player", kind="text", text=text))

    async def pick(self, chip: str, text: str = "chip") -> Any:
        return await self.turn(Entry(n=self.n, at=0, sender="player", kind="pick", text=text, chip=chip))

    async def feedback(self, helpful: bool) -> Any:
        return await self.turn(Entry(n=self.n, at=0, sender="player", kind="feedback", entry=2, helpful=helpful))

    async def turn(self, entry: Entry) -> Any:
        output = await self.engine.run("dialogue", entry, self.tracker, self.owner)
        self.tracker = output.tracker
        self.n += 2
        self.turns.append(output)
        return output


@pytest.fixture
def dialogue(engine: Any) -> Dialogue:
    return Dialogue(engine)
