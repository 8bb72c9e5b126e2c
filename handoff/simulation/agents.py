"""Agents: they log in for a shift, take what they are offered or not, answer, transfer, invite, end, and lose their network."""

from __future__ import annotations

from common.errors import SupportError
from handoff.engine import Offer, OfferKind
from handoff.machine import Disposition, EpisodeState, Owner
from handoff.protocol import Entry
from handoff.simulation.day import HOUR, MINUTE, SECOND, TOPIC, Staff, handling_ms, lognormal, pick
from handoff.simulation.faults import Fault
from handoff.simulation.kernel import Signal, sleep
from handoff.simulation.network import Call
from handoff.simulation.oracle import INTERNAL
from handoff.simulation.world import World
from handoff.store import Stored, View

ACCEPTS, REJECTS = 0.93, 0.03  # of offers; the rest is missed
FORGETS = 0.02  # answers that take minutes
OVERTIME_MS = 45 * MINUTE  # after the shift, for the conversations under way
_LOOK_MS = 15_000.0  # a new offer is shown at once
_ADOPT_EVERY = 2  # looks at the desk


class AgentLife:
    """One agent over the day."""

    def __init__(self, world: World, staff: Staff) -> None:
        self.staff = staff
        self._world = world
        self._store = world.service
        self._rng = world.rng(staff.id)
        self._line = world.line(staff.id)
        self._signal = world.service.desks.setdefault(staff.id, Signal(world.kernel))
        self._considered: set[str] = set()
        self._serving: set[tuple[str, int]] = set()  # conversation, epoch

    async def live(self) -> None:
        """The shift."""
        id, rng, world = self.staff.id, self._rng, self._world
        await sleep(max(0.0, self.staff.shift.begins - world.kernel.now))
        if self.staff.shift.ends <= world.kernel.now:
            return
        await self._store.profile(id, self.staff.profile)
        world.connected.add(id)
        world.kernel.spawn(self._lose_network(), f"{id} network")
        await self._become("online")
        break_at = world.kernel.now + lognormal(rng, 2 * HOUR, 0.3)
        looks = 0
        while world.kernel.now < self.staff.shift.ends or world.closing:
            await self._signal.wait(_LOOK_MS * rng.uniform(0.6, 1.4))
            if not self._line.up:
                continue
            looks += 1
            await self._look(looks % _ADOPT_EVERY == 0)
            if world.kernel.now > break_at and not world.closing:
                await self._have_a_break()
                break_at = world.kernel.now + lognormal(rng, 2 * HOUR, 0.3)
        await self._go_home()

    async def _look(self, whole: bool) -> None:
        """Offers always; now and then the whole desk."""
        id, rng = self.staff.id, self._rng
        for offer in await self._store.offers_of(id):
            if offer.id not in self._considered:
                self._considered.add(offer.id)
                self._world.kernel.spawn(self._consider(offer), f"{id} considers")
        if not whole:
            return
        await self._adopt()
        if (await self._store.presence_of(id))[0] == "break" and rng.random() < 0.4:
            await self._become("online")  # two missed offers had sent the agent into a break
        if self.staff.profile.role == "supervisor" and rng.random() < 0.08:
            await self._supervise()
        elif rng.random() < 0.03:
            await self._pull()

    async def _consider(self, offer: Offer) -> None:
        rng, id = self._rng, self.staff.id
        chance = rng.random()
        if chance >= ACCEPTS + REJECTS:
            return
        await sleep(min(lognormal(rng, 4 * SECOND, 0.5), 16 * SECOND))
        if chance >= ACCEPTS:
            await self._try(lambda command: self._store.reject(id, command, offer.id))
            return
        stored = await self._try(lambda command: self._store.take(id, command, offer.id))
        if stored is not None:
            self._begin(stored.conversation, stored.epoch, guest=offer.kind is OfferKind.INVITE)

    async def _pull(self) -> None:
        """Somebody from the list, as a colleague may do at the same moment."""
        items, _ = await self._store.queue(5)
        if items:
            wanted = self._rng.choice(items).conversation
            await self._accept(wanted)

    async def _accept(self, conversation: str) -> None:
        id, display = self.staff.id, self.staff.display
        await sleep(lognormal(self._rng, 2 * SECOND, 0.5))
        stored = await self._try(lambda command: self._store.accept(id, display, command, conversation))
        if stored is not None:
            self._begin(stored.conversation, stored.epoch)

    async def _supervise(self) -> None:
        id, display, rng = self.staff.id, self.staff.display, self._rng
        colleague = rng.choice(sorted(self._world.connected))
        conversations = await self._store.conversations_of_agent(colleague)
        if not conversations or colleague == id:
            return
        one = rng.choice(conversations)
        await self._try(lambda c: self._store.whisper(display, id, c, one, f"{INTERNAL} whispered by {id}"))
        if rng.random() < 0.25:
            note = f"{INTERNAL} taken over by {id}"
            stored = await self._try(lambda command: self._store.take_over(id, display, command, one, note))
            if stored is not None:
                self._begin(one, stored.epoch)

    async def _adopt(self) -> None:
        """What the server says is on this desk and nobody works on: an answer was lost, or the agent was away."""
        for conversation in await self._store.conversations_of_agent(self.staff.id):
            view: View = await self._store.view(conversation)
            if view.agent == self.staff.id and view.state is EpisodeState.WRAP_UP:
                continue
            self._begin(conversation, view.epoch, guest=view.agent != self.staff.id)

    def _begin(self, conversation: str, epoch: int, *, guest: bool = False) -> None:
        if (conversation, epoch) in self._serving:
            return
        self._serving.add((conversation, epoch))
        serve = self._visit(conversation, epoch) if guest else self._serve(conversation, epoch)
        self._world.kernel.spawn(serve, f"{self.staff.id} serves")

    async def _visit(self, conversation: str, epoch: int) -> None:
        """As a guest: a few words, then away."""
        id = self.staff.id
        for _ in range(self._rng.randint(1, 3)):
            await sleep(lognormal(self._rng, 40 * SECOND, 0.5))
            if not await self._say(conversation, epoch):
                break
        await self._try(lambda command: self._store.dismiss(id, command, conversation, id))
        self._serving.discard((conversation, epoch))

    async def _serve(self, conversation: str, epoch: int) -> None:
        try:
            view: View = await self._store.view(conversation)
            group = view.episode.group if view.episode else ""
            if await self._talk(conversation, epoch, handling_ms(self._rng, group if group in TOPIC else "general")):
                await self._finish(conversation, epoch)
        except SupportError:
            self._world.tally.actions["lost a conversation"] += 1
        finally:
            self._serving.discard((conversation, epoch))

    async def _talk(self, conversation: str, epoch: int, ms: float) -> bool:
        """Until the matter is done; False when the conversation is no longer this agent's."""
        rng, kernel = self._rng, self._world.kernel
        done_at, seen, silent, spoke = kernel.now + ms, 0, 0, False
        await self._think(first=True)
        while True:
            entries: list[Entry] = await self._store.entries(conversation, seen)
            heard = any(entry.sender == "player" for entry in entries)
            seen = entries[-1].n if entries else seen
            silent = 0 if heard else silent + 1
            if heard or not spoke or rng.random() < 0.1:
                if not await self._say(conversation, epoch):
                    return False
                spoke = True
            elif not await self._is_mine(conversation, epoch):
                return False
            if kernel.now > done_at or silent > 12:
                return silent <= 12 or rng.random() < 0.5 or await self._leave_to_clock(conversation, epoch)
            if rng.random() < 0.01:
                await self._ask_for_help(conversation, epoch)
            await self._think()

    async def _leave_to_clock(self, conversation: str, epoch: int) -> bool:
        """A silent player is left to the engine, which asks and then closes; True when they write again or it takes hours."""
        view: View = await self._store.view(conversation)
        for _ in range(60):
            await sleep(MINUTE)
            if not await self._is_mine(conversation, epoch):
                return False
            if any(entry.sender == "player" for entry in await self._store.entries(conversation, view.last)):
                return True
        return True

    async def _think(self, *, first: bool = False) -> None:
        forgets = self._rng.random() < FORGETS
        median = 4 * MINUTE if forgets else (18 if first else 35) * SECOND
        await sleep(lognormal(self._rng, median, 0.5))

    async def _is_mine(self, conversation: str, epoch: int) -> bool:
        view: View = await self._store.view(conversation)
        return view.owner is Owner.AGENT and view.agent == self.staff.id and view.epoch == epoch

    async def _say(self, conversation: str, epoch: int) -> bool:
        id, display = self.staff.id, self.staff.display
        text = f"{id} at {self._world.kernel.now:.0f}"
        said = await self._try(lambda c: self._store.say(id, display, c, conversation, epoch, text), text)
        return said is not None

    async def _ask_for_help(self, conversation: str, epoch: int) -> None:
        id, display, rng = self.staff.id, self.staff.display, self._rng
        what = pick(rng, [("note", 4.0), ("invite", 3.0), ("ticket", 3.0)])
        if what == "note":
            text = f"{INTERNAL} noted by {id}"
            await self._try(lambda command: self._store.note(display, id, command, conversation, text))
        elif what == "ticket":
            self._world.tally.actions["agent's ticket"] += 1
            await self._try(lambda c: self._store.agent_ticket(id, display, c, conversation, "work for tomorrow"))
        else:
            guest, note = rng.choice(sorted(self._world.connected)), f"{INTERNAL} invited by {id}"
            await self._try(lambda c: self._store.invite(id, c, conversation, epoch, guest, note))

    async def _finish(self, conversation: str, epoch: int) -> None:
        id, rng = self.staff.id, self._rng
        if rng.random() < 0.06 and await self._transfer(conversation, epoch):
            return
        disposition = pick(
            rng, [(Disposition.SOLVED, 8.0), (Disposition.FOLLOW_UP, 1.0), (Disposition.NOT_SOLVABLE, 1.0)]
        )
        if rng.random() < 0.85:
            await self._try(lambda command: self._store.close(id, command, conversation, epoch, disposition, "done"))
            return
        promise = f"we write to you by {self._world.kernel.now:.0f}" if rng.random() < 0.6 else ""
        if await self._try(lambda c: self._store.give_back(id, c, conversation, epoch, promise)):
            if rng.random() < 0.15:
                return  # forgotten: the clock ends it
            await sleep(lognormal(rng, 50 * SECOND, 0.5))
            await self._try(lambda command: self._store.wrap_up(id, command, conversation, disposition, "done"))

    async def _transfer(self, conversation: str, epoch: int) -> bool:
        """Whether somebody took it."""
        id, rng = self.staff.id, self._rng
        colleague, group = "", ""
        if rng.random() < 0.4:
            colleague = rng.choice(sorted(self._world.connected))
        else:
            group = rng.choice(sorted(self._world.policy.groups))
        note = f"{INTERNAL} transferred by {id}"
        asked = await self._try(lambda c: self._store.transfer(id, c, conversation, epoch, colleague, group, note))
        if asked is None:
            return False
        for _ in range(rng.randint(3, 12)):
            await sleep(10 * SECOND)
            if not await self._is_mine(conversation, epoch):
                return True
        await self._try(lambda command: self._store.cancel_transfer(id, command, conversation))
        return not await self._is_mine(conversation, epoch)

    async def _have_a_break(self) -> None:
        await self._become("break")
        await sleep(lognormal(self._rng, 7 * MINUTE, 0.3))
        await self._become("online")

    async def _go_home(self) -> None:
        world = self._world
        await self._become("busy")
        latest = world.kernel.now + OVERTIME_MS
        while await self._store.conversations_of_agent(self.staff.id) and world.kernel.now < latest:
            await sleep(20 * SECOND)
        await self._become("offline")
        world.connected.discard(self.staff.id)

    async def _become(self, status: str) -> None:
        id, display, capacity = self.staff.id, self.staff.display, self.staff.capacity
        await self._try(lambda command: self._store.presence(id, display, command, status, capacity))

    async def _lose_network(self) -> None:
        """The socket is cut now and then: no beats, and nothing gets through until it is back."""
        world, faults = self._world, self._world.injected.faults
        while faults.socket_cuts and not world.injected.stopped:
            await sleep(self._rng.expovariate(faults.socket_cuts) * HOUR)
            if self.staff.id not in world.connected or not world.injected.strikes(Fault.SOCKET_CUT, 1):
                return
            self._line.up = False
            world.connected.discard(self.staff.id)
            await sleep(self._rng.expovariate(1 / faults.socket_away_s) * SECOND)
            self._line.up = True
            world.connected.add(self.staff.id)
            self._signal.ring()

    async def _try(self, call: Call, text: str = "") -> Stored | None:
        """The answer; None when it was refused, since things have moved on."""
        try:
            return await self._line.send(call, text)
        except SupportError as error:
            self._world.tally.actions[f"agent refused: {error.code}"] += 1
            return None
