"""Knows what must hold after every step, whatever happens, and stops the run at the first step after which it does not.

It looks into the in-memory store, since what a port shows would hide half of what may go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Optional

from common.clock import Clock
from handoff.archive_memory import MemoryArchive
from handoff.deadlines import Deadline
from handoff.engine import Due, Offer, OfferKind, OfferState, Waiting
from handoff.machine import EndReason, EpisodeState, Owner
from handoff.memory_state import FULL, Conversation
from handoff.memory_store import MemoryStore
from handoff.policy import Policy
from handoff.priority import most_ms
from handoff.protocol import Entry, Episode
from handoff.store import Stored

INTERNAL = "internal:"  # what notes and whispers begin with, to be found where it must not be
LATE_MS = 5_000  # a timer may be so late in undisturbed time
ORPHAN_MS = 15_000  # an orphaned conversation is offered again within so long of the agent's last beat

_STATE = {
    "queued": (Owner.QUEUE, EpisodeState.QUEUED),
    "active": (Owner.AGENT, EpisodeState.ACTIVE),
    "wrap_up": (Owner.BOT, EpisodeState.WRAP_UP),
}


class Broken(Exception):
    """An invariant does not hold."""

    def __init__(self, invariant: str, detail: str) -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant
        self.detail = detail


class Touched(dict[str, Conversation]):
    """The store's conversations; notes which of them a step looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, None] = {}

    def __getitem__(self, id: str) -> Conversation:
        self.ids[id] = None
        return super().__getitem__(id)

    def get(self, id: str, default: Any = None) -> Any:
        self.ids[id] = None
        return super().get(id, default)

    def __setitem__(self, id: str, conversation: Conversation) -> None:
        self.ids[id] = None
        super().__setitem__(id, conversation)


@dataclass
class Known:
    """A conversation as it was after the last step that touched it."""

    player: str
    owner: Owner
    agent: str
    epoch: int
    episode: str
    key: int
    logged: int = 0
    newest: Optional[Entry] = None


@dataclass(frozen=True)
class Acknowledged:
    """A message whose sender was told that it is stored."""

    conversation: str
    n: int
    text: str


