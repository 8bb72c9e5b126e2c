"""The port of the handoff engine: offers, teamwork, timers, waiting players, on top of `handoff.store`.

`RedisStore` and `MemoryStore` keep it as well; the same contract test classes run on both. Whatever is decided
(`handoff.routing`, `handoff.deadlines`) is decided outside on a snapshot and checked again in the atomic step, so a
decision that comes too late is refused and never half done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional, Protocol

from handoff.policy import Overflow
from handoff.protocol import Entry, Note, Player
from handoff.store import Command, Stored


class OfferState(str, Enum):
    """Where a reservation stands; every state but PENDING is final."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # the agent said no
    TIMED_OUT = "timed_out"  # the agent said nothing
    RESCINDED = "rescinded"  # taken away: somebody else has it, the agent is gone, the asker took it back
    CANCELLED = "cancelled"  # the player no longer waits


class OfferKind(str, Enum):
    """What an agent is offered."""

    QUEUE = "queue"  # a waiting conversation
    TRANSFER = "transfer"  # a colleague's conversation; the colleague keeps it until it is accepted
    INVITE = "invite"  # a part in a colleague's conversation


@dataclass(frozen=True)
class Offer:
    """A reservation of a conversation for one agent."""

    id: str
    conversation: str
    kind: OfferKind
    agent: str
    state: OfferState
    made_at: int
    expires_at: int
    by: str = ""  # display name of the colleague who transfers or invites
    note: str = ""


@dataclass(frozen=True)
class Profile:
    """What routing must know of an agent, from their account."""

    role: str = "agent"
    skills: Mapping[str, int] = field(default_factory=dict)  # group -> proficiency 1..5
    languages: Sequence[str] = ("zh",)
    players: Sequence[str] = ()  # players (VIP) whose own agent this is


@dataclass(frozen=True)
class AgentNow:
    """An agent as routing sees them. Loads are in units: a conversation is 100, `capacity` is in units too."""

    id: str
    display: str
    status: str
    capacity: int
    load: int  # of conversations, pending offers included
    profile: Profile
    free_since: int = 0  # when the agent last got or ended something


@dataclass(frozen=True)
class Waiting:
    """A conversation that wants an agent: from the queue, or to be transferred to a group."""

    conversation: str
    player: str
    key: int  # smaller is served first (handoff/priority.py)
    requested_at: int
    group: str
    vip: int = 0
    language: str = "zh"
    kind: OfferKind = OfferKind.QUEUE
    last_agent: str = ""  # who had the player's last episode, while it may be reopened
    declined: Sequence[str] = ()  # agents who rejected or missed it, oldest first
    declined_at: int = 0  # when the last of them did
    present: bool = True  # the player has the chat open
    called_at: int = 0  # when the absent player was called; 0: not yet
    owner: str = ""  # kind transfer: the agent who has it


@dataclass(frozen=True)
class Due:
    """A timer whose time has come."""

    conversation: str
    kind: str  # a handoff.deadlines.Kind
    at: int


@dataclass(frozen=True)
class Firing:
    """What a timer does, all of it in one step with the removal of the timer, or nothing."""

    entry: Optional[Entry] = None  # to the player
    note: Optional[Note] = None  # to the agents
    alert: str = ""  # to the supervisors: its code
    next: Sequence[tuple[str, int]] = ()  # timers to set: kind, UTC milliseconds
    late: str = ""  # recorded in the episode: the deadline that was missed
    compensation: str = ""
    tier: int = 0  # raise the episode to this tier
    gain: int = 0  # head start (ms) that a waiting request gains
    park: bool = False  # free the slot until somebody writes
    resume: bool = False  # a request that was held back wants an agent again
    stop: str = ""  # "no_reply": the agent's episode ends; "missed": the wait ends in a ticket
    text: str = ""  # of that ticket


@dataclass(frozen=True)
class Alert:
    """Something a supervisor should see."""

    id: str
    at: int
    code: str
    conversation: str
    agent: str = ""


@dataclass(frozen=True)
class Wait:
    """One finished wait, for the estimates: what was told at the start and what came."""

    group: str
    waited_ms: int
    told_p90_ms: int  # 0: nothing was told


