"""Tickets: work that outlasts a conversation, from a player's words to an answer that the player is told.

The state machine and the rules are pure; `TicketArchive` is the port that keeps them in one transaction with the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from common.errors import BadText, IllegalTransition, NotOwner, SupportError
from handoff.store import Command


class TicketState(str, Enum):
    """Where a ticket stands."""

    OPEN = "open"  # nobody works on it
    IN_PROGRESS = "in_progress"  # its assignee works on it
    WAITING_PLAYER = "waiting_player"  # the player was asked something; the deadline stands still
    SOLVED = "solved"  # the player was told the outcome
    CLOSED = "closed"  # nothing more will happen, unless it is reopened


class TicketEvent(str, Enum):
    """What an agent does to a ticket."""

    TAKE = "take"  # becomes the assignee, also in place of a colleague
    ASK = "ask"  # asks the player
    RESUME = "resume"  # works on, the player has answered
    SOLVE = "solve"  # tells the player the outcome
    CLOSE = "close"  # ends it; the player is told why, unless it was solved before
    REOPEN = "reopen"  # back to where it began, with a new deadline and nobody's
    NOTE = "note"  # writes something down


OPENED = "open"  # the first line of a history; no TicketEvent, since it makes the ticket
FINISHED = frozenset({TicketState.SOLVED, TicketState.CLOSED})

_S, _E = TicketState, TicketEvent
_TABLE: dict[tuple[TicketState, TicketEvent], TicketState] = {
    (_S.OPEN, _E.TAKE): _S.IN_PROGRESS,
    (_S.OPEN, _E.CLOSE): _S.CLOSED,
    (_S.IN_PROGRESS, _E.TAKE): _S.IN_PROGRESS,
    (_S.IN_PROGRESS, _E.ASK): _S.WAITING_PLAYER,
    (_S.IN_PROGRESS, _E.SOLVE): _S.SOLVED,
    (_S.IN_PROGRESS, _E.CLOSE): _S.CLOSED,
    (_S.WAITING_PLAYER, _E.TAKE): _S.WAITING_PLAYER,
    (_S.WAITING_PLAYER, _E.RESUME): _S.IN_PROGRESS,
    (_S.WAITING_PLAYER, _E.SOLVE): _S.SOLVED,
    (_S.WAITING_PLAYER, _E.CLOSE): _S.CLOSED,
    (_S.SOLVED, _E.CLOSE): _S.CLOSED,
    (_S.SOLVED, _E.REOPEN): _S.OPEN,
    (_S.CLOSED, _E.REOPEN): _S.OPEN,
    **{(state, _E.NOTE): state for state in _S},
}
_ASSIGNEES = frozenset({_E.ASK, _E.RESUME, _E.SOLVE, _E.CLOSE})  # what only the assignee of an unfinished one may do
_WORDED = frozenset({_E.ASK, _E.SOLVE, _E.NOTE})  # what is nothing without a text


class UnknownTicket(SupportError):
    """No ticket by that number."""

    code = "unknown_ticket"


class Outdated(SupportError):
    """A ticket or task has moved on since it was read; `state`, `assignee` and `version` say where it stands now."""

    code = "outdated"


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a history."""

    at: int  # UTC milliseconds
    by: str  # p:<player>, a:<agent> or system, as in the audit
    event: str  # OPENED or a TicketEvent; of a follow-up task a FollowUpEvent
    text: str = ""


