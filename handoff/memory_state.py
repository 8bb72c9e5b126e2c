"""The state of the in-memory twin and the steps that several of its transitions share, as `handoff/lua/_*.lua` has them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Optional

import msgspec

from common import errors
from common.clock import Clock, utc
from handoff.engine import Alert, Offer, OfferKind, OfferState, Profile, Wait
from handoff.machine import EndReason, EpisodeState, Event, Owner, Ownership, apply
from handoff.past import facts_of, tier_of
from handoff.policy import CHAT, DEFAULT, GENERAL, GUEST, Policy
from handoff.priority import head_start_ms
from handoff.protocol import Entry, Episode, Guest, Note, Player, QueueItem, Stay
from handoff.store import REOPENED_MS, Command, HandoffRequest, KnownTicket, Stored, View, status_entry

FULL = 100  # units of a conversation's slot
HANDLED, WAITS = 200, 500  # how many are remembered
replace = msgspec.structs.replace


@dataclass
class Conversation:
    """A live conversation."""

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
    group: str = GENERAL
    key: int = 0
    head_start: int = 0
    language: str = "zh"
    last_agent: str = ""
    offer: str = ""
    invites: set[str] = field(default_factory=set)
    guests: dict[str, str] = field(default_factory=dict)
    declined: list[str] = field(default_factory=list)
    declined_at: int = 0
    transfer: str = ""
    transfer_group: str = ""
    transfer_by: str = ""
    transfer_note: str = ""
    idle: bool = False
    unanswered: bool = False
    called_at: int = 0
    kept: bool = False
    held: bool = False
    told_p90: int = 0


@dataclass
class Agent:
    """An agent as the twin knows them."""

    status: str = ""
    capacity: int = 0
    display: str = ""
    seen: int = 0
    load: dict[str, int] = field(default_factory=dict)  # conversation -> units
    offers: dict[str, int] = field(default_factory=dict)  # pending offer -> units
    missed: int = 0
    changed_at: int = 0
    profile: Profile = field(default_factory=Profile)


@dataclass
class Past:
    """How a player's last episode ended."""

    episode: str = ""
    agent: str = ""
    agent_at: int = 0  # when the agent's episode ended
    ended_at: int = 0
    score: int = 0
    complaint: bool = False
    promise: str = ""
    promise_by: str = ""
    promise_at: int = 0
    promise_in: str = ""

    def fields(self) -> dict[str, str]:
        """As `handoff.redis_base.facts_of` takes it."""
        return {"score": str(self.score), "complaint": "1" if self.complaint else ""}


