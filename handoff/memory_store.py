"""The in-memory twin of `handoff.redis_store`: the same port, for tests and simulation, written over the pure machine."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import msgspec

from common import errors
from common.clock import Clock, utc
from handoff.machine import Disposition, EndReason, EpisodeState, Event, Owner, Ownership, apply
from handoff.protocol import Entry, Episode, Note, Player, QueueItem, Summary
from handoff.store import (
    END_BY_EVENT,
    SUMMARY_DELAY_MS,
    WRAP_UP_MS,
    Command,
    HandoffRequest,
    Orphan,
    Stored,
    Turn,
    TurnResult,
    View,
    rank,
    status_entry,
)

_replace = msgspec.structs.replace


@dataclass
class _Conversation:
    id: str
    player: Player
    opened_at: int
    last_at: int
    ownership: Ownership = field(default_factory=Ownership)
    log: list[Entry] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    understanding: dict[int, dict[str, Any]] = field(default_factory=dict)
    episodes: list[str] = field(default_factory=list)
    cursor: int = 0
    player_n: int = 0
    tracker: Optional[str] = None
    lease: Optional[str] = None
    attempts: int = 0
    agent: str = ""
    agent_name: str = ""
    episode: str = ""
    rate_due: str = ""
    summary_due: str = ""
    queue_score: tuple[int, int] = (0, 0)


@dataclass
class _Agent:
    status: str = "offline"
    capacity: int = 0
    display: str = ""
    seen: int = 0
    conversations: set[str] = field(default_factory=set)


class MemoryStore:
    """`ConversationStore` in one process's memory. All times in milliseconds."""

    def __init__(self, clock: Clock, *, grace_ms: int = 12_000, per_second: int = 8) -> None:
        """As `RedisStore`."""
        self._clock = clock
        self._grace = grace_ms
        self._per_second = per_second
        self._conversations: dict[str, _Conversation] = {}
        self._open: dict[str, str] = {}
        self._episodes: dict[str, Episode] = {}
        self._ids: dict[tuple[str, str], tuple[str, Stored]] = {}
        self._rates: dict[str, tuple[int, int]] = {}
        self._ready: dict[str, int] = {}
        self._queue: dict[str, tuple[int, int]] = {}
        self._wrap_ups: dict[str, int] = {}
        self._agents: dict[str, _Agent] = {}
        self._outbox: list[tuple[str, dict[str, str]]] = []
        self.refused: list[tuple[str, dict[str, str]]] = []  # events set aside
        self._events = 0
        self._tickets = 0

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
        c.player = _replace(c.player, name=player.name, vip=player.vip)
        if c.ownership.owner is not Owner.AGENT:
            self._wake(c)
        return self._remember(actor, command, Stored(c.player_n, c.id))

    async def request(self, player: Player, command: Command, request: HandoffRequest) -> Stored:
        actor = f"p:{player.id}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player.id)
        c = self._of(player.id)
        if c is not None:
            apply(c.ownership, Event.REQUEST)
        c = c or self._create(player)
        return self._remember(actor, command, Stored(self._enqueue(c, request, actor), c.id))

    async def cancel(self, player: str, command: Command) -> Stored:
        return self._leave_queue(player, command, Event.CANCEL)

    async def ticket(self, player: str, command: Command, text: str) -> Stored:
        return self._leave_queue(player, command, Event.TICKET, text)

    def _leave_queue(self, player: str, command: Command, event: Event, text: str = "") -> Stored:
        actor = f"p:{player}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player)
        c = self._of(player)
        if c is None:
            raise errors.UnknownConversation()
        waiting = c.ownership.owner is Owner.QUEUE
        if waiting or event is Event.CANCEL or c.ownership.owner is Owner.AGENT:
            moved = apply(c.ownership, event)
        number, data = "", {}
        if event is Event.TICKET:
            self._tickets += 1
            number = f"T{utc(self._clock.now_ms()).strftime('%Y%m%d')}-{self._tickets:04d}"
            data = {"number": number, "text": text}
        if waiting:
            del self._queue[c.id]
            self._end(c, END_BY_EVENT[event])
            c.summary_due = ""
            c.ownership = moved
        name = "cancelled" if event is Event.CANCEL else "ticket"
        n = self._append(c, status_entry(self._clock.now_ms(), name, data))
        self._record(event.value, actor, c, data)
        if waiting:
            c.episode = ""
        return self._remember(actor, command, Stored(n, c.id, number=number))

    async def rate(self, player: str, command: Command, episode: str, score: int, text: str) -> Stored:
        actor = f"p:{player}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        self._flood(player)
        c = self._of(player)
        if c is None:
            raise errors.UnknownConversation()
        if not episode or c.rate_due != episode:
            raise errors.IllegalTransition(owner=c.ownership.owner.value, event="rate")
        self._episodes[episode] = _replace(self._episodes[episode], score=score, rating_text=text)
        c.rate_due = ""
        n = self._append(c, status_entry(self._clock.now_ms(), "rated", {"episode": episode, "score": score}))
        self._record("rated", actor, c, {}, episode)
        return self._remember(actor, command, Stored(n, c.id))

    # -- reading --

    async def view(self, conversation: str) -> View:
        return self._view(self._get(conversation))

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

    async def conversation_of(self, player: str) -> str:
        return self._open.get(player, "")

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        order = sorted(self._queue, key=lambda id: (self._queue[id], id))
        return [self._queue_item(self._conversations[id]) for id in order[:limit]], len(order)

    async def position(self, conversation: str) -> int:
        if conversation not in self._queue:
            return 0
        mine = (self._queue[conversation], conversation)
        return 1 + sum((score, id) < mine for id, score in self._queue.items())

    async def agents_online(self) -> int:
        return self._online()

    async def presence_of(self, agent: str) -> tuple[str, int]:
        a = self._agents.get(agent)
        return (a.status, a.capacity) if a else ("offline", 0)

    async def conversations_of_agent(self, agent: str) -> list[str]:
        a = self._agents.get(agent)
        return sorted(a.conversations) if a else []

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
            self._episodes[turn.summary_due] = _replace(self._episodes[turn.summary_due], summary=summary)
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
        a = self._agents.setdefault(agent, _Agent())
        a.status, a.capacity, a.display, a.seen = status, capacity, display, self._clock.now_ms()
        self._record("presence", actor, None, {"status": status, "capacity": capacity})
        return self._remember(actor, command, Stored(0, ""))

    async def beat(self, agent: str) -> None:
        self._agents.setdefault(agent, _Agent()).seen = self._clock.now_ms()

    async def accept(self, agent: str, display: str, command: Command, conversation: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        moved = apply(c.ownership, Event.ACCEPT)
        a = self._agents.get(agent)
        if a is None or a.status != "online" or a.seen < self._clock.now_ms() - self._grace:
            raise errors.AgentUnavailable(status=a.status if a else "offline")
        if len(a.conversations) >= a.capacity:
            raise errors.CapacityFull(capacity=a.capacity, active=len(a.conversations))
        del self._queue[c.id]
        a.conversations.add(c.id)
        c.agent, c.agent_name, c.ownership = agent, a.display, moved
        now = self._clock.now_ms()
        ep = self._episodes[c.episode]
        self._episodes[c.episode] = _replace(ep, state="active", agent=agent, accepted_at=ep.accepted_at or now)
        n = self._append(c, status_entry(now, "accepted", name=display))
        self._silence(c)
        self._record("accept", actor, c)
        return self._remember(actor, command, Stored(n, c.id, c.ownership.epoch))

    async def say(self, agent: str, display: str, command: Command, conversation: str, epoch: int, text: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._owned(agent, conversation, epoch)
        now = self._clock.now_ms()
        entry = Entry(n=0, at=now, sender="agent", kind="text", text=text, name=display, id=command.id)
        return self._remember(actor, command, Stored(self._append(c, entry), c.id))

    async def note(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        n = len(c.notes) + 1
        c.notes.append(Note(n=n, at=self._clock.now_ms(), author=author, text=text, id=command.id))
        return self._remember(actor, command, Stored(n, c.id))

    async def give_back(self, agent: str, command: Command, conversation: str, epoch: int) -> Stored:
        return self._finish(agent, command, conversation, epoch, Event.RETURN)

    async def close(
        self, agent: str, command: Command, conversation: str, epoch: int, disposition: Disposition, comment: str
    ) -> Stored:
        return self._finish(agent, command, conversation, epoch, Event.CLOSE, disposition.value, comment)

    def _finish(
        self,
        agent: str,
        command: Command,
        conversation: str,
        epoch: int,
        event: Event,
        disposition: str = "",
        comment: str = "",
    ) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._owned(agent, conversation, epoch)
        c.ownership = apply(c.ownership, event)
        c.rate_due = c.episode
        now = self._clock.now_ms()
        name = "closed" if event is Event.CLOSE else "returned"
        n = self._append(c, status_entry(now, name, {"episode": c.episode}))
        if event is Event.CLOSE:
            self._end(c, EndReason.CLOSED, disposition, comment)
            self._free_slot(c)
        else:
            self._episodes[c.episode] = _replace(self._episodes[c.episode], state="wrap_up")
            self._wrap_ups[c.id] = now + WRAP_UP_MS
        self._silence(c)
        self._record(event.value, actor, c)
        if event is Event.CLOSE:
            c.episode = ""
        return self._remember(actor, command, Stored(n, c.id, c.ownership.epoch))

    async def wrap_up(
        self, agent: str, command: Command, conversation: str, disposition: Disposition, comment: str
    ) -> Stored:
        actor = f"a:{agent}"
        if (again := self._repeated(actor, command)) is not None:
            return again
        c = self._get(conversation)
        moved = apply(c.ownership, Event.WRAPPED)
        if c.agent != agent:
            raise errors.NotOwner(owner=c.ownership.owner.value, agent=c.agent_name)
        self._end(c, EndReason.RETURNED, disposition.value, comment)
        self._wrapped(c, moved, "wrapped", actor)
        return self._remember(actor, command, Stored(0, c.id))

    # -- the handoff worker --

    async def orphans(self) -> list[Orphan]:
        limit = self._clock.now_ms() - self._grace
        return [
            Orphan(id, self._conversations[id].ownership.epoch)
            for a in self._agents.values()
            if a.seen < limit
            for id in sorted(a.conversations)
            if self._conversations[id].ownership.owner is Owner.AGENT
        ]

    async def requeue(self, orphan: Orphan) -> None:
        c = self._get(orphan.conversation)
        if c.ownership.owner is not Owner.AGENT or c.ownership.epoch != orphan.epoch:
            raise errors.StaleEpoch(epoch=c.ownership.epoch)
        if self._agents[c.agent].seen >= self._clock.now_ms() - self._grace:
            raise errors.IllegalTransition(owner=c.ownership.owner.value, event="requeue")
        c.ownership = apply(c.ownership, Event.REQUEUE)
        self._free_slot(c)
        self._queue[c.id] = c.queue_score
        self._episodes[c.episode] = _replace(self._episodes[c.episode], state="queued", agent="")
        c.summary_due = c.episode
        self._append(c, status_entry(self._clock.now_ms(), "requeued"))
        self._silence(c)
        self._record("requeue", "system", c)

    async def overdue_wrap_ups(self) -> list[str]:
        return [id for id, deadline in self._wrap_ups.items() if deadline <= self._clock.now_ms()]

    async def expire_wrap_up(self, conversation: str) -> None:
        c = self._get(conversation)
        moved = apply(c.ownership, Event.WRAPPED)
        if self._wrap_ups[c.id] > self._clock.now_ms():
            raise errors.IllegalTransition(owner=c.ownership.owner.value, event="expired")
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
        for episode in c.episodes:
            del self._episodes[episode]
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

    # -- inside --

    def _get(self, conversation: str) -> _Conversation:
        c = self._conversations.get(conversation)
        if c is None:
            raise errors.UnknownConversation(f"no live conversation {conversation}", conversation=conversation)
        return c

    def _of(self, player: str) -> Optional[_Conversation]:
        return self._conversations.get(self._open.get(player, ""))

    def _create(self, player: Player) -> _Conversation:
        now = self._clock.now_ms()
        c = _Conversation(secrets.token_hex(12), player, now, now)
        self._conversations[c.id] = c
        self._open[player.id] = c.id
        return c

    def _append(self, c: _Conversation, entry: Entry) -> int:
        n = len(c.log) + 1
        c.log.append(_replace(entry, n=n))
        c.last_at = self._clock.now_ms()
        return n

    def _repeated(self, actor: str, command: Command) -> Optional[Stored]:
        known = self._ids.get((actor, command.id))
        if known is None:
            return None
        if known[0] != command.mac:
            raise errors.IdConflict(id=command.id)
        return known[1]

    def _remember(self, actor: str, command: Command, stored: Stored) -> Stored:
        self._ids[(actor, command.id)] = (command.mac, stored)
        return stored

    def _flood(self, player: str) -> None:
        now = self._clock.now_ms()
        since, count = self._rates.get(player, (now, 0))
        if now - since >= 1000:
            since, count = now, 0
        self._rates[player] = (since, count + 1)
        if count + 1 > self._per_second:
            raise errors.RateLimited(retry_after_ms=since + 1000 - now)

    def _has_work(self, c: _Conversation) -> bool:
        return (c.ownership.owner is not Owner.AGENT and c.player_n > c.cursor) or bool(c.summary_due)

    def _wake(self, c: _Conversation, delay_ms: int = 0) -> None:
        at = self._clock.now_ms() + delay_ms
        known = self._ready.get(c.id)
        leased = c.lease is not None and known is not None and known > self._clock.now_ms()
        if known is None or (not leased and at < known):
            self._ready[c.id] = at

    def _enqueue(self, c: _Conversation, request: HandoffRequest, actor: str) -> int:
        now = self._clock.now_ms()
        if c.ownership.episode is EpisodeState.WRAP_UP:
            self._end(c, EndReason.EXPIRED)
            self._record("expired", "system", c)
            self._free_slot(c)
        c.ownership = apply(c.ownership, Event.REQUEST)
        c.episode = secrets.token_hex(12)
        c.episodes.append(c.episode)
        c.rate_due = ""
        self._episodes[c.episode] = Episode(
            id=c.episode,
            state="queued",
            reason=request.reason,
            urgency=request.urgency,
            scenario=request.scenario,
            requested_at=now,
        )
        c.queue_score = (rank(request.urgency, c.player.vip), now)
        self._queue[c.id] = c.queue_score
        c.summary_due = c.episode
        self._wake(c)
        data = {"reason": request.reason, "urgency": request.urgency, "agents_online": self._online()}
        n = self._append(c, status_entry(now, "queued", data))
        self._record("request", actor, c)
        return n

    def _online(self) -> int:
        limit = self._clock.now_ms() - self._grace
        return sum(a.status == "online" and a.seen >= limit for a in self._agents.values())

    def _owned(self, agent: str, conversation: str, epoch: int) -> _Conversation:
        c = self._get(conversation)
        if c.ownership.owner is not Owner.AGENT or c.agent != agent:
            raise errors.NotOwner(owner=c.ownership.owner.value, agent=c.agent_name)
        if c.ownership.epoch != epoch:
            raise errors.StaleEpoch(epoch=c.ownership.epoch, owner=c.ownership.owner.value, agent=c.agent_name)
        return c

    def _silence(self, c: _Conversation) -> None:
        c.cursor, c.attempts, c.lease = len(c.log), 0, None
        self._ready.pop(c.id, None)
        if c.summary_due:
            self._wake(c)

    def _free_slot(self, c: _Conversation) -> None:
        if c.agent:
            self._agents[c.agent].conversations.discard(c.id)
        self._wrap_ups.pop(c.id, None)
        c.agent = c.agent_name = ""

    def _end(self, c: _Conversation, reason: EndReason, disposition: str = "", comment: str = "") -> None:
        self._episodes[c.episode] = _replace(
            self._episodes[c.episode],
            state="ended",
            ended_at=self._clock.now_ms(),
            end_reason=reason.value,
            disposition=disposition,
            comment=comment,
        )

    def _wrapped(self, c: _Conversation, moved: Ownership, event: str, actor: str) -> None:
        self._free_slot(c)
        c.ownership = moved
        self._record(event, actor, c)
        c.episode = ""

    def _record(
        self, event: str, actor: str, c: Optional[_Conversation], data: Optional[dict[str, Any]] = None, ep: str = ""
    ) -> None:
        self._events += 1
        fields = {"at": str(self._clock.now_ms()), "event": event, "actor": actor}
        fields["data"] = msgspec.json.encode(data or {}).decode()
        if c is not None:
            fields |= {"conversation": c.id, "player": c.player.id, "epoch": str(c.ownership.epoch)}
            episode = self._episodes.get(ep or c.episode)
            if episode is not None:
                flat = {k: v for k, v in msgspec.to_builtins(episode).items() if k != "summary"}
                if episode.summary is not None:
                    flat["summary"] = msgspec.json.encode(episode.summary).decode()
                fields["episode"] = msgspec.json.encode(flat).decode()
        self._outbox.append((f"{fields['at']}-{self._events}", fields))

    def _view(self, c: _Conversation, *, episode: bool = True) -> View:
        return View(
            id=c.id,
            player=c.player,
            owner=c.ownership.owner,
            state=c.ownership.episode,
            epoch=c.ownership.epoch,
            last=len(c.log),
            notes=len(c.notes),
            cursor=c.cursor,
            opened_at=c.opened_at,
            last_at=c.last_at,
            agent=c.agent,
            agent_name=c.agent_name,
            rate_due=c.rate_due,
            episode=self._episodes.get(c.episode) if episode else None,
        )

    def _queue_item(self, c: _Conversation) -> QueueItem:
        episode = self._episodes[c.episode]
        said = (entry.text[:80] for entry in reversed(c.log[-24:]) if entry.sender == "player" and entry.text)
        return QueueItem(
            conversation=c.id,
            player=c.player.id,
            name=c.player.name,
            vip=c.player.vip,
            urgency=episode.urgency,
            reason=episode.reason,
            since=episode.requested_at,
            scenario=episode.scenario,
            preview=next(said, ""),
            summary=episode.summary is not None,
        )