class HandoffEngine(Protocol):
    """What the worker and the desks do beyond `ConversationStore`. Commands are idempotent, everything is atomic."""

    # -- agents --

    async def profile(self, agent: str, profile: Profile) -> None:
        """What routing may know of an agent; set at every log-in of a desk."""

    async def agents(self) -> list[AgentNow]:
        """Every agent who is connected, whatever their status."""

    # -- offers --

    async def waiting(self, limit: int = 200) -> list[Waiting]:
        """What wants an agent and is offered to nobody: the first `limit` of each group in order of key.

        Players who were called are among them, with `called_at`; they can't be offered until they are back.
        """

    async def offer(self, waiting: Waiting, agent: str) -> Offer:
        """Reserve it for the agent for `times.accept` seconds.

        Raises:
            IllegalTransition: it does not wait any more, or is offered to somebody.
            AgentUnavailable: the agent is not online (or has it already).
            CapacityFull: the agent has as many as they take, pending offers counted.
        """

    async def offers_of(self, agent: str) -> list[Offer]:
        """The agent's pending offers, oldest first."""

    async def take(self, agent: str, command: Command, offer: str) -> Stored:
        """Accept an offer of any kind.

        Raises:
            OfferGone: it is not pending, or not this agent's; the fields say its state and who has the conversation now.
        """

    async def reject(self, agent: str, command: Command, offer: str) -> Stored:
        """Turn an offer down. Raises OfferGone."""

    async def overdue_offers(self) -> list[str]:
        """Pending offers past their time, or whose agent is gone."""

    async def expire_offer(self, offer: str) -> OfferState:
        """End an overdue offer: TIMED_OUT, or RESCINDED when its agent is gone or has no room for it any more. Raises OfferGone.

        The agent who misses `policy.missed` in a row is sent into a break.
        """

    # -- working together --

    async def transfer(
        self, agent: str, command: Command, conversation: str, epoch: int, to_agent: str, to_group: str, note: str
    ) -> Stored:
        """Ask an agent, or whoever is free in a group, to take over; the asker stays owner until then.

        Raises:
            NotOwner, StaleEpoch: as every write of an agent.
            IllegalTransition: to oneself, to both or neither, or while a transfer is pending.
            AgentUnavailable, CapacityFull: of the agent asked.
            UnknownGroup: the policy knows no such group.
        """

    async def cancel_transfer(self, agent: str, command: Command, conversation: str) -> Stored:
        """Take a pending transfer back. Raises NotOwner, IllegalTransition when none is pending."""

    async def invite(
        self, agent: str, command: Command, conversation: str, epoch: int, colleague: str, note: str
    ) -> Stored:
        """Ask a colleague to join; they write to the player too. Raises as `transfer`."""

    async def dismiss(self, agent: str, command: Command, conversation: str, guest: str) -> Stored:
        """A guest leaves, or the owner lets them go. Raises NotOwner, IllegalTransition when they are no guest."""

    async def whisper(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        """A supervisor's note that the owner sees at once; never sent to a player."""

    async def take_over(self, supervisor: str, display: str, command: Command, conversation: str, note: str) -> Stored:
        """A supervisor takes an agent's conversation without asking. Raises IllegalTransition, when no other agent has it."""

    # -- waiting players --

    async def player_here(self, player: str) -> None:
        """The player's chat is open; said every few seconds."""

    async def keep(self, player: str, command: Command) -> Stored:
        """The player leaves and wants to be called at their turn. Raises IllegalTransition when not waiting."""

    async def call(self, conversation: str) -> None:
        """It is an absent player's turn: tell them, wait `times.call`. Raises IllegalTransition."""

    async def overflow(self, conversation: str, overflow: Overflow, text: str = "", opens_at: int = 0) -> None:
        """What the policy does with a request that its group can't take: another group, a ticket with `text`, or waiting
        until `opens_at`. Raises IllegalTransition when it does not wait any more or is offered to somebody."""

    async def tell(self, player: Player, command: Command, entry: Entry) -> Stored:
        """A line for the player from outside a turn, in their open conversation; the push service hears of it too."""

    async def agent_ticket(self, agent: str, display: str, command: Command, conversation: str, text: str) -> Stored:
        """Open a ticket for work that outlasts the conversation. Raises NotOwner unless owner or guest."""

    async def hooks(self, limit: int = 100) -> list[tuple[str, dict[str, str]]]:
        """Events for the operator's push service, oldest first: (id, fields)."""

    async def hooks_done(self, ids: Sequence[str]) -> None:
        """Drop events that were delivered or are too old."""

    # -- timers --

    async def due(self, limit: int = 200) -> list[Due]:
        """Timers whose time has come, oldest first."""

    async def fire(self, due: Due, firing: Firing) -> bool:
        """Do it, once. False (and nothing done) when the timer was moved, cleared or fired meanwhile."""

    # -- reading --

    async def alerts(self, limit: int = 100) -> list[Alert]:
        """The newest alerts, newest first."""

    async def handled(self, group: str) -> list[int]:
        """How long the group's last conversations took (accepted to freed slot), milliseconds, newest first, at most 200."""

    async def waits(self, limit: int = 500) -> list[Wait]:
        """The newest finished waits, newest first."""

    async def told(self, conversation: str, p90_ms: int) -> None:
        """Remember the first P90 that a waiting player was shown."""
