"""The handoff engine of the in-memory twin; see `handoff.redis_engine`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from common import errors
from handoff.engine import AgentNow, Alert, Due, Firing, Offer, OfferKind, OfferState, Profile, Wait, Waiting
from handoff.machine import EndReason, Event, Owner, apply
from handoff.memory_state import FULL, Agent, Conversation, MemoryState, replace
from handoff.policy import CHAT, GUEST, Overflow
from handoff.protocol import Entry, Player
from handoff.store import Command, Stored, status_entry


class MemoryEngine(MemoryState):
    """`HandoffEngine` in one process's memory."""

    # -- agents --

    async def profile(self, agent: str, profile: Profile) -> None:
        self._agents.setdefault(agent, Agent()).profile = profile

    async def agents(self) -> list[AgentNow]:
        return [
            AgentNow(id, a.display, a.status, a.capacity * FULL, self._load(a), a.profile, a.changed_at)
            for id, a in self._agents.items()
            if a.status and self._is_seen(id)
        ]

    async def agent_now(self, agent: str) -> Optional[AgentNow]:
        return next((one for one in await self.agents() if one.id == agent), None)

    # -- offers --

    async def waiting(self, limit: int = 200) -> list[Waiting]:
        found: list[Waiting] = []
        counts: dict[tuple[OfferKind, str], int] = {}
        for c in sorted((self._conversations[id] for id in self._wanted), key=lambda c: (c.key, c.id)):
            kind = OfferKind.QUEUE if c.ownership.owner is Owner.QUEUE else OfferKind.TRANSFER
            part = (kind, c.group if kind is OfferKind.QUEUE else "")
            counts[part] = counts.get(part, 0) + 1
            if counts[part] <= limit:
                found.append(self._waiting(c, kind))
        return found

    def _waiting(self, c: Conversation, kind: OfferKind) -> Waiting:
        return Waiting(
            conversation=c.id,
            player=c.player.id,
            key=c.key,
            requested_at=self._episodes[c.episode].requested_at,
            group=c.transfer_group or c.group,
            vip=c.player.vip,
            language=c.language,
            kind=kind,
            last_agent=c.last_agent,
            declined=list(c.declined),
            declined_at=c.declined_at,
            present=self._present(c.player.id),
            called_at=c.called_at,
            owner=c.agent,
        )

    async def offer(self, waiting: Waiting, agent: str) -> Offer:
        c = self._get(waiting.conversation)
        queued = waiting.kind is OfferKind.QUEUE and c.ownership.owner is Owner.QUEUE
        handed = waiting.kind is OfferKind.TRANSFER and c.ownership.owner is Owner.AGENT and c.transfer_group
        if not (queued or handed) or c.offer or c.agent == agent or (queued and (c.called_at or c.held)):
            raise self._illegal(c, "offer")
        self._available(agent, self.policy.units[CHAT])
        return self._make_offer(c, waiting.kind, agent, c.transfer_by, c.transfer_note)

    async def offer_many(self, offers: Sequence[tuple[Waiting, str]]) -> list[bool]:
        return [await self._offered(waiting, agent) for waiting, agent in offers]

    async def _offered(self, waiting: Waiting, agent: str) -> bool:
        try:
            await self.offer(waiting, agent)
        except errors.SupportError:
            return False
        return True

    async def offers_of(self, agent: str) -> list[Offer]:
        a = self._agents.get(agent, Agent())
        return sorted((self._offers[id] for id in a.offers), key=lambda offer: (offer.made_at, offer.id))

    async def take(self, agent: str, command: Command, offer: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        found = self._pending(offer, agent)
        c = self._conversations[found.conversation]
        if found.expires_at <= self._clock.now_ms():
            raise errors.OfferGone(state=OfferState.TIMED_OUT.value, **self._whose(c))
        a = self._available(agent, 0)
        self._settle(found, OfferState.ACCEPTED, actor, c)
        if found.kind is OfferKind.INVITE:
            self._take_slot(agent, c, self.policy.units[GUEST])
            c.guests[agent] = a.display
            n = self._tell(c, "joined", name=a.display)
            self._record("joined", actor, c)
        else:
            n = self._hand_to(c, agent, "transfer" if found.kind is OfferKind.TRANSFER else "offer", actor)
        return self._remember(actor, command, Stored(n, c.id, c.ownership.epoch))

    def _pending(self, offer: str, agent: str) -> Offer:
        found = self._offers.get(offer)
        if found is None or (agent and found.agent != agent):
            raise errors.OfferGone(state="unknown")
        c = self._conversations.get(found.conversation)
        if c is None or found.state is not OfferState.PENDING:
            raise errors.OfferGone(state=found.state.value, **(self._whose(c) if c else {}))
        return found

    async def reject(self, agent: str, command: Command, offer: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        found = self._pending(offer, agent)
        self._not_taken(found, OfferState.REJECTED, actor)
        self._agents[agent].missed = 0
        return self._remember(actor, command, Stored(0, found.conversation))

    async def overdue_offers(self) -> list[str]:
        now = self._clock.now_ms()
        pending = [self._offers[id] for agent in self._agents.values() for id in agent.offers]
        late = [o for o in pending if o.expires_at <= now or not self._is_seen(o.agent)]
        return [o.id for o in sorted(late, key=lambda offer: (offer.expires_at, offer.id))]

    async def expire_offer(self, offer: str) -> OfferState:
        found = self._pending(offer, "")
        gone = not self._is_seen(found.agent)
        if not gone and found.expires_at > self._clock.now_ms():
            raise self._illegal(self._conversations[found.conversation], "expire_offer")
        a = self._agents[found.agent]
        over = self._load(a) > a.capacity * FULL  # a conversation that woke up took the room that the offer held
        state = OfferState.RESCINDED if gone or over else OfferState.TIMED_OUT
        self._not_taken(found, state, "system")
        if state is OfferState.TIMED_OUT:
            a.missed += 1
            if a.missed >= self.policy.missed and a.status == "online":
                a.status = "break"
                self._record("presence", "system", None, {"agent": found.agent, "status": "break", "missed": a.missed})
        return state

    def _not_taken(self, offer: Offer, state: OfferState, actor: str) -> None:
        c = self._conversations[offer.conversation]
        self._settle(offer, state, actor, c)
        self._turned_down(offer, c)
        self._open_to_offers(c)

    # -- working together --

    async def transfer(
        self, agent: str, command: Command, conversation: str, epoch: int, to_agent: str, to_group: str, note: str
    ) -> Stored:
        if bool(to_agent) == bool(to_group):
            raise errors.IllegalTransition("a transfer goes to an agent or to a group", event="transfer")
        if to_group and to_group not in self.policy.groups:
            raise errors.UnknownGroup(f"no group {to_group}", groups=sorted(self.policy.groups))
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._owned(agent, conversation, epoch)
        if c.transfer or to_agent == agent:
            raise self._illegal(c, "transfer")
        asked = self._available(to_agent, self.policy.units[CHAT]) if to_agent else None
        c.transfer, c.transfer_note, c.transfer_by = asked.display if asked else to_group, note, c.agent_name
        c.declined = []
        self._note(c, "transfer", self._agents[agent].display, note, command.id)
        if asked:
            self._make_offer(c, OfferKind.TRANSFER, to_agent, c.agent_name, note)
        else:
            c.transfer_group = to_group
            self._open_to_offers(c)
        self._record("transfer", actor, c, {"agent": to_agent, "group": to_group})
        return self._remember(actor, command, Stored(0, c.id))

    async def cancel_transfer(self, agent: str, command: Command, conversation: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        if c.ownership.owner is not Owner.AGENT or c.agent != agent:
            raise errors.NotOwner(**self._whose(c))
        if not c.transfer:
            raise self._illegal(c, "cancel_transfer")
        if c.offer:
            self._settle(self._offers[c.offer], OfferState.RESCINDED, actor, c)
        self._shut_to_offers(c)
        c.transfer = c.transfer_group = c.transfer_note = c.transfer_by = ""
        c.declined = []
        self._record("cancel_transfer", actor, c)
        return self._remember(actor, command, Stored(0, c.id))

    async def invite(
        self, agent: str, command: Command, conversation: str, epoch: int, colleague: str, note: str
    ) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._owned(agent, conversation, epoch)
        asked = {self._offers[id].agent for id in c.invites}
        if colleague == agent or colleague in c.guests or colleague in asked:
            raise self._illegal(c, "invite")
        self._available(colleague, self.policy.units[GUEST])
        self._note(c, "invite", self._agents[agent].display, note, command.id)
        self._make_offer(c, OfferKind.INVITE, colleague, c.agent_name, note)
        return self._remember(actor, command, Stored(0, c.id))

    async def dismiss(self, agent: str, command: Command, conversation: str, guest: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        if agent not in (guest, c.agent):
            raise errors.NotOwner(**self._whose(c))
        if guest not in c.guests:
            raise self._illegal(c, "dismiss")
        return self._remember(actor, command, Stored(self._dismiss(c, guest, actor), c.id))

    def _dismiss(self, c: Conversation, guest: str, actor: str) -> int:
        name = c.guests.pop(guest)
        self._leave_slot(guest, c)
        n = self._tell(c, "left", name=name)
        self._record("left", actor, c)
        return n

    async def whisper(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        return self._remember(actor, command, Stored(self._note(c, "whisper", author, text, command.id), c.id))

    async def take_over(self, supervisor: str, display: str, command: Command, conversation: str, note: str) -> Stored:
        actor = f"a:{supervisor}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        if c.ownership.owner is not Owner.AGENT or c.agent == supervisor:
            raise self._illegal(c, "take_over")
        held = self._agents.get(supervisor, Agent()).load.get(c.id, 0)  # as a guest
        self._available(supervisor, self.policy.units[CHAT] - held)
        if note:
            self._note(c, "note", display, note, command.id)
        n = self._hand_to(c, supervisor, "takeover", actor)
        return self._remember(actor, command, Stored(n, c.id, c.ownership.epoch))

    async def agent_ticket(self, agent: str, display: str, command: Command, conversation: str, text: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        if c.agent != agent and agent not in c.guests:
            raise errors.NotOwner(**self._whose(c))
        number = self._ticket_number()
        self._know_ticket(c.player.id, number, "open", text)
        n = self._tell(c, "ticket", {"number": number, "text": text}, display)
        self._record("ticket", actor, c, {"number": number, "text": text, "group": c.group, "by": agent})
        return self._remember(actor, command, Stored(n, c.id, number=number))

    # -- waiting players --

    async def player_here(self, player: str) -> None:
        self._players[player] = self._clock.now_ms()
        c = self._of(player)
        if c is not None and c.ownership.owner is Owner.QUEUE and c.called_at:
            c.called_at, c.kept = 0, False
            self._clear(c, "call")
            self._open_to_offers(c)

    async def keep(self, player: str, command: Command) -> Stored:
        actor = f"p:{player}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player)
        c = self._mine(player)
        if c.ownership.owner is not Owner.QUEUE:
            raise self._illegal(c, "keep")
        c.kept = True
        n = self._tell(c, "kept")
        self._record("keep", actor, c)
        return self._remember(actor, command, Stored(n, c.id))

    async def call(self, conversation: str) -> None:
        c = self._get(conversation)
        if c.ownership.owner is not Owner.QUEUE or c.offer or c.called_at:
            raise self._illegal(c, "call")
        c.called_at = self._clock.now_ms()
        until = c.called_at + self.policy.times.call * 1000
        self._timer(c, "call", until)
        self._tell(c, "your_turn", {"until": until})
        self._hook("your_turn", c, {"until": until})
        self._record("call", "system", c)

    async def overflow(self, conversation: str, overflow: Overflow, text: str = "", opens_at: int = 0) -> None:
        c = self._get(conversation)
        if c.ownership.owner is not Owner.QUEUE or c.offer or c.called_at or c.held:
            raise self._illegal(c, "overflow")
        if overflow.kind == "group":
            self._raise(c, 0, overflow.group)
            self._record("regroup", "system", c, {"group": overflow.group})
            return
        number = "@NUMBER@" if overflow.kind == "ticket" else ""
        entry = status_entry(self._clock.now_ms(), "group_closed", {"opens_at": opens_at, "number": number})
        if overflow.kind == "ticket":
            self._leave_queue(c, "ticket", EndReason.TICKET, "system", entry, text)
            return
        c.held = True
        self._shut_to_offers(c)
        self._timer(c, "open", opens_at)
        self._append(c, entry)
        self._record("hold", "system", c)

    async def tell(self, player: Player, command: Command, entry: Entry) -> Stored:
        actor = f"system:{player.id}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._of(player.id) or self._create(player)
        n = self._append(c, entry)
        if "number" in entry.data:
            self._know_ticket(player.id, entry.data["number"], entry.data["state"], entry.data["text"])
        self._hook(entry.event, c, entry.data)
        return self._remember(actor, command, Stored(n, c.id))

    async def hooks(self, limit: int = 100) -> list[tuple[str, dict[str, str]]]:
        return self._hooks[:limit]

    async def hooks_done(self, ids: Sequence[str]) -> None:
        self._hooks = [item for item in self._hooks if item[0] not in set(ids)]

    # -- timers --

    async def due(self, limit: int = 200) -> list[Due]:
        now = self._clock.now_ms()
        found = [Due(id, kind, at) for (id, kind), at in self._timers.items() if at <= now]
        return sorted(found, key=lambda due: (due.at, due.conversation, due.kind))[:limit]

    async def fire(self, due: Due, firing: Firing) -> bool:
        at = self._timers.get((due.conversation, due.kind))
        if at is None or at != due.at or at > self._clock.now_ms():
            return False
        del self._timers[(due.conversation, due.kind)]
        c = self._conversations.get(due.conversation)
        if c is None or not c.episode:
            return False
        self._mark(c, firing)
        if firing.alert:
            self._events += 1
            now = self._clock.now_ms()
            self._alerts.append(Alert(f"{now}-{self._events}", now, firing.alert, c.id, c.agent))
        if firing.note is not None:
            self._note(c, firing.note.kind, firing.note.author, firing.note.text, **firing.note.data)
        if firing.park and c.ownership.owner is Owner.AGENT:
            c.idle = True
            self._agents[c.agent].load[c.id] = 0
        if firing.resume and c.ownership.owner is Owner.QUEUE:
            c.held = False
            self._open_to_offers(c)
        self._record("timer", "system", c, {"kind": due.kind, "at": due.at})
        self._stop(c, firing)
        return True

    def _mark(self, c: Conversation, firing: Firing) -> None:
        ep = self._episodes[c.episode]
        self._episodes[c.episode] = replace(
            ep,
            late=[*ep.late, firing.late] if firing.late else ep.late,
            compensation=[*ep.compensation, firing.compensation] if firing.compensation else ep.compensation,
            tier=max(ep.tier, firing.tier),
        )
        if firing.gain and c.ownership.owner is Owner.QUEUE:
            self._raise(c, c.head_start + firing.gain)

    def _stop(self, c: Conversation, firing: Firing) -> None:
        if firing.stop == "no_reply" and firing.entry is not None and c.ownership.owner is Owner.AGENT:
            c.rate_due = c.episode
            self._append(c, replace(firing.entry, data={"episode": c.episode}))
            self._end(c, EndReason.NO_REPLY, "no_reply")
            self._free_slot(c)
            c.ownership = apply(c.ownership, Event.NO_REPLY)
            self._silence(c)
            self._record("no_reply", "system", c)
            c.episode = ""
        elif firing.stop == "missed" and firing.entry is not None and c.ownership.owner is Owner.QUEUE:
            self._leave_queue(c, "ticket", EndReason.MISSED, "system", firing.entry, firing.text)
        else:
            if firing.entry is not None:
                self._append(c, firing.entry)
            for kind, at in firing.next:
                self._timer(c, kind, at)

    # -- reading --

    async def alerts(self, limit: int = 100) -> list[Alert]:
        return self._alerts[::-1][:limit]

    async def handled(self, group: str) -> list[int]:
        return list(self._handled.get(group, ()))

    async def waits(self, limit: int = 500) -> list[Wait]:
        return self._waits[:limit]

    async def told(self, conversation: str, p90_ms: int) -> None:
        c = self._conversations.get(conversation)
        if c is not None and c.episode:
            c.told_p90 = c.told_p90 or p90_ms
