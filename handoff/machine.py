"""The ownership state machine: who may have a conversation, and what moves it.

The Lua scripts perform the same transitions atomically; the contract tests hold both to this table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from common.errors import IllegalTransition


class Owner(str, Enum):
    """To whom a conversation belongs; exactly one at any time."""

    BOT = "bot"  # the bot answers; the state of a new conversation
    QUEUE = "queue"  # waiting for a person; the bot still answers
    AGENT = "agent"  # a person answers; the bot is silent


class EpisodeState(str, Enum):
    """Where a handoff episode stands."""

    NONE = "none"  # no episode is open
    QUEUED = "queued"  # waiting for an agent
    ACTIVE = "active"  # an agent has it
    WRAP_UP = "wrap_up"  # the conversation is over for the player; the agent's slot is not free yet


class Event(str, Enum):
    """What can happen to a conversation's ownership."""

    REQUEST = "request"  # the player or the bot asks for a person
    CANCEL = "cancel"  # the player no longer wants one
    TICKET = "ticket"  # the player leaves a ticket instead of waiting
    ACCEPT = "accept"  # an agent takes it
    REQUEUE = "requeue"  # the agent is gone; back to the old place
    TRANSFER = "transfer"  # a colleague accepts it from the agent
    TAKE_OVER = "take_over"  # a supervisor takes it from the agent
    RETURN = "return"  # the agent hands back to the bot
    CLOSE = "close"  # the agent ends it with a disposition
    NO_REPLY = "no_reply"  # the player has stopped writing; the clock closes it
    MISSED = "missed"  # the absent player did not come when it was their turn
    WRAPPED = "wrapped"  # the agent finished the notes after returning it


class EndReason(str, Enum):
    """Why an episode ended; every episode ends with exactly one."""

    CLOSED = "closed"  # an agent closed it with a disposition
    RETURNED = "returned"  # an agent returned it to the bot and wrote its disposition
    CANCELLED = "cancelled"  # the player cancelled while waiting
    TICKET = "ticket"  # the wait became a ticket, by the player's wish or the policy's
    NO_REPLY = "no_reply"  # the player stopped writing
    MISSED = "missed"  # the player was away at their turn; a ticket was left
    EXPIRED = "expired"  # returned to the bot, no disposition within the wrap-up time


class Disposition(str, Enum):
    """What came of a conversation, chosen by the agent at its end."""

    SOLVED = "solved"
    FOLLOW_UP = "follow_up"  # work goes on after the conversation
    NOT_SOLVABLE = "not_solvable"
    WRONG_PLACE = "wrong_place"  # not a matter for support
    NO_REPLY = "no_reply"  # the player stopped answering


@dataclass(frozen=True)
class Ownership:
    """The part of a conversation that transitions change."""

    owner: Owner = Owner.BOT
    episode: EpisodeState = EpisodeState.NONE
    epoch: int = 0


_TABLE: dict[tuple[Owner, EpisodeState, Event], tuple[Owner, EpisodeState]] = {
    (Owner.BOT, EpisodeState.NONE, Event.REQUEST): (Owner.QUEUE, EpisodeState.QUEUED),
    # A new wish for a person while the last agent still writes notes: that episode is ended first.
    (Owner.BOT, EpisodeState.WRAP_UP, Event.REQUEST): (Owner.QUEUE, EpisodeState.QUEUED),
    (Owner.BOT, EpisodeState.WRAP_UP, Event.WRAPPED): (Owner.BOT, EpisodeState.NONE),
    (Owner.QUEUE, EpisodeState.QUEUED, Event.CANCEL): (Owner.BOT, EpisodeState.NONE),
    (Owner.QUEUE, EpisodeState.QUEUED, Event.TICKET): (Owner.BOT, EpisodeState.NONE),
    (Owner.QUEUE, EpisodeState.QUEUED, Event.ACCEPT): (Owner.AGENT, EpisodeState.ACTIVE),
    (Owner.AGENT, EpisodeState.ACTIVE, Event.REQUEUE): (Owner.QUEUE, EpisodeState.QUEUED),
    (Owner.QUEUE, EpisodeState.QUEUED, Event.MISSED): (Owner.BOT, EpisodeState.NONE),
    (Owner.AGENT, EpisodeState.ACTIVE, Event.TRANSFER): (Owner.AGENT, EpisodeState.ACTIVE),
    (Owner.AGENT, EpisodeState.ACTIVE, Event.TAKE_OVER): (Owner.AGENT, EpisodeState.ACTIVE),
    (Owner.AGENT, EpisodeState.ACTIVE, Event.NO_REPLY): (Owner.BOT, EpisodeState.NONE),
    (Owner.AGENT, EpisodeState.ACTIVE, Event.RETURN): (Owner.BOT, EpisodeState.WRAP_UP),
    (Owner.AGENT, EpisodeState.ACTIVE, Event.CLOSE): (Owner.BOT, EpisodeState.NONE),
}


def apply(state: Ownership, event: Event) -> Ownership:
    """The ownership after `event`.

    Raises:
        IllegalTransition: `event` can't happen in `state`.
    """
    target = _TABLE.get((state.owner, state.episode, event))
    if target is None:
        raise IllegalTransition(
            f"{event.value} is not possible while {state.owner.value} has the conversation ({state.episode.value})",
            owner=state.owner.value,
            state=state.episode.value,
            event=event.value,
        )
    owner, episode = target
    moved = owner is not state.owner or event in (Event.TRANSFER, Event.TAKE_OVER)
    return replace(state, owner=owner, episode=episode, epoch=state.epoch + (1 if moved else 0))
