"""The port through which everything reads and changes live conversations.

Two adapters keep it: `handoff.redis_store` (Lua scripts) and `handoff.memory_store` (the twin for tests and simulation);
one contract test class runs on both. Every method that changes something is atomic and, given a `Command`, idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Protocol

from handoff.machine import Disposition, EndReason, EpisodeState, Event, Owner
from handoff.protocol import Entry, Episode, Guest, Note, Player, QueueItem, Summary

PAST_MS = 30 * 24 * 3600 * 1000  # how long it is remembered how a player's last episode ended
REOPENED_MS = 7 * 24 * 3600 * 1000  # a player back within this time was not helped for good
SUMMARY_DELAY_MS = 1_500  # a summary is written again when a waiting player has been silent for so long
IDS_TTL_MS = 3 * 24 * 3600 * 1000  # how long a command id is remembered after the sender's last command


@dataclass(frozen=True)
class Command:
    """A sender's id for a command, and the MAC of its raw body (a repeat with another body is refused)."""

    id: str
    mac: str


@dataclass(frozen=True)
class Stored:
    """What a command did. `n` is the log (or note) number it got, 0 when it made no entry."""

    n: int
    conversation: str
    epoch: int = 0
    number: str = ""  # of the ticket


@dataclass(frozen=True)
class View:
    """A live conversation as it is now."""

    id: str
    player: Player
    owner: Owner
    state: EpisodeState
    epoch: int
    last: int  # newest log number
    notes: int  # newest note number
    cursor: int  # the log number up to which the bot has answered
    opened_at: int
    last_at: int
    agent: str = ""
    agent_name: str = ""
    rate_due: str = ""  # an ended episode that waits for the player's rating
    guests: Sequence[Guest] = ()
    transfer: str = ""  # a pending transfer: display name of the agent asked, or the group
    idle: bool = False  # takes no slot until somebody writes
    kept: bool = False  # the waiting player asked to be called
    promises: Sequence[str] = ()  # of earlier agents, not yet told by the bot
    episode: Optional[Episode] = None


@dataclass(frozen=True)
class HandoffRequest:
    """A wish for a person, as a button or an action makes it."""

    reason: str  # button, asked, urgent, unsolved: docs/PROTOCOL.md, "Reasons"
    urgency: int = 0  # 0..3
    scenario: str = ""
    group: str = "general"  # the scenario's skill group
    tier: int = 2  # 2 an advisor, 3 an expert
    scenarios: int = 1  # how many different matters
    failed: int = 0  # answers that did not help
    emotion: str = "neutral"
    complaint: bool = False  # an earlier or present complaint
    language: str = "zh"


@dataclass(frozen=True)
class Turn:
    """Work for a bot worker, under a lease. `entry` is the player's next unanswered entry, None for a summary only."""

    view: View
    token: str
    entry: Optional[Entry]
    tracker: Optional[str]  # Rasa's tracker (JSON), None in a new conversation
    attempts: int  # 1 on the first try; more when a worker died or froze over it; 0 for a summary
    summary_due: str = ""  # the episode that waits for its summary


@dataclass(frozen=True)
class TurnResult:
    """What a turn came to; all of it is stored, or nothing."""

    replies: Sequence[Entry]
    tracker: Optional[str] = None  # None: unchanged
    understanding: Mapping[str, Any] = field(default_factory=dict)
    request: Optional[HandoffRequest] = None


@dataclass(frozen=True)
class KnownTicket:
    """What the bot can say of a player's ticket."""

    number: str
    state: str  # as the player was told last: open, waiting_player, solved, closed
    text: str
    at: int


@dataclass(frozen=True)
class Orphan:
    """A conversation whose agent is gone."""

    conversation: str
    epoch: int
    guest: str = ""  # not the owner is gone but this guest


