"""Players: they ask the bot, want a person, wait with more or less patience, leave and come back, answer, fall silent."""

from __future__ import annotations

from common.errors import SupportError, UnknownConversation
from handoff.machine import Owner
from handoff.protocol import Entry
from handoff.simulation.day import HOUR, MINUTE, SECOND, SOLVED_BY_BOT, TOPIC, TOPICS, Visit, lognormal, pick, request
from handoff.simulation.kernel import Signal, sleep
from handoff.simulation.network import Call
from handoff.simulation.oracle import Broken
from handoff.simulation.world import World
from handoff.store import Command, Stored, View

COMES_BACK = 0.12  # with another request, the same day
BOT_TIME_MS = 3 * MINUTE  # so long a player waits for the bot to hand over before giving up
_POLL_MS = (6_000.0, 12_000.0)


class PlayerLife:
    """One player over the day."""

    def __init__(self, world: World, visit: Visit) -> None:
        self._world = world
        self._player = visit.player
        self._rng = world.rng(visit.player.id)
        self._line = world.line(visit.player.id)
        self._signal = world.players.setdefault(visit.player.id, Signal(world.kernel))
        self._request = visit.request
        self._conversation = ""
        self._seen = 0  # the newest entry that the player's screen shows
        self._said = 0
        self._heard = 0  # the newest entry of an agent
        self._replied = 0  # the newest of those that was answered
        self._began = 0.0  # when they asked for a person; milliseconds after the start, as the next two
        self._patience = 0.0  # waits so long, then gives up
        self._leaves_at = 0.0  # closes the chat after so much waiting
        self._silent = False  # answers no agent

    async def live(self) -> None:
        """The whole day."""
        await self._visit()
        while self._rng.random() < COMES_BACK:
            await sleep(lognormal(self._rng, HOUR, 0.8))
            if self._world.closing:
                return
            topic = (
                TOPIC[self._request.group]
                if self._rng.random() < 0.5
                else pick(self._rng, [(t, t.weight) for t in TOPICS])
            )
            self._request = request(self._rng, topic, "asked", self._request.language)
            await self._visit()

    async def _visit(self) -> None:
        rng, store = self._rng, self._world.service
        view: View = await store.open(self._player)
        if view.id != self._conversation:
            self._conversation, self._seen = view.id, 0
        self._patience = lognormal(rng, 25 * MINUTE, 0.6)
        self._leaves_at = lognormal(rng, 2 * MINUTE, 0.8) if rng.random() < 0.12 else float("inf")
        self._silent = rng.random() < 0.06
        await store.player_here(self._player.id)
        await self._say("")
        if rng.random() < SOLVED_BY_BOT:
            return
        await sleep(lognormal(rng, 20 * SECOND, 0.6))
        await store.player_here(self._player.id)
        if self._request.reason == "button":
            await self._send(lambda command: store.request(self._player, command, self._request))
        else:
            self._world.wishes[self._player.id] = self._request
            await self._say("?")
        self._began = self._world.kernel.now
        await self._stay()

    async def _stay(self) -> None:
        """Until the request has ended, or the player has left for good."""
        world, asked = self._world, False
        while True:
            try:
                view: View = await world.service.view(self._conversation)
                await self._read()
            except UnknownConversation:
                return
            if view.owner is Owner.QUEUE:
                asked = True
                if not await self._wait(view):
                    return
            elif view.owner is Owner.AGENT:
                asked = True
                await self._answer()
            elif asked or world.kernel.now - self._began > BOT_TIME_MS:
                await self._leave(view)
                return
            await self._signal.wait(self._rng.uniform(*_POLL_MS))
            await world.service.player_here(self._player.id)

    async def _read(self) -> None:
        entries: list[Entry] = await self._world.service.entries(self._conversation, self._seen)
        for entry in entries:
            if entry.n != self._seen + 1:
                raise Broken("a player's screen has no gaps", f"{self._player.id} sees {entry.n} after {self._seen}")
            self._seen = entry.n
            if entry.sender == "agent":
                self._heard = entry.n

    async def _wait(self, view: View) -> bool:
        """A moment in the queue; False when the player has gone for good."""
        rng, waited = self._rng, self._world.kernel.now - self._began
        await self._look_at_place(view)
        if waited > self._patience:
            await self._give_up()
        elif waited > self._leaves_at:
            self._leaves_at = float("inf")
            return await self._go_away(view)
        elif rng.random() < 0.05:
            await self._say("?" if rng.random() < 0.3 else "")
        return True

    async def _look_at_place(self, view: View) -> None:
        """What the gateway does for a player in the queue."""
        service = self._world.service
        position = await service.position(self._conversation)
        if position and view.episode is not None:
            wait = await self._world.times.estimate(view.episode.group, position)
            if wait.p90_s:
                await service.told(self._conversation, wait.p90_s * 1000)

    async def _give_up(self) -> None:
        store, id = self._world.service, self._player.id
        self._patience = float("inf")
        if self._rng.random() < 0.6:
            self._world.tally.actions["cancelled"] += 1
            await self._send(lambda command: store.cancel(id, command))
        else:
            self._world.tally.actions["left a ticket"] += 1
            await self._send(lambda command: store.ticket(id, command, "please write to me"))

    async def _go_away(self, view: View) -> bool:
        """The chat is closed, with or without asking to be called; False: for good."""
        rng, world = self._rng, self._world
        world.tally.actions["went away"] += 1
        kept = not view.kept and rng.random() < 0.6
        if kept:
            await self._send(lambda command: world.service.keep(self._player.id, command))
            await self._signal.wait(2 * HOUR)
        if rng.random() < 0.2:
            return False
        await sleep(lognormal(rng, 60 * SECOND if kept else 4 * MINUTE, 0.7))
        await world.service.player_here(self._player.id)
        return True

    async def _answer(self) -> None:
        """A moment with an agent."""
        rng = self._rng
        if self._heard <= self._replied or self._silent:
            return
        if rng.random() < 0.02:
            self._silent = True
        if rng.random() < 0.03:
            await sleep(lognormal(rng, 7 * MINUTE, 0.4))  # long enough for the slot to be lent to others
        else:
            await sleep(lognormal(rng, 14 * SECOND, 0.6))
        self._replied = self._heard
        await self._say("")

    async def _leave(self, view: View) -> None:
        rate, rng, store = view.rate_due, self._rng, self._world.service
        if rate and rng.random() < 0.4:
            score = pick(rng, [(5, 6.0), (4, 3.0), (3, 1.0), (2, 0.6), (1, 0.6)])
            await self._send(lambda command: store.rate(self._player.id, command, rate, score, "", {"solved": score}))

    async def _say(self, end: str) -> None:
        self._said += 1
        text = f"{self._player.id} says {self._said}{end}"
        await self._send(lambda command: self._append(command, text), text)

    async def _append(self, command: Command, text: str) -> Stored:
        world = self._world
        entry = Entry(n=0, at=world.clock.now_ms(), sender="player", kind="text", text=text, id=command.id)
        stored: Stored = await world.service.append(self._player, command, entry)
        if stored.conversation != self._conversation:
            self._conversation, self._seen, self._heard, self._replied = stored.conversation, 0, 0, 0
        return stored

    async def _send(self, call: Call, text: str = "") -> None:
        """A command whose refusal tells the player only that things have moved on."""
        try:
            await self._line.send(call, text)
        except SupportError as error:
            self._world.tally.actions[f"refused: {error.code}"] += 1


async def arrive(world: World, visits: list[Visit]) -> None:
    """All players, each at their time."""
    for visit in visits:
        await sleep(max(0.0, visit.at - world.kernel.now))
        world.kernel.spawn(PlayerLife(world, visit).live(), visit.player.id)
