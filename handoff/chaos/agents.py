"""Agents as chaos needs them: they take, miss and reject offers, answer, work together, and sometimes vanish."""

from __future__ import annotations

from typing import Any

from handoff.chaos.clients import Client, World
from handoff.chaos.ledger import INTERNAL

CAPACITY = 4
AWAY_S = 17.0  # longer than it takes until an agent counts as gone
_NO_ENTRIES = 1_000_000  # follow a conversation without its lines: these are the players' to check
_MOST_AWAY = 2  # agents who are away at once


class Agent(Client):
    """One agent at one desk. `supervisor` also whispers and takes over."""

    path = "/ws/agent"

    def __init__(self, id: str, cookie: str, world: World, colleagues: list[Agent], *, supervisor: bool) -> None:
        super().__init__(id, world)
        self.mine: dict[str, int] = {}  # conversations this agent has, with their epochs
        self._cookie = cookie
        self._colleagues = colleagues  # all agents, this one too
        self._supervisor = supervisor
        self._guest_of: dict[str, int] = {}
        self._to_wrap_up: list[str] = []
        self._offers: list[dict[str, Any]] = []
        self._missed: set[str] = set()  # offers that this agent does not look at
        self._queue: list[str] = []
        self._status = ""
        self._unseen: set[str] = set()  # conversations that were opened but not shown yet

    def headers(self) -> dict[str, str]:
        return {"cookie": self._cookie}

    async def received(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            self.world.ledger.back(self.id)
            self._status = frame["status"]
            self.mine.clear()
            self._guest_of.clear()
            for conversation in frame["mine"]:
                await self._open(conversation)
        elif frame["type"] == "offers":
            self._status, self._offers = frame["status"], frame["items"]
        elif frame["type"] == "queue":
            self._queue = [item["conversation"] for item in frame["items"]]
        elif frame["type"] == "conversation":
            self._note_conversation(frame)
        elif frame["type"] == "error" and frame["code"] == "unknown_conversation":
            self._unseen.discard(frame["data"]["conversation"])

    def _note_conversation(self, frame: dict[str, Any]) -> None:
        conversation, epoch = frame["conversation"], frame["epoch"]
        self._unseen.discard(conversation)
        self.mine.pop(conversation, None)
        self._guest_of.pop(conversation, None)
        if frame["owner"] == "agent" and frame.get("mine"):
            self.mine[conversation] = epoch
        elif frame["owner"] == "agent" and self.id in [guest["id"] for guest in frame.get("guests", [])]:
            self._guest_of[conversation] = epoch
        elif frame["owner"] == "bot" and frame.get("mine") and conversation not in self._to_wrap_up:
            self._to_wrap_up.append(conversation)

    async def _open(self, conversation: str) -> None:
        self._unseen.add(conversation)
        await self.tell("open", conversation=conversation, last=_NO_ENTRIES, last_note=_NO_ENTRIES)

    async def act(self) -> None:
        await self.world.pause(0.2, 0.7)
        if self._status != "online":
            await self._go_online()
        for conversation in list(self._unseen):
            await self._open(conversation)  # what was asked while Redis was away is asked again
        for offer in self._offers:
            await self._answer_offer(offer)
        if self._queue and self.world.random.random() < (0.6 if self.world.calm else 0.15):
            await self._claim("accept", conversation=self.world.random.choice(self._queue[:3]))
        for conversation, epoch in list(self.mine.items()):
            await self._handle(conversation, epoch)
        for conversation, epoch in list(self._guest_of.items()):
            await self._help(conversation, epoch)
        await self._wrap_up()
        await self._perhaps_vanish()

    async def _go_online(self) -> None:
        if (await self.command("presence", status="online", capacity=CAPACITY))["type"] == "ack":
            self._status = "online"

    async def _answer_offer(self, offer: dict[str, Any]) -> None:
        roll = self.world.random.random()
        if offer["id"] in self._missed:
            return
        self._missed.add(offer["id"])
        if roll < 0.8 or self.world.calm:
            await self._claim("take", offer=offer["id"])
        elif roll < 0.9:
            await self.command("reject", offer=offer["id"])

    async def _claim(self, type: str, **fields: str) -> None:
        answer = await self.command(type, **fields)
        if answer["type"] == "ack":
            await self._open(answer["conversation"])

    async def _handle(self, conversation: str, epoch: int) -> None:
        where = {"conversation": conversation, "epoch": epoch}
        roll = self.world.random.random()
        if roll < 0.35 and not self.world.calm:
            await self.command("send", text=f"I am looking into it, {self.id}", **where)
        elif roll < 0.45 and not self.world.calm:
            await self._work_together(where)
        elif roll < 0.6:
            await self._finish(where)

    async def _work_together(self, where: dict[str, Any]) -> None:
        conversation = where["conversation"]
        colleague = self.world.random.choice(self._colleagues)
        roll = self.world.random.random()
        if roll < 0.25:
            await self.command("note", conversation=conversation, text=f"{INTERNAL} careful here")
        elif roll < 0.45:
            await self.command("transfer", agent=colleague.id, note=f"{INTERNAL} yours, I think", **where)
        elif roll < 0.6:
            await self.command("transfer", group="payment", note=f"{INTERNAL} a matter of money", **where)
        elif roll < 0.7:
            await self.command("cancel_transfer", conversation=conversation)
        elif roll < 0.9:
            await self.command("invite", agent=colleague.id, note=f"{INTERNAL} please join", **where)
        else:
            await self.command("ticket", conversation=conversation, text="look at the logs of that day")
        if self._supervisor:
            await self._supervise()

    async def _supervise(self) -> None:
        theirs = [id for agent in self._colleagues if agent is not self for id in agent.mine]
        if not theirs:
            return
        conversation = self.world.random.choice(theirs)
        await self.command("whisper", conversation=conversation, text=f"{INTERNAL} offer them something")
        if self.world.random.random() < 0.5:
            await self._claim("take_over", conversation=conversation, note=f"{INTERNAL} I take this one")

    async def _finish(self, where: dict[str, Any]) -> None:
        conversation = where["conversation"]
        if self.world.random.random() < 0.7:
            answer = await self.command("close", disposition="solved", **where)
        else:
            promise = self.world.random.choice(("", "the parcel will be sent again"))
            answer = await self.command("return", promise=promise, **where)
        if answer["type"] == "ack":
            self.mine.pop(conversation, None)

    async def _help(self, conversation: str, epoch: int) -> None:
        roll = self.world.random.random()
        if roll < 0.2 and not self.world.calm:
            await self.command("send", conversation=conversation, epoch=epoch, text=f"a second pair of eyes, {self.id}")
        elif roll < 0.3:
            await self.command("dismiss", conversation=conversation, agent=self.id)

    async def _wrap_up(self) -> None:
        """Most wrap-ups are written; the clock ends the others."""
        for conversation in self._to_wrap_up:
            if self.world.random.random() < 0.7:
                await self.command("wrap_up", conversation=conversation, disposition="follow_up", comment="seen to")
        self._to_wrap_up.clear()

    async def _perhaps_vanish(self) -> None:
        away = sum(agent.away for agent in self._colleagues)
        if not self.mine or away >= _MOST_AWAY or self.world.calm or self.world.random.random() > 0.06:
            return
        if not self.connected.is_set():
            return
        self.away = True
        self.world.ledger.gone(self.id, self.mine)
        self.drop()
        await self.world.pause(AWAY_S, AWAY_S + 4)
        self.away = False
