"""Players as chaos needs them: they write, ask for a person, leave and come back, cancel, rate, and check what they get."""

from __future__ import annotations

from typing import Any

from handoff.chaos.clients import Client, World
from handoff.chaos.ledger import INTERNAL
from handoff.policy import RATING

_WORDS = (
    "my parcel of jade is missing",
    "the raid closed on me",
    "how do I bind the account",
    "the shop shows nothing",
)
_OWNER_AFTER = {
    "queued": "queue", "requeued": "queue", "accepted": "agent", "transferred": "agent", "taken_over": "agent",
    "cancelled": "bot", "ticket": "bot", "missed_turn": "bot", "closed": "bot", "returned": "bot", "idle_closed": "bot",
}  # fmt: skip


class Player(Client):
    """One player with one conversation at a time."""

    path = "/ws/player"

    def __init__(self, id: str, token: str, world: World) -> None:
        super().__init__(id, world)
        self._token = token
        self._conversation = ""
        self._last = 0
        self._owner = "bot"
        self._to_rate = ""

    def hello(self) -> dict[str, Any]:
        return {**super().hello(), "token": self._token, "conversation": self._conversation, "last": self._last}

    def check(self, raw: str) -> None:
        if INTERNAL in raw:
            self.world.ledger.leaked(self.id, raw)

    async def received(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            if frame["reset"]:
                self._last = 0
            elif frame["conversation"] != self._conversation:
                self.world.ledger.faults.append(f"{self.id} was moved to another conversation without a reset: {frame}")
            self._conversation, self._owner = frame["conversation"], frame["owner"]
            self._to_rate = frame.get("rate", "")
        elif frame["type"] == "entry":
            entry = frame["entry"]
            self.world.ledger.shown(self.id, frame["conversation"], entry, self._last + 1)
            self._last = entry["n"]
            self._note_change(entry)
        elif frame["type"] == "note":
            self.world.ledger.leaked(self.id, str(frame))

    def _note_change(self, entry: dict[str, Any]) -> None:
        event = entry.get("event", "")
        self._owner = _OWNER_AFTER.get(event, self._owner)
        if event in ("closed", "returned", "idle_closed"):
            self._to_rate = entry["data"]["episode"]

    async def act(self) -> None:
        await self.world.pause(0.3, 1.8)
        if self.world.calm:
            return
        if self._to_rate and self.world.random.random() < 0.6:
            await self._rate()
        elif self._owner == "bot":
            await self._talk_to_the_bot()
        elif self._owner == "queue":
            await self._wait()
        elif self.world.random.random() < 0.6:
            await self._write()

    async def _talk_to_the_bot(self) -> None:
        roll = self.world.random.random()
        if roll < 0.5:
            await self._write()
        elif roll < 0.92:
            await self.command("human")
        else:
            await self.world.pause(6, 10)  # meanwhile the conversation is archived

    async def _write(self) -> None:
        word = self.world.random.choice(_WORDS)
        await self.command("send", text=f"{word}, {self.id}")

    async def _wait(self) -> None:
        roll = self.world.random.random()
        if roll < 0.03:
            await self.command("cancel_human")
        elif roll < 0.05:
            await self.command("ticket", text="please write to me instead")
        elif roll < 0.09:
            await self.command("keep")
            await self._close_the_game()
        elif roll < 0.4:
            await self._write()

    async def _close_the_game(self) -> None:
        self.away = True
        self.drop()
        await self.world.pause(2, 20)
        self.away = False

    async def _rate(self) -> None:
        stars = {name: self.world.random.randint(1, 5) for name in RATING}
        await self.command("rate", episode=self._to_rate, score=self.world.random.randint(1, 5), ratings=stars)
        self._to_rate = ""
