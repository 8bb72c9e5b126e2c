"""The in-memory twin of `handoff.redis_store`: the same port, for tests and simulation, written over the pure machine."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from common import errors
from handoff.engine import OfferState
from handoff.machine import Disposition, EndReason, EpisodeState, Event, Owner, Ownership, apply
from handoff.memory_engine import MemoryEngine
from handoff.memory_state import Agent, Conversation, Past, replace
from handoff.policy import CHAT, GENERAL
from handoff.protocol import Entry, Episode, Note, Player, QueueItem, Summary
from handoff.rating import weighted
from handoff.store import (
    END_BY_EVENT,
    SUMMARY_DELAY_MS,
    Command,
    HandoffRequest,
    KnownTicket,
    Orphan,
    Stored,
    Turn,
    TurnResult,
    View,
    status_entry,
)


class MemoryStore(MemoryEngine):
    """`ConversationStore` and `HandoffEngine` in one process's memory."""

    # -- players --

    async def open(self, player: Player) -> View:
        return self._view(self._of(player.id) or self._create(player))

    async def append(self, player: Player, command: Command, entry: Entry) -> Stored:
        actor = f"p:{player.id}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player.id)
        c = self._of(player.id) or self._create(player)
        c.player_n = self._append(c, entry)
        c.player = replace(c.player, name=player.name, vip=player.vip)
        if c.ownership.owner is Owner.AGENT:
            self._stir(c)
            self._clear(c, "ask", "close")
            if not c.unanswered:
                c.unanswered = True
                self._deadline(c, "next", self._episodes[c.episode].tier)
        else:
            self._wake(c)
            self._tell_promise(c)
        return self._remember(actor, command, Stored(c.player_n, c.id))

    def _tell_promise(self, c: Conversation) -> None:
        """What the last agent promised is said once, when the player comes back later or in another conversation."""
        past = self._past.get(c.player.id)
        if c.ownership.owner is not Owner.BOT or past is None or not past.promise:
            return
        later = self._clock.now_ms() - past.promise_at > self.policy.times.idle * 1000
        if later or past.promise_in != c.id:
            self._tell(c, "promised", {"text": past.promise, "agent": past.promise_by})
            past.promise = ""

    async def request(self, player: Player, command: Command, request: HandoffRequest) -> Stored:
        actor = f"p:{player.id}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player.id)
        c = self._of(player.id)
        if c is not None:
            self._moved(c, Event.REQUEST)
        c = c or self._create(player)
        return self._remember(actor, command, Stored(self._enqueue(c, request, actor), c.id))

    async def cancel(self, player: str, command: Command) -> Stored:
        return self._leave(player, command, Event.CANCEL, None)

    async def ticket(self, player: str, command: Command, text: str) -> Stored:
        return self._leave(player, command, Event.TICKET, text)

    def _leave(self, player: str, command: Command, event: Event, text: Optional[str]) -> Stored:
        actor = f"p:{player}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player)
        c = self._mine(player)
        if c.ownership.owner is Owner.AGENT or (event is Event.CANCEL and c.ownership.owner is not Owner.QUEUE):
            raise self._illegal(c, event.value)
        data = {} if text is None else {"number": "@NUMBER@", "text": text}
        entry = status_entry(self._clock.now_ms(), "cancelled" if text is None else "ticket", data)
        number, n = self._leave_queue(c, event.value, END_BY_EVENT[event], actor, entry, text)
        return self._remember(actor, command, Stored(n, c.id, number=number))

    async def rate(
        self,
        player: str,
        command: Command,
        episode: str,
        score: int,
        text: str,
        ratings: Optional[Mapping[str, int]] = None,
    ) -> Stored:
        actor = f"p:{player}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player)
        c = self._mine(player)
        if not episode or c.rate_due != episode:
            raise self._illegal(c, "rate")
        given = dict(ratings or {})
        self._episodes[episode] = replace(
            self._episodes[episode],
            score=score,
            rating_text=text,
            ratings=given,
            weighted=weighted(given, self.policy.ratings),
        )
        self._past.setdefault(player, Past()).score = score
        c.rate_due = ""
        n = self._tell(c, "rated", {"episode": episode, "score": score})
        self._record("rated", actor, c, {}, episode)
        return self._remember(actor, command, Stored(n, c.id))

    # -- reading --

    async def view(self, conversation: str) -> View:
        return self._view(self._get(conversation))

    async def views(self, conversations: Sequence[str]) -> list[View]:
        return [self._view(self._conversations[id]) for id in conversations if id in self._conversations]

    async def entries(self, conversation: str, after: int = 0, limit: int = 10_000) -> list[Entry]:
        c = self._conversations.get(conversation)
        return c.log[after : after + limit] if c else []

    async def notes(self, conversation: str, after: int = 0) -> list[Note]:
        c = self._conversations.get(conversation)
        return c.notes[after:] if c else []

    async def understanding(self, conversation: str) -> dict[int, dict[str, Any]]:
        c = self._conversations.get(conversation)
        return dict(c.understanding) if c else {}

    async def episodes(self, conversation: str) -> list[Episode]:
        c = self._conversations.get(conversation)
        return [self._episodes[id] for id in c.episodes] if c else []

    async def earlier(self, player: str) -> list[Episode]:
        return [self._episodes[id] for id in self._ended.get(player, ())]

    async def tickets_of(self, player: str) -> list[KnownTicket]:
        return sorted(self._known_tickets.get(player, {}).values(), key=lambda ticket: ticket.number)

    async def conversation_of(self, player: str) -> str:
        return self._open.get(player, "")

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        order = sorted(self._queue, key=lambda id: (self._queue[id], id))
        return [self._queue_item(self._conversations[id]) for id in order[:limit]], len(order)

    async def position(self, conversation: str) -> int:
        if conversation not in self._queue:
            return 0
        group = self._conversations[conversation].group
        mine = (self._queue[conversation], conversation)
        alike = [(key, id) for id, key in self._queue.items() if self._conversations[id].group == group]
        return 1 + sum(other < mine for other in alike)

    async def agents_online(self) -> int:
        return self._online()

    async def presence_of(self, agent: str) -> tuple[str, int]:
        a = self._agents.get(agent)
        return (a.status or "offline", a.capacity) if a else ("offline", 0)

    async def conversations_of_agent(self, agent: str) -> list[str]:
        a = self._agents.get(agent)
        return sorted(a.load) if a else []

    # -- the bot --

    async def claim_turn(self, lease_ms: int) -> Optional[Turn]:
        now = self._clock.now_ms()
        for id in sorted((id for id, at in self._ready.items() if at <= now), key=lambda id: (self._ready[id], id)):
            c = self._conversations.get(id)
            if c is None or not self._has_work(c):
                del self._ready[id]
                continue
            entry = None
            if c.ownership.owner is not Owner.AGENT:
                entry = next((e for e in c.log[c.cursor :] if e.sender == "player"), None)
            if entry is not None:  # a summary that fails is no mark against the player's next message
                c.attempts += 1
            c.lease = secrets.token_hex(8)
            self._ready[id] = now + lease_ms
            return Turn(
                self._view(c, episode=False), c.lease, entry, c.tracker, c.attempts if entry else 0, c.summary_due
            )
        return None

    async def renew(self, turn: Turn, lease_ms: int) -> None:
        c = self._conversations.get(turn.view.id)
        if c is None or c.lease != turn.token:
            raise errors.LeaseLost()
        self._ready[c.id] = self._clock.now_ms() + lease_ms

    async def commit(self, turn: Turn, result: TurnResult) -> Stored:
        if turn.entry is None:
            raise ValueError("a turn without an entry has nothing to commit")
        c = self._get(turn.view.id)
        if c.lease != turn.token:
            raise errors.LeaseLost()
        if c.ownership.owner is Owner.AGENT:
            raise errors.NotOwner(owner=c.ownership.owner.value)
        if c.cursor != turn.view.cursor:
            raise errors.LeaseLost()
        for entry in result.replies:
            self._append(c, entry)
        c.cursor, c.attempts, c.lease = turn.entry.n, 0, None
        if result.tracker is not None:
            c.tracker = result.tracker
        if result.understanding:
            c.understanding[turn.entry.n] = dict(result.understanding)
        self._ready.pop(c.id, None)
        waiting = c.ownership.owner is Owner.QUEUE
        if waiting:
            if result.request is not None:
                group = self.policy.group(result.request.group).id
                known = "" if group == GENERAL else group  # a request may not know its group
                self._raise(c, self._head_start(c, result.request), known, result.request)
            c.summary_due = c.episode
        elif result.request is not None:
            self._enqueue(c, result.request, "bot")
        if self._has_work(c):
            answered = c.player_n <= c.cursor
            self._wake(c, SUMMARY_DELAY_MS if waiting and answered else 0)
        return Stored(len(c.log), c.id)

    async def set_summary(self, turn: Turn, summary: Summary) -> None:
        c = self._get(turn.view.id)
        old = self._episodes[turn.summary_due].summary
        if old is None or old.upto <= summary.upto:
            self._episodes[turn.summary_due] = replace(self._episodes[turn.summary_due], summary=summary)
        if c.lease == turn.token:
            c.lease, c.attempts = None, 0
            self._ready.pop(c.id, None)
        if c.summary_due == turn.summary_due:
            c.summary_due = ""
        if self._has_work(c):
            self._wake(c)

    # -- agents --

    async def presence(self, agent: str, display: str, command: Command, status: str, capacity: int) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        a = self._agents.setdefault(agent, Agent())
        a.status, a.capacity, a.display, a.seen, a.missed = status, capacity, display, self._clock.now_ms(), 0
        if status != "online":
            for id in list(a.offers):
                offer = self._offers[id]
                c = self._conversations[offer.conversation]
                self._settle(offer, OfferState.RESCINDED, actor, c)
                self._turned_down(offer, c)
                self._open_to_offers(c)
        self._record("presence", actor, None, {"status": status, "capacity": capacity})
        return self._remember(actor, command, Stored(0, ""))

    async def beat(self, agent: str) -> None:
        self._agents.setdefault(agent, Agent()).seen = self._clock.now_ms()

    async def accept(self, agent: str, display: str, command: Command, conversation: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        self._moved(c, Event.ACCEPT)
        offer = self._offers.get(c.offer)
        mine = offer is not None and offer.agent == agent
        self._available(agent, 0 if mine else self.policy.units[CHAT])
        if offer is not None and mine:
            self._settle(offer, OfferState.ACCEPTED, actor, c)
        n = self._hand_to(c, agent, "offer" if mine else "pull", actor)
        return self._remember(actor, command, Stored(n, c.id, c.ownership.epoch))

    async def say(
        self, agent: str, display: str, command: Command, conversation: str, epoch: int, text: str, reasked: int = 0
    ) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._owned(agent, conversation, epoch, guests=True)
        now = self._clock.now_ms()
        entry = Entry(n=0, at=now, sender="agent", kind="text", text=text, name=display, id=command.id)
        n = self._append(c, entry)
        self._stir(c)
        ep = self._episodes[c.episode]
        self._episodes[c.episode] = replace(ep, responded_at=ep.responded_at or now, reasked=ep.reasked + reasked)
        c.unanswered, self._agents[agent].missed = False, 0
        self._clear(c, "first", "next", "close")
        self._timer(c, "ask", now + self.policy.times.ask * 1000)
        return self._remember(actor, command, Stored(n, c.id))

    async def note(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        return self._remember(actor, command, Stored(self._note(c, "note", author, text, command.id), c.id))

    async def give_back(self, agent: str, command: Command, conversation: str, epoch: int, promise: str = "") -> Stored:
        return self._finish(agent, command, conversation, epoch, Event.RETURN, promise=promise)

    async def close(
        self, agent: str, command: Command, conversation: str, epoch: int, disposition: Disposition, comment: str
    ) -> Stored:
        return self._finish(agent, command, conversation, epoch, Event.CLOSE, disposition.value, comment=comment)

    def _finish(
        self,
        agent: str,
        command: Command,
        conversation: str,
        epoch: int,
        event: Event,
        disposition: str = "",
        *,
        comment: str = "",
        promise: str = "",
    ) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._owned(agent, conversation, epoch)
        c.rate_due = c.episode
        n = self._tell(c, "closed" if event is Event.CLOSE else "returned", {"episode": c.episode})
        if event is Event.CLOSE:
            self._end(c, EndReason.CLOSED, disposition, comment)
            self._free_slot(c, actor)
        else:
            self._to_wrap_up(c, actor, command, promise)
        c.ownership = apply(c.ownership, event)
        self._silence(c)
        self._record(event.value, actor, c)
        if event is Event.CLOSE:
            c.episode = ""
        return self._remember(actor, command, Stored(n, c.id, c.ownership.epoch))

    def _to_wrap_up(self, c: Conversation, actor: str, command: Command, promise: str) -> None:
        now = self._clock.now_ms()
        if promise:
            past = self._past.setdefault(c.player.id, Past())
            past.promise, past.promise_by, past.promise_at, past.promise_in = promise, c.agent_name, now, c.id
            self._note(c, "promise", c.agent_name, promise, command.id)
        self._episodes[c.episode] = replace(self._episodes[c.episode], state="wrap_up", promise=promise)
        self._wrap_ups[c.id] = now + self.policy.times.wrap_up * 1000
        self._agents[c.agent].load[c.id] = self.policy.units[CHAT]
        c.idle = c.unanswered = False
        self._stay_ends(c)
        self._drop_offers(c, OfferState.RESCINDED, actor)
        self._drop_guests(c)
        self._clear(c)

    async def wrap_up(
        self, agent: str, command: Command, conversation: str, disposition: Disposition, comment: str
    ) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        moved = self._moved(c, Event.WRAPPED)
        if c.agent != agent:
            raise errors.NotOwner(**self._whose(c))
        self._end(c, EndReason.RETURNED, disposition.value, comment)
        self._wrapped(c, moved, "wrapped", actor)
        return self._remember(actor, command, Stored(0, c.id))

    # -- the handoff worker --

    async def orphans(self) -> list[Orphan]:
        found = []
        for agent, a in self._agents.items():
            for id in sorted(a.load) if not self._is_seen(agent) else ():
                c = self._conversations[id]
                if c.ownership.owner is Owner.AGENT:
                    found.append(Orphan(id, c.ownership.epoch, "" if c.agent == agent else agent))
        return found

    async def requeue(self, orphan: Orphan) -> None:
        c = self._get(orphan.conversation)
        if orphan.guest:
            if orphan.guest not in c.guests or self._is_seen(orphan.guest):
                raise self._illegal(c, "dismiss")
            self._dismiss(c, orphan.guest, "system")
            return
        if c.ownership.owner is not Owner.AGENT or c.ownership.epoch != orphan.epoch:
            raise errors.StaleEpoch(**self._whose(c))
        if self._is_seen(c.agent):
            raise self._illegal(c, "requeue")
        self._free_slot(c)
        c.ownership = apply(c.ownership, Event.REQUEUE)
        self._episodes[c.episode] = replace(self._episodes[c.episode], state="queued", agent="")
        c.summary_due = c.episode
        self._enter_queue(c)
        self._tell(c, "requeued")
        self._silence(c)
        self._record("requeue", "system", c)

    async def overdue_wrap_ups(self) -> list[str]:
        return [id for id, deadline in self._wrap_ups.items() if deadline <= self._clock.now_ms()]

    async def expire_wrap_up(self, conversation: str) -> None:
        c = self._get(conversation)
        moved = self._moved(c, Event.WRAPPED)
        if self._wrap_ups[c.id] > self._clock.now_ms():
            raise self._illegal(c, "expired")
        self._end(c, EndReason.EXPIRED)
        self._wrapped(c, moved, "expired", "system")

    async def quiet(self, since_ms: int, limit: int = 50) -> list[View]:
        found = [
            c
            for c in self._conversations.values()
            if c.last_at <= since_ms and c.ownership.owner is Owner.BOT and c.ownership.episode is EpisodeState.NONE
        ]
        return [self._view(c, episode=False) for c in sorted(found, key=lambda c: c.last_at)[:limit]]

    async def forget(self, view: View) -> bool:
        c = self._conversations.get(view.id)
        if c is None:
            return True
        free = c.ownership.owner is Owner.BOT and c.ownership.episode is EpisodeState.NONE
        unmoved = len(c.log) == view.last and len(c.notes) == view.notes
        if not free or not unmoved or c.player_n > c.cursor or c.lease:
            return False
        for episode in c.episodes:  # how it ended is still told to the next agent
            self._episodes[episode] = replace(self._episodes[episode], summary=None)
        del self._conversations[c.id]
        if self._open.get(c.player.id) == c.id:
            del self._open[c.player.id]
        self._ready.pop(c.id, None)
        return True

    async def outbox(self, limit: int = 200) -> list[tuple[str, dict[str, str]]]:
        return self._outbox[:limit]

    async def outbox_refused(self, id: str, fields: Mapping[str, str]) -> None:
        self.refused.append((id, dict(fields)))

    async def outbox_done(self, ids: Sequence[str]) -> None:
        gone = set(ids)
        self._outbox = [item for item in self._outbox if item[0] not in gone]

    def _wrapped(self, c: Conversation, moved: Ownership, event: str, actor: str) -> None:
        self._free_slot(c, actor)
        c.ownership = moved
        self._record(event, actor, c)
        c.episode = ""