class Oracle:
    """Checks the conversations that a step touched, and all of them once a minute."""

    def __init__(
        self,
        store: MemoryStore,
        archive: MemoryArchive,
        clock: Clock,
        policy: Policy,
        moved: Callable[[Conversation, Owner], None],
    ) -> None:
        """`moved`: told of every change of owner, with the owner before."""
        self._moved = moved
        self._store = store
        self._archive = archive
        self._clock = clock
        self._policy = policy
        self._known: dict[str, Known] = {}
        self._acknowledged: dict[str, Acknowledged] = {}
        self._senders: dict[
            tuple[str, str], list[tuple[int, int]]
        ] = {}  # sender, conversation -> (order of the answer, n)
        self.answers = 0  # how many messages were acknowledged
        self._entry_ids: set[tuple[str, str]] = set()
        self._ended: dict[str, tuple[str, int]] = {}
        self.requested: dict[str, Episode] = {}  # every episode, as it was made
        self._fired: set[tuple[str, str, int]] = set()
        self.disturbed_until = 0  # time by the store's clock up to which timers may be late
        self._disturbances: list[tuple[int, int]] = []
        self.latest_ms = 0  # the latest timer of undisturbed time
        self.touched = Touched()
        store._conversations = self.touched

    # -- after a step --

    def check_touched(self) -> None:
        """Every conversation that the last step looked up."""
        for id in list(self.touched.ids):
            self._check(id)

    def _check(self, id: str) -> None:
        c = dict.get(self.touched, id)
        if c is None:
            self._forgotten(id)
            return
        known = self._known.get(id)
        if known is None:
            known = self._known[id] = Known(c.player.id, Owner.BOT, "", 0, "", 0)
        self._check_log(c, known)
        self._check_owner(c, known)
        self._check_queue(c, known)
        self._check_slots(c)
        self._check_offers(c)
        self._check_episodes(c, known)
        if c.ownership.epoch != known.epoch:
            self._moved(c, known.owner)
        known.owner, known.agent, known.epoch = c.ownership.owner, c.agent, c.ownership.epoch
        known.episode, known.key = c.episode, c.key

    def _check_log(self, c: Conversation, known: Known) -> None:
        if len(c.log) < known.logged or (known.logged and c.log[known.logged - 1] is not known.newest):
            raise Broken("a stored entry stays", f"conversation {c.id}: {known.logged} entries were there")
        for index in range(known.logged, len(c.log)):
            entry = c.log[index]
            if entry.n != index + 1:
                raise Broken(
                    "entries are numbered without gaps", f"conversation {c.id}: {entry.n} at place {index + 1}"
                )
            if INTERNAL in entry.text or INTERNAL in str(entry.data):
                raise Broken("internal notes never reach the player", f"conversation {c.id}, entry {entry.n}")
            if entry.id:
                if (c.id, entry.id) in self._entry_ids:
                    raise Broken("a message is stored once", f"conversation {c.id}: {entry.id} again as {entry.n}")
                self._entry_ids.add((c.id, entry.id))
        known.logged = len(c.log)
        known.newest = c.log[-1] if c.log else None

    def _check_owner(self, c: Conversation, known: Known) -> None:
        owner, epoch = c.ownership.owner, c.ownership.epoch
        had = known.agent if known.owner is Owner.AGENT else ""
        has = c.agent if owner is Owner.AGENT else ""
        moved = (owner, has) != (known.owner, had)
        if epoch != known.epoch + (1 if moved else 0):
            detail = f"conversation {c.id}: {known.owner.value} {had} {known.epoch} -> {owner.value} {has} {epoch}"
            raise Broken("the epoch rises by one at each change of owner and never else", detail)
        if owner is Owner.AGENT and not c.agent:
            raise Broken("exactly one owner", f"conversation {c.id} belongs to an agent, but to none")

    def _check_queue(self, c: Conversation, known: Known) -> None:
        store, queued = self._store, c.ownership.owner is Owner.QUEUE
        if queued != (c.id in store._queue):
            where = "waits but is not in the queue" if queued else "is in the queue but does not wait"
            raise Broken("exactly one of bot, queue, agent", f"conversation {c.id} {where}")
        if queued and store._queue[c.id] != c.key:
            raise Broken("the queue's order is that of the keys", f"conversation {c.id}")
        if queued and known.episode == c.episode and c.key > known.key:
            raise Broken("a requested place never gets worse", f"conversation {c.id}: {known.key} -> {c.key}")
        wants = (queued and not c.held) or bool(c.transfer_group)
        if (wants and not c.offer) != (c.id in store._wanted):
            raise Broken("who waits is offered, or can be", f"conversation {c.id}: wants {wants}, offer {c.offer!r}")

    def _check_slots(self, c: Conversation) -> None:
        holders = set(c.guests)
        if c.ownership.owner is Owner.AGENT or c.ownership.episode is EpisodeState.WRAP_UP:
            holders.add(c.agent)
        slots = {id for id, agent in self._store._agents.items() if c.id in agent.load}
        if slots != holders:
            raise Broken(
                "slots belong to owner and guests", f"conversation {c.id}: {sorted(slots)}, not {sorted(holders)}"
            )
        wraps = c.ownership.episode is EpisodeState.WRAP_UP
        if wraps != (c.id in self._store._wrap_ups):
            raise Broken("a wrap-up ends by the clock", f"conversation {c.id}")

    def _check_offers(self, c: Conversation) -> None:
        offers = self._store._offers
        pending = [offers[id] for agent in self._store._agents.values() for id in agent.offers]
        held = [offer.id for offer in pending if offer.conversation == c.id and offer.kind is not OfferKind.INVITE]
        if held != ([c.offer] if c.offer else []):
            raise Broken("at most one pending offer a conversation", f"conversation {c.id}: {held}, not {c.offer!r}")
        if c.offer and offers[c.offer].state is not OfferState.PENDING:
            raise Broken("an offer ends once", f"offer {c.offer} is {offers[c.offer].state.value} but still held")

    def _check_episodes(self, c: Conversation, known: Known) -> None:
        episodes = self._store._episodes
        if c.episode and c.episode not in self.requested:
            self.requested[c.episode] = episodes[c.episode]
        for id in {known.episode, c.episode, *c.episodes[-1:]} - {""}:
            episode = episodes[id]
            if episode.state == "ended":
                self._check_end(episode)
            elif id != c.episode or (c.ownership.owner, c.ownership.episode) != _STATE[episode.state]:
                raise Broken("a request is in one state", f"episode {id} is {episode.state} in conversation {c.id}")
            elif id in self._ended:
                raise Broken("a request ends once", f"episode {id} goes on after its end")
        if not c.episode and c.ownership.episode is not EpisodeState.NONE:
            raise Broken("a request is in one state", f"conversation {c.id} has no episode")

    def _check_end(self, episode: Episode) -> None:
        EndReason(episode.end_reason)
        end = (episode.end_reason, episode.ended_at)
        if self._ended.setdefault(episode.id, end) != end:
            raise Broken("a request ends once", f"episode {episode.id}: {self._ended[episode.id]} and {end}")

    def _forgotten(self, id: str) -> None:
        known = self._known.pop(id, None)
        if known is None:
            return
        if known.owner is not Owner.BOT or known.episode:
            raise Broken("nobody is forgotten", f"conversation {id} was with {known.owner.value}")
        record = self._archive._conversations.get(id)
        stored = [entry.n for entry in record.entries] if record else []
        if stored != list(range(1, known.logged + 1)):
            raise Broken("the archive keeps all", f"conversation {id}: {len(stored)} of {known.logged} entries")

    # -- single steps --

    def loads(self, agents: Iterable[str]) -> dict[str, int]:
        """What the agents hold now, in units."""
        known = self._store._agents
        return {id: self._store._load(known[id]) for id in agents if id in known}

    def check_claim(self, before: dict[str, int]) -> None:
        """Nobody is above capacity after a claim. A parked conversation that wakes may exceed it: it is no claim."""
        for id, load in self.loads(before).items():
            capacity = self._store._agents[id].capacity * FULL
            if load > max(before[id], capacity):
                raise Broken("nobody is above capacity at a claim", f"agent {id}: {load} of {capacity}")

    def check_write(self, agent: str, conversation: str, epoch: int, stored: Stored) -> None:
        """A message that was let in came from the owner or a guest, under the present epoch."""
        c = dict.get(self.touched, conversation)
        if c is None or stored.n < len(c.log):
            return  # a repeat, answered from memory
        mine = c.ownership.owner is Owner.AGENT and (c.agent == agent or agent in c.guests)
        if not mine or c.ownership.epoch != epoch:
            detail = f"{agent} wrote to {conversation} under {epoch}; {c.agent or c.ownership.owner.value} has it"
            raise Broken("only the owner writes, under the present epoch", detail)

    def check_repeat(self, first: Stored, again: Stored) -> None:
        """A repeated command gives the stored answer."""
        if first != again:
            raise Broken("a repeated command gives the stored answer", f"{first}, then {again}")

    def acknowledge(self, sender: str, id: str, stored: Stored, text: str, begun: int) -> None:
        """The sender is told that their message is stored. `begun`: how many answers there were when it was sent first."""
        answers = self._senders.setdefault((sender, stored.conversation), [])
        earlier = next((n for order, n in reversed(answers) if order <= begun), 0)
        if stored.n <= earlier:
            raise Broken("a sender's messages are in order", f"{sender}: {id} is entry {stored.n}, after {earlier}")
        self.answers += 1
        answers.append((self.answers, stored.n))
        self._acknowledged[id] = Acknowledged(stored.conversation, stored.n, text)
        live = dict.get(self.touched, stored.conversation)
        if live is not None:
            self._find(id, live.log)

    def _find(self, id: str, log: list[Entry]) -> None:
        told = self._acknowledged[id]
        found = [entry.n for entry in log[told.n - 1 : told.n] if entry.id == id and entry.text == told.text]
        if not found:
            raise Broken("an acknowledged message is in the log", f"{id} in conversation {told.conversation}")

    def check_order(self, snapshot: list[Waiting], tried: set[str], chosen: Waiting) -> Iterator[tuple[Waiting, int]]:
        """That no one in the router's snapshot is passed over who could have had this agent, too.

        Yields the older requests of the group that are overtaken, and by how many milliseconds of age.
        """
        own = {player for agent in self._store._agents.values() for player in agent.profile.players}
        most = most_ms(self._policy.weights)
        for other in snapshot:
            if other.conversation in tried or other.conversation == chosen.conversation or other.group != chosen.group:
                continue
            if chosen.kind is not OfferKind.QUEUE or other.kind is not OfferKind.QUEUE or not other.present:
                continue
            younger = chosen.requested_at - other.requested_at
            if other.called_at or other.declined or other.player in own or other.language != chosen.language:
                continue
            if younger < 0:
                continue  # it may be in a stricter step
            if (other.key, other.conversation) < (chosen.key, chosen.conversation):
                detail = f"{chosen.conversation} before {other.conversation}"
                raise Broken("the smallest key is served first", detail)
            yield other, younger
            if younger > most - (other.requested_at - other.key):
                raise Broken("nothing overtakes after the proven bound", f"{other.conversation}: {younger} ms")

    def check_fired(self, due: Due) -> int:
        """A timer was acted on; how late, in milliseconds, -1 in disturbed time."""
        mark = (dict.__getitem__(self.touched, due.conversation).episodes[-1], due.kind, due.at)
        if mark in self._fired:
            raise Broken("a timer acts once", f"{due.kind} of {due.conversation} at {due.at}")
        self._fired.add(mark)
        late = self._clock.now_ms() - due.at
        if late < 0:
            raise Broken("a timer is not early", f"{due.kind} of {due.conversation}: {-late} ms")
        if due.at <= self.disturbed_until:
            return -1
        self.latest_ms = max(self.latest_ms, late)
        if late > LATE_MS:
            raise Broken("a timer is in time", f"{due.kind} of {due.conversation}: {late} ms late")
        return late

    def disturbed(self, since_ms: int, until_ms: int) -> None:
        """Nobody could act in time on what was due between these moments of the store's clock."""
        self.disturbed_until = max(self.disturbed_until, until_ms)
        self._disturbances.append((since_ms, until_ms))

    # -- now and then --

    def check_all(self) -> None:
        """Everything, touched or not."""
        for id in [*self._known]:
            self._check(id)
        store, now = self._store, self._clock.now_ms()
        lost = {*store._queue, *store._wanted, *store._wrap_ups} - set(self.touched)
        if lost:
            raise Broken("nobody is forgotten", f"no conversations {sorted(lost)}")
        self._check_held()
        late = min(now - LATE_MS, now - 1)
        overdue = [key for key, at in store._timers.items() if self.disturbed_until < at < late]
        overdue += [(id, "wrap-up") for id, at in store._wrap_ups.items() if self.disturbed_until < at < late]
        pending = (store._offers[id] for agent in store._agents.values() for id in agent.offers)
        overdue += [(offer.conversation, "offer") for offer in pending if self._is_stuck(offer, late)]
        if overdue:
            raise Broken("what is due is done in time", f"{overdue[:5]}")
        self._check_orphans(now)

    def _is_stuck(self, offer: Offer, late: int) -> bool:
        return self.disturbed_until < offer.expires_at < late

    def _check_held(self) -> None:
        for id, agent in self._store._agents.items():
            gone = set(agent.load) - set(self.touched)
            if gone:
                raise Broken("slots belong to owner and guests", f"agent {id} holds {sorted(gone)}, which are gone")

    def _check_orphans(self, now: int) -> None:
        if now <= self.disturbed_until + ORPHAN_MS:
            return
        for id, agent in self._store._agents.items():
            owned = [c for c in agent.load if dict.__getitem__(self.touched, c).ownership.owner is Owner.AGENT]
            if owned and agent.seen < now - self._store._grace - LATE_MS:
                raise Broken("an orphaned conversation waits again in time", f"agent {id}: {owned}")

    def check_queue(self, listed: list[str]) -> None:
        """That the list which the desks see is in order and whole."""
        keys = self._store._queue
        if listed != sorted(keys, key=lambda id: (keys[id], id)):
            raise Broken("the queue's order is that of the keys", f"{len(listed)} listed, {len(keys)} wait")

    # -- at the end --

    def check_end(self) -> None:
        """After the drain: nobody waits, every request has ended once, every acknowledged message is kept, all is archived."""
        self.check_all()
        open_episodes = [id for id in self.requested if id not in self._ended]
        if open_episodes or self._store._queue:
            detail = f"{len(open_episodes)} requests have not ended: {open_episodes[:3]}"
            raise Broken("after the drain nobody waits", detail)
        for id, (reason, _) in self._ended.items():
            kept = self._archive._episodes.get(id)
            if kept is None or kept[1].end_reason != reason:
                raise Broken(
                    "the archive keeps all", f"episode {id} ended as {reason}, archived: {kept and kept[1].state}"
                )
            if self.missed_deadline(kept[1]):
                raise Broken("no deadline is missed", f"first answer of episode {id} was late, nobody acted")
        for id, told in self._acknowledged.items():
            live = dict.get(self.touched, told.conversation)
            record = self._archive._conversations.get(told.conversation)
            self._find(id, live.log if live else list(record.entries) if record else [])

    def missed_deadline(self, episode: Episode) -> bool:
        """Whether the first answer was late and nobody acted on it, in undisturbed time."""
        asked, answered = episode.requested_at, episode.responded_at
        if not answered or Deadline.FIRST.value in episode.late:
            return False
        if any(since <= answered and until >= asked for since, until in self._disturbances):
            return False
        tier = self.requested[episode.id].tier
        limit = max(self._policy.deadlines_of(t).first for t in range(tier, max(episode.tier, tier) + 1)) * 1000
        return answered - asked > limit + LATE_MS