class ConversationStore(Protocol):
    """Live conversations, the queue, presence."""

    # -- players --

    async def open(self, player: Player) -> View:
        """The player's open conversation; a new one when there is none."""

    async def append(self, player: Player, command: Command, entry: Entry) -> Stored:
        """Store a player's entry and put the conversation before a worker.

        Raises:
            IdConflict: the id was used for another body.
            RateLimited: too many commands in this second.
        """

    async def request(self, player: Player, command: Command, request: HandoffRequest) -> Stored:
        """Put the player's conversation into the queue. Raises IllegalTransition when the bot does not own it."""

    async def cancel(self, player: str, command: Command) -> Stored:
        """Leave the queue. Raises IllegalTransition when not waiting."""

    async def ticket(self, player: str, command: Command, text: str) -> Stored:
        """Leave a ticket, and the queue if waiting. Raises IllegalTransition while an agent has the conversation."""

    async def rate(
        self,
        player: str,
        command: Command,
        episode: str,
        score: int,
        text: str,
        ratings: Optional[Mapping[str, int]] = None,
    ) -> Stored:
        """Rate an ended episode, as a whole and in any of the five dimensions (1..5). Raises IllegalTransition when that episode does not wait for a rating."""

    # -- reading --

    async def view(self, conversation: str) -> View:
        """Raises UnknownConversation."""

    async def entries(self, conversation: str, after: int = 0, limit: int = 10_000) -> list[Entry]:
        """Log entries with a number above `after`, in order."""

    async def notes(self, conversation: str, after: int = 0) -> list[Note]:
        """Internal notes with a number above `after`, in order."""

    async def understanding(self, conversation: str) -> dict[int, dict[str, Any]]:
        """What the bot understood, by log number."""

    async def episodes(self, conversation: str) -> list[Episode]:
        """All handoff episodes of a live conversation, oldest first."""

    async def earlier(self, player: str) -> list[Episode]:
        """The player's last ten ended episodes of the last thirty days, oldest first; of archived ones without summary."""

    async def tickets_of(self, player: str) -> list[KnownTicket]:
        """The player's tickets of the last thirty days, oldest first."""

    async def conversation_of(self, player: str) -> str:
        """Id of the player's open conversation, "" when there is none."""

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        """The first `limit` waiting conversations in the order in which they are to be taken, and how many wait."""

    async def position(self, conversation: str) -> int:
        """Place in the queue, 1 is next; 0 when not waiting."""

    async def agents_online(self) -> int:
        """How many agents are online now."""

    async def presence_of(self, agent: str) -> tuple[str, int]:
        """Status and capacity of an agent; ("offline", 0) when never set."""

    async def conversations_of_agent(self, agent: str) -> list[str]:
        """Conversations that take a slot of the agent."""

    # -- the bot --

    async def claim_turn(self, lease_ms: int) -> Optional[Turn]:
        """The conversation that has waited longest for a worker, or None."""

    async def renew(self, turn: Turn, lease_ms: int) -> None:
        """Keep the lease. Raises LeaseLost."""

    async def commit(self, turn: Turn, result: TurnResult) -> Stored:
        """Store a turn. Raises LeaseLost, or NotOwner when an agent has taken the conversation; then nothing is stored."""

    async def set_summary(self, turn: Turn, summary: Summary) -> None:
        """Fill in the summary of `turn.summary_due`."""

    # -- agents --

    async def presence(self, agent: str, display: str, command: Command, status: str, capacity: int) -> Stored:
        """Set an agent's status and capacity."""

    async def beat(self, agent: str) -> None:
        """A socket of the agent is alive."""

    async def accept(self, agent: str, display: str, command: Command, conversation: str) -> Stored:
        """Claim a waiting conversation.

        Raises:
            IllegalTransition: it is not waiting (somebody has it, or it is gone).
            AgentUnavailable: the agent is not online.
            CapacityFull: the agent has as many as they take.
        """

    async def say(
        self, agent: str, display: str, command: Command, conversation: str, epoch: int, text: str, reasked: int = 0
    ) -> Stored:
        """A message of the owner or a guest. `reasked`: facts it asks for although the summary holds them.

        Raises NotOwner or StaleEpoch.
        """

    async def note(self, author: str, agent: str, command: Command, conversation: str, text: str) -> Stored:
        """An internal note by any agent."""

    async def give_back(self, agent: str, command: Command, conversation: str, epoch: int, promise: str = "") -> Stored:
        """Return to the bot, which tells the player `promise` when they come back. The slot stays taken until `wrap_up`. Raises NotOwner or StaleEpoch."""

    async def wrap_up(
        self, agent: str, command: Command, conversation: str, disposition: Disposition, comment: str
    ) -> Stored:
        """Disposition of a returned conversation. Raises IllegalTransition when it is not in wrap-up, or NotOwner."""

    async def close(
        self, agent: str, command: Command, conversation: str, epoch: int, disposition: Disposition, comment: str
    ) -> Stored:
        """End the conversation. Raises NotOwner or StaleEpoch."""

    # -- the handoff worker --

    async def orphans(self) -> list[Orphan]:
        """Conversations whose agent has not been seen within the grace period."""

    async def requeue(self, orphan: Orphan) -> None:
        """Back into the queue at the old place. Raises StaleEpoch or IllegalTransition when things have changed."""

    async def overdue_wrap_ups(self) -> list[str]:
        """Conversations whose wrap-up time is over."""

    async def expire_wrap_up(self, conversation: str) -> None:
        """End a wrap-up by the clock. Raises IllegalTransition when it is not overdue any more."""

    async def quiet(self, since_ms: int, limit: int = 50) -> list[View]:
        """The bot's conversations without an entry after `since_ms`, oldest first."""

    async def forget(self, view: View) -> bool:
        """Delete an archived conversation; False (and nothing deleted) when it moved on after `view` was read."""

    async def outbox(self, limit: int = 200) -> list[tuple[str, dict[str, str]]]:
        """Events for the archive, oldest first: (id, fields)."""

    async def outbox_refused(self, id: str, fields: Mapping[str, str]) -> None:
        """Set an event aside that the archive can never store, for a person to look at."""

    async def outbox_done(self, ids: Sequence[str]) -> None:
        """Drop events that the archive has stored."""


def status_entry(at: int, event: str, data: Optional[dict[str, Any]] = None, name: str = "") -> Entry:
    """A line of the log that tells the player of a change; `n` is given when it is stored."""
    return Entry(n=0, at=at, sender="system", kind="status", event=event, data=data or {}, name=name)


END_BY_EVENT = {Event.CANCEL: EndReason.CANCELLED, Event.TICKET: EndReason.TICKET}