class Ticket(Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket with its history, oldest first."""

    number: str
    state: TicketState
    conversation: str
    player: str
    text: str  # what the player, or the agent for them, wants
    created_at: int  # UTC milliseconds
    due_at: int  # UTC milliseconds; it is to be solved by then
    group: str = ""  # skill group
    episode: str = ""  # the handoff episode it came from
    assignee: str = ""  # an agent's id
    version: int = 1  # raised by every change
    history: list[Change] = []


class Telling(Struct, frozen=True, forbid_unknown_fields=True):
    """Something about a ticket that its player has yet to be told."""

    id: str  # the same however often it is read: fit for the id of the player's log entry
    player: str
    conversation: str  # where the ticket began; it may be archived by now
    number: str
    state: TicketState
    text: str
    at: int


@dataclass(frozen=True)
class Move:
    """Who changes something, when, and which version they saw."""

    command: Command  # unique for each agent; a repeat is answered with what there is
    agent: str  # id
    at: int  # UTC milliseconds
    version: int
    text: str = ""

    @property
    def actor(self) -> str:
        """The agent as histories and the audit name them."""
        return f"a:{self.agent}"


class TicketArchive(Protocol):
    """Tickets in the archive; `handoff.archive.Archive.apply` opens them. Every method raises StorageError."""

    async def ticket(self, number: str) -> Ticket:
        """A ticket with its history. Raises UnknownTicket."""

    async def tickets(self, state: TicketState | None = None, assignee: str = "", limit: int = 100) -> list[Ticket]:
        """Tickets without their histories: in a state, or all unfinished; of one agent, or of everybody.

        The nearest deadline first, in a finished state the latest.
        """

    async def tickets_of(self, player: str) -> list[Ticket]:
        """A player's tickets with their histories, newest first."""

    async def move_ticket(self, number: str, event: TicketEvent, move: Move) -> Ticket:
        """Change a ticket; history, audit and what the player is to be told go with it, all or nothing.

        A repeated command changes nothing and gets the ticket as it is now.

        Raises:
            UnknownTicket, IdConflict: no such ticket; a command id that was used for something else.
            Outdated: it is no longer the version that the agent saw; says who has it now.
            IllegalTransition, NotOwner, BadText: see `moved`.
        """

    async def untold(self, limit: int = 100) -> list[Telling]:
        """What players are still to be told, oldest first; the same again until `told`."""

    async def told(self, id: str, at: int) -> None:
        """The player was told at `at` (UTC milliseconds). The first time counts."""


def apply(state: TicketState, event: TicketEvent) -> TicketState:
    """The state after `event`. Raises IllegalTransition when it can't happen in `state`."""
    target = _TABLE.get((state, event))
    if target is None:
        raise IllegalTransition(
            f"{event.value} is not possible while the ticket is {state.value}", state=state.value, event=event.value
        )
    return target


def moved(ticket: Ticket, event: TicketEvent, move: Move, resolution_s: int) -> Ticket:
    """The ticket after `event`. It has `resolution_s` seconds once reopened; time spent waiting for the player is added.

    Raises:
        Outdated: another version than the one that was seen.
        IllegalTransition: not in this state, or taking what one has.
        NotOwner: an unfinished ticket of a colleague; take it first. `agent` is the colleague's id.
        BadText: no text where somebody is to read one.
    """
    if move.version != ticket.version:
        raise Outdated(
            f"ticket {ticket.number} is {ticket.state.value} by now", number=ticket.number, **_standing(ticket)
        )
    state = apply(ticket.state, event)
    if event is _E.TAKE and ticket.assignee == move.agent:
        raise IllegalTransition("the ticket is yours already", event=event.value, **_standing(ticket))
    if event in _ASSIGNEES and ticket.state not in FINISHED and ticket.assignee not in ("", move.agent):
        raise NotOwner("a colleague has the ticket: take it first", owner="agent", agent=ticket.assignee)
    if not move.text and (event in _WORDED or _ends(ticket.state, event)):
        raise BadText(f"{event.value} needs a text")
    return replace(
        ticket,
        state=state,
        assignee={_E.TAKE: move.agent, _E.REOPEN: ""}.get(event, ticket.assignee),
        due_at=_due(ticket, state, event, move.at, resolution_s),
        version=ticket.version + 1,
        history=[*ticket.history, Change(move.at, move.actor, event.value, move.text)],
    )


def telling(before: Ticket, event: TicketEvent, after: Ticket) -> Telling | None:
    """What the player is told of a change: a question, an outcome, an end without one; None of all others."""
    if event is not _E.ASK and not _ends(before.state, event):
        return None
    last = after.history[-1]
    id = f"{after.number}-{after.version}"
    return Telling(id, after.player, after.conversation, after.number, after.state, last.text, last.at)


def _ends(state: TicketState, event: TicketEvent) -> bool:
    return event in (_E.SOLVE, _E.CLOSE) and state not in FINISHED


def _due(ticket: Ticket, state: TicketState, event: TicketEvent, at: int, resolution_s: int) -> int:
    if event is _E.REOPEN:
        return at + resolution_s * 1000
    if ticket.state is _S.WAITING_PLAYER and state is not _S.WAITING_PLAYER:
        asked = next((change.at for change in reversed(ticket.history) if change.event == _E.ASK.value), at)
        return ticket.due_at + max(0, at - asked)
    return ticket.due_at


def _standing(ticket: Ticket) -> dict[str, str | int]:
    return {"state": ticket.state.value, "assignee": ticket.assignee, "version": ticket.version}