class MemoryState:
    """Everything the twin keeps. All times in milliseconds."""

    def __init__(self, clock: Clock, *, grace_ms: int = 12_000, per_second: int = 8, policy: Policy = DEFAULT) -> None:
        """As `RedisStore`."""
        self.policy = policy
        self._clock = clock
        self._grace = grace_ms
        self._per_second = per_second
        self._conversations: dict[str, Conversation] = {}
        self._open: dict[str, str] = {}
        self._episodes: dict[str, Episode] = {}
        self._past: dict[str, Past] = {}
        self._ended: dict[str, list[str]] = {}
        self._known_tickets: dict[str, dict[str, KnownTicket]] = {}
        self._ids: dict[tuple[str, str], tuple[str, Stored]] = {}
        self._rates: dict[str, tuple[int, int]] = {}
        self._ready: dict[str, int] = {}
        self._queue: dict[str, int] = {}
        self._wanted: set[str] = set()  # conversations that want to be offered
        self._offers: dict[str, Offer] = {}
        self._timers: dict[tuple[str, str], int] = {}
        self._wrap_ups: dict[str, int] = {}
        self._agents: dict[str, Agent] = {}
        self._players: dict[str, int] = {}
        self._alerts: list[Alert] = []
        self._handled: dict[str, list[int]] = {}
        self._waits: list[Wait] = []
        self._hooks: list[tuple[str, dict[str, str]]] = []
        self._outbox: list[tuple[str, dict[str, str]]] = []
        self.refused: list[tuple[str, dict[str, str]]] = []  # events set aside
        self._events = 0
        self._newest = 0  # the time in the newest event's id: as in a stream, it never goes back
        self._tickets = 0

    # -- finding --

    def _get(self, conversation: str) -> Conversation:
        c = self._conversations.get(conversation)
        if c is None:
            raise errors.UnknownConversation(f"no live conversation {conversation}", conversation=conversation)
        return c

    def _of(self, player: str) -> Optional[Conversation]:
        return self._conversations.get(self._open.get(player, ""))

    def _mine(self, player: str) -> Conversation:
        c = self._of(player)
        if c is None:
            raise errors.UnknownConversation()
        return c

    def _create(self, player: Player) -> Conversation:
        now = self._clock.now_ms()
        c = Conversation(secrets.token_hex(12), player, now, now)
        self._conversations[c.id] = c
        self._open[player.id] = c.id
        return c

    def _illegal(self, c: Conversation, event: str) -> errors.IllegalTransition:
        owner, state = c.ownership.owner.value, c.ownership.episode.value
        return errors.IllegalTransition(
            f"{event} is not possible now", owner=owner, state=state, event=event, agent=c.agent_name
        )

    def _moved(self, c: Conversation, event: Event) -> Ownership:
        try:
            return apply(c.ownership, event)
        except errors.IllegalTransition:
            raise self._illegal(c, event.value) from None

    def _whose(self, c: Conversation) -> dict[str, Any]:
        return {"owner": c.ownership.owner.value, "agent": c.agent_name, "epoch": c.ownership.epoch}

    def _owned(self, agent: str, conversation: str, epoch: int, *, guests: bool = False) -> Conversation:
        c = self._get(conversation)
        guest = guests and c.ownership.owner is Owner.AGENT and agent in c.guests
        if not guest and (c.ownership.owner is not Owner.AGENT or c.agent != agent):
            raise errors.NotOwner(**self._whose(c))
        if c.ownership.epoch != epoch:
            raise errors.StaleEpoch(**self._whose(c))
        return c

    # -- commands --

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

    # -- log --

    def _append(self, c: Conversation, entry: Entry) -> int:
        n = len(c.log) + 1
        c.log.append(replace(entry, n=n))
        c.last_at = self._clock.now_ms()
        return n

    def _tell(self, c: Conversation, event: str, data: Optional[dict[str, Any]] = None, name: str = "") -> int:
        return self._append(c, status_entry(self._clock.now_ms(), event, data, name))

    def _note(self, c: Conversation, kind: Any, author: str, text: str, id: str = "", **data: Any) -> int:
        n = len(c.notes) + 1
        c.notes.append(Note(n=n, at=self._clock.now_ms(), author=author, text=text, id=id, kind=kind, data=data))
        return n

    def _has_work(self, c: Conversation) -> bool:
        return (c.ownership.owner is not Owner.AGENT and c.player_n > c.cursor) or bool(c.summary_due)

    def _wake(self, c: Conversation, delay_ms: int = 0) -> None:
        at = self._clock.now_ms() + delay_ms
        known = self._ready.get(c.id)
        leased = c.lease is not None and known is not None and known > self._clock.now_ms()
        if known is None or (not leased and at < known):
            self._ready[c.id] = at

    def _silence(self, c: Conversation) -> None:
        c.cursor, c.attempts, c.lease = len(c.log), 0, None
        self._ready.pop(c.id, None)
        if c.summary_due:
            self._wake(c)

    # -- timers --

    def _timer(self, c: Conversation, kind: str, at: int) -> None:
        self._timers[(c.id, kind)] = at

    def _clear(self, c: Conversation, *kinds: str) -> None:
        """Of a deadline's name all stages."""
        for id, kind in list(self._timers):
            if id == c.id and (not kinds or kind in kinds or kind.split(".")[0] in kinds):
                del self._timers[(id, kind)]

    def _deadline(self, c: Conversation, name: str, tier: int) -> None:
        limit_ms = getattr(self.policy.deadlines_of(tier), name) * 1000
        self._timer(c, f"{name}.warn", self._clock.now_ms() + round(self.policy.warn_agent * limit_ms))

    # -- agents --

    def _is_seen(self, agent: str) -> bool:
        a = self._agents.get(agent)
        return a is not None and a.seen >= self._clock.now_ms() - self._grace

    def _online(self) -> int:
        return sum(a.status == "online" and self._is_seen(id) for id, a in self._agents.items())

    def _load(self, a: Agent) -> int:
        return sum(a.load.values()) + sum(a.offers.values())

    def _available(self, agent: str, units: int) -> Agent:
        a = self._agents.get(agent)
        if a is None or a.status != "online" or not self._is_seen(agent):
            seen = a is not None and self._is_seen(agent)
            raise errors.AgentUnavailable(
                status=(a.status or "offline") if a and seen else "offline", display=a.display if a else ""
            )
        taken = self._load(a)
        if taken + units > a.capacity * FULL:
            raise errors.CapacityFull(capacity=a.capacity, active=taken / FULL)
        return a

    def _take_slot(self, agent: str, c: Conversation, units: int) -> None:
        a = self._agents[agent]
        a.load[c.id] = units
        a.changed_at, a.missed = self._clock.now_ms(), 0

    def _leave_slot(self, agent: str, c: Conversation) -> None:
        a = self._agents[agent]
        a.load.pop(c.id, None)
        a.changed_at = self._clock.now_ms()

    def _stir(self, c: Conversation) -> None:
        if c.ownership.owner is not Owner.AGENT:
            return
        self._timer(c, "idle", self._clock.now_ms() + self.policy.times.idle * 1000)
        if c.idle:
            c.idle = False
            self._agents[c.agent].load[c.id] = self.policy.units[CHAT]

    def _stay_begins(self, c: Conversation, agent: str, display: str, how: Any) -> None:
        ep = self._episodes[c.episode]
        stay = Stay(agent=agent, name=display, since=self._clock.now_ms(), how=how)
        self._episodes[c.episode] = replace(ep, owners=[*ep.owners, stay])

    def _stay_ends(self, c: Conversation) -> None:
        ep = self._episodes[c.episode]
        if not ep.owners or ep.owners[-1].until:
            return
        now = self._clock.now_ms()
        last = replace(ep.owners[-1], until=now)
        self._episodes[c.episode] = replace(ep, owners=[*ep.owners[:-1], last])
        self._handled[ep.group] = [now - last.since, *self._handled.get(ep.group, [])][:HANDLED]

    # -- offers --

    def _open_to_offers(self, c: Conversation) -> None:
        if c.offer or c.held:
            return
        if c.ownership.owner is Owner.QUEUE or c.transfer_group:
            self._wanted.add(c.id)

    def _shut_to_offers(self, c: Conversation) -> None:
        self._wanted.discard(c.id)

    def _make_offer(self, c: Conversation, kind: OfferKind, agent: str, by: str, note: str) -> Offer:
        now = self._clock.now_ms()
        units = self.policy.units[GUEST if kind is OfferKind.INVITE else CHAT]
        offer = Offer(
            secrets.token_hex(12),
            c.id,
            kind,
            agent,
            OfferState.PENDING,
            now,
            now + self.policy.times.accept * 1000,
            by,
            note,
        )
        self._offers[offer.id] = offer
        self._agents[agent].offers[offer.id] = units
        if kind is OfferKind.INVITE:
            c.invites.add(offer.id)
        else:
            c.offer = offer.id
            self._shut_to_offers(c)
        self._count(c, "offers")
        self._record("offered", "system", c, {"offer": offer.id, "kind": kind.value, "agent": agent})
        return offer

    def _count(self, c: Conversation, name: str, by: int = 1) -> None:
        ep = self._episodes[c.episode]
        self._episodes[c.episode] = replace(ep, **{name: getattr(ep, name) + by})

    def _settle(self, offer: Offer, state: OfferState, actor: str, c: Conversation) -> None:
        self._offers[offer.id] = Offer(**{**offer.__dict__, "state": state})
        self._agents[offer.agent].offers.pop(offer.id, None)
        if offer.kind is OfferKind.INVITE:
            c.invites.discard(offer.id)
        else:
            c.offer = ""
        data = {"offer": offer.id, "kind": offer.kind.value, "agent": offer.agent}
        self._record(f"offer_{state.value}", actor, c, data)

    def _turned_down(self, offer: Offer, c: Conversation) -> None:
        if offer.kind is OfferKind.INVITE or (offer.kind is OfferKind.TRANSFER and not c.transfer_group):
            self._note(c, "alert", "system", "", code="declined", name=self._agents[offer.agent].display)
        if offer.kind is OfferKind.INVITE:
            return
        c.declined = [agent for agent in c.declined if agent != offer.agent] + [offer.agent]
        c.declined_at = self._clock.now_ms()
        self._count(c, "missed")
        if offer.kind is OfferKind.TRANSFER and not c.transfer_group:
            c.transfer = c.transfer_note = c.transfer_by = ""

    def _drop_offers(self, c: Conversation, state: OfferState, actor: str) -> None:
        for id in [*sorted(c.invites), *([c.offer] if c.offer else [])]:
            self._settle(self._offers[id], state, actor, c)
        self._shut_to_offers(c)
        c.transfer = c.transfer_group = c.transfer_note = c.transfer_by = ""

    def _drop_guests(self, c: Conversation) -> None:
        for guest in c.guests:
            self._leave_slot(guest, c)
        c.guests.clear()

    def _free_slot(self, c: Conversation, actor: str = "system") -> None:
        if c.agent:
            self._leave_slot(c.agent, c)
            if c.ownership.episode is EpisodeState.ACTIVE:
                self._stay_ends(c)
        self._drop_offers(c, OfferState.RESCINDED, actor)
        self._drop_guests(c)
        self._wrap_ups.pop(c.id, None)
        c.agent = c.agent_name = ""
        c.idle = c.unanswered = False
        self._clear(c, "idle", "ask", "close", "next")

    # -- queue --

    def _enter_queue(self, c: Conversation) -> None:
        self._queue[c.id] = c.key
        self._open_to_offers(c)
        self._timer(c, "notice", self._clock.now_ms() + self.policy.times.notice * 1000)

    def _exit_queue(self, c: Conversation, state: OfferState, actor: str) -> None:
        del self._queue[c.id]
        self._drop_offers(c, state, actor)
        c.called_at, c.kept, c.held = 0, False, False
        self._clear(c, "notice", "call", "open")

    def _end(self, c: Conversation, reason: EndReason, disposition: str = "", comment: str = "") -> None:
        now = self._clock.now_ms()
        ep = self._episodes[c.episode]
        self._episodes[c.episode] = replace(
            ep,
            state="ended",
            ended_at=now,
            end_reason=reason.value,
            disposition=disposition or ep.disposition,
            comment=comment or ep.comment,
        )
        self._clear(c)
        past = self._past.setdefault(c.player.id, Past())
        past.episode, past.ended_at, past.score = c.episode, now, ep.score
        if c.agent:
            past.agent, past.agent_at = c.agent, now
        self._ended[c.player.id] = [*self._ended.get(c.player.id, []), c.episode][-10:]

    def _know_ticket(self, player: str, number: str, state: str, text: str) -> None:
        ticket = KnownTicket(number, state, text, self._clock.now_ms())
        self._known_tickets.setdefault(player, {})[number] = ticket

    def _enqueue(self, c: Conversation, request: HandoffRequest, actor: str) -> int:
        now = self._clock.now_ms()
        if c.ownership.episode is EpisodeState.WRAP_UP:
            self._end(c, EndReason.EXPIRED)
            self._record("expired", "system", c)
            self._free_slot(c)
        past = self._past.get(c.player.id, Past())
        since = now - past.ended_at
        c.ownership = apply(c.ownership, Event.REQUEST)
        c.episode = secrets.token_hex(12)
        c.episodes.append(c.episode)
        c.rate_due, c.declined, c.declined_at, c.told_p90 = "", [], 0, 0
        c.group, c.language = self.policy.group(request.group).id, request.language
        c.last_agent = past.agent if now - past.agent_at <= self.policy.times.reopen * 1000 else ""
        c.head_start = self._head_start(c, request)
        c.key = now - c.head_start
        self._episodes[c.episode] = Episode(
            id=c.episode,
            state="queued",
            reason=request.reason,
            urgency=request.urgency,
            scenario=request.scenario,
            requested_at=now,
            group=c.group,
            tier=tier_of(request),
            asked_tier=tier_of(request),
            reopens=past.episode if since <= REOPENED_MS else "",
        )
        if request.complaint:
            self._past.setdefault(c.player.id, Past()).complaint = True
        c.summary_due = c.episode
        self._wake(c)
        self._enter_queue(c)
        self._deadline(c, "first", tier_of(request))
        self._deadline(c, "resolution", tier_of(request))
        data = {"reason": request.reason, "urgency": request.urgency, "agents_online": self._online()}
        n = self._tell(c, "queued", data)
        self._record("request", actor, c)
        return n

    def _head_start(self, c: Conversation, request: HandoffRequest) -> int:
        past = self._past.get(c.player.id, Past())
        since = self._clock.now_ms() - past.ended_at
        return head_start_ms(facts_of(request, c.player.vip, past.fields(), since), self.policy.weights)

    def _raise(
        self, c: Conversation, head_start: int, group: str = "", request: Optional[HandoffRequest] = None
    ) -> None:
        ep = self._episodes[c.episode]
        if request is not None:
            ep = replace(
                ep,
                scenario=request.scenario or ep.scenario,
                urgency=max(ep.urgency, request.urgency),
                tier=max(ep.tier, tier_of(request)),
            )
        gained = max(0, head_start - c.head_start)
        c.head_start += gained
        c.key -= gained
        c.group = group or c.group
        self._episodes[c.episode] = replace(ep, group=c.group)
        self._queue[c.id] = c.key

    def _hand_to(self, c: Conversation, agent: str, how: Any, actor: str) -> int:
        now = self._clock.now_ms()
        before, name_before = c.ownership.owner, c.agent_name
        ep = self._episodes[c.episode]
        if before is Owner.QUEUE:
            self._exit_queue(c, OfferState.RESCINDED, actor)
            if not ep.accepted_at:
                self._waits = [Wait(c.group, now - ep.requested_at, c.told_p90), *self._waits][:WAITS]
                self._episodes[c.episode] = replace(ep, accepted_at=now)
        else:
            self._leave_slot(c.agent, c)
            self._stay_ends(c)
            self._drop_offers(c, OfferState.RESCINDED, actor)
            c.guests.pop(agent, None)
        event = {"transfer": Event.TRANSFER, "takeover": Event.TAKE_OVER}.get(how, Event.ACCEPT)
        display = self._agents[agent].display
        self._take_slot(agent, c, self.policy.units[CHAT])
        c.agent, c.agent_name, c.ownership, c.idle, c.declined = agent, display, apply(c.ownership, event), False, []
        self._episodes[c.episode] = replace(self._episodes[c.episode], state="active", agent=agent)
        self._stay_begins(c, agent, display, how)
        told = {Event.TRANSFER: "transferred", Event.TAKE_OVER: "taken_over"}.get(event, "accepted")
        n = self._tell(c, told, {"from": name_before} if before is Owner.AGENT else None, display)
        self._timer(c, "idle", now + self.policy.times.idle * 1000)
        if before is Owner.QUEUE:
            self._silence(c)
        self._record({"taken_over": "take_over", "accepted": "accept"}.get(told, told), actor, c)
        return n

    def _leave_queue(
        self, c: Conversation, event: str, reason: EndReason, actor: str, entry: Entry, text: Optional[str]
    ) -> tuple[str, int]:
        number, data = "", {}
        if text is not None:
            number = self._ticket_number()
            data = {"number": number, "text": text, "group": c.group}
            self._know_ticket(c.player.id, number, "open", text)
            entry = replace(entry, data={k: number if v == "@NUMBER@" else v for k, v in entry.data.items()})
        waiting = c.ownership.owner is Owner.QUEUE
        if waiting:
            self._exit_queue(c, OfferState.CANCELLED, actor)
            self._end(c, reason)
            c.summary_due = ""
            left = Event.MISSED if reason is EndReason.MISSED else Event(event)
            c.ownership = apply(c.ownership, left)
        n = self._append(c, entry)
        self._record(event, actor, c, data)
        if waiting:
            c.episode = ""
        return number, n

    def _ticket_number(self) -> str:
        self._tickets += 1
        return f"T{utc(self._clock.now_ms()).strftime('%Y%m%d')}-{self._tickets:04d}"

    def _hook(self, event: str, c: Conversation, data: dict[str, Any]) -> None:
        self._events += 1
        now = str(self._clock.now_ms())
        fields = {"at": now, "event": event, "player": c.player.id, "conversation": c.id}
        self._hooks.append((f"{now}-{self._events}", fields | {"data": msgspec.json.encode(data).decode()}))

    def _record(
        self, event: str, actor: str, c: Optional[Conversation], data: Optional[dict[str, Any]] = None, ep: str = ""
    ) -> None:
        self._events += 1
        fields = {"at": str(self._clock.now_ms()), "event": event, "actor": actor}
        fields["data"] = msgspec.json.encode(data or {}).decode()
        if c is not None:
            fields |= {"conversation": c.id, "player": c.player.id, "epoch": str(c.ownership.epoch)}
            episode = self._episodes.get(ep or c.episode)
            if episode is not None:
                fields["episode"] = msgspec.json.encode(_flat(episode)).decode()
        self._newest = max(self._newest, int(fields["at"]))
        self._outbox.append((f"{self._newest}-{self._events}", fields))

    def _view(self, c: Conversation, *, episode: bool = True) -> View:
        past = self._past.get(c.player.id)
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
            guests=tuple(Guest(id, display) for id, display in sorted(c.guests.items())),
            transfer=c.transfer,
            idle=c.idle,
            kept=c.kept,
            promises=(past.promise,) if past and past.promise and episode else (),
            episode=self._episodes.get(c.episode) if episode else None,
        )

    def _present(self, player: str) -> bool:
        seen = self._players.get(player)
        return seen is not None and seen >= self._clock.now_ms() - self.policy.times.present * 1000

    def _queue_item(self, c: Conversation) -> QueueItem:
        episode = self._episodes[c.episode]
        said = (entry.text[:80] for entry in reversed(c.log[-24:]) if entry.sender == "player" and entry.text)
        asked = self._offers[c.offer].agent if c.offer else ""
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
            group=episode.group,
            tier=episode.tier,
            offered_to=self._agents[asked].display if asked else "",
            away=not self._present(c.player.id),
        )


def _flat(episode: Episode) -> dict[str, Any]:
    """An episode as the Redis hash holds it."""
    flat = {k: v for k, v in msgspec.to_builtins(episode).items() if k != "summary"}
    for name in ("ratings", "owners"):
        if name in flat:
            flat[name] = msgspec.json.encode(getattr(episode, name)).decode()
    for name in ("late", "compensation"):
        if name in flat:
            flat[name] = ",".join(getattr(episode, name))
    if episode.summary is not None:
        flat["summary"] = msgspec.json.encode(episode.summary).decode()
    return flat
