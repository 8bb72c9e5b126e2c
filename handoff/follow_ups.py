"""Follow-up tasks: a player who rated an episode low hears from a supervisor."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from common.errors import BadText, IllegalTransition, SupportError
from handoff.protocol import Episode
from handoff.tickets import Change, Move, Outdated


class FollowUpState(str, Enum):
    """Where a task stands."""

    RECEIVED = "received"  # nobody has looked at it
    ANALYSING = "analysing"  # a supervisor finds out what went wrong
    RESOLVED = "resolved"  # what could be put right was
    CALLED_BACK = "called_back"  # the player has heard of it; final


class FollowUpEvent(str, Enum):
    """What a supervisor does to a task."""

    ANALYSE = "analyse"
    RESOLVE = "resolve"  # with a text: what was done
    CALL_BACK = "call_back"  # with a text: what the player said


_S, _E = FollowUpState, FollowUpEvent
_TABLE = {
    (_S.RECEIVED, _E.ANALYSE): _S.ANALYSING,
    (_S.ANALYSING, _E.RESOLVE): _S.RESOLVED,
    (_S.RESOLVED, _E.CALL_BACK): _S.CALLED_BACK,
}


class UnknownFollowUp(SupportError):
    """No follow-up task by that id."""

    code = "unknown_follow_up"


class FollowUp(Struct, frozen=True, forbid_unknown_fields=True):
    """A task with its history, oldest first."""

    id: str  # the episode's: there is one task for an episode
    episode: str
    conversation: str
    player: str
    agent: str  # id of who was rated
    score: int  # 1..5
    weighted: float  # of the five dimensions; 0: not all were rated
    text: str  # the player's own words
    created_at: int  # UTC milliseconds
    state: FollowUpState = FollowUpState.RECEIVED
    by: str = ""  # id of the supervisor who did the last step
    version: int = 1
    history: list[Change] = []


class FollowUpArchive(Protocol):
    """Tasks in the archive; `handoff.archive.Archive.apply` opens them. Every method raises StorageError."""

    async def follow_ups(self, state: FollowUpState | None = None, limit: int = 100) -> list[FollowUp]:
        """Tasks with their histories: in a state newest first, else all that are not final, oldest first."""

    async def move_follow_up(self, id: str, event: FollowUpEvent, move: Move) -> FollowUp:
        """Change a task; history and audit go with it, all or nothing. A repeated command gets the task as it is now.

        Raises:
            UnknownFollowUp, IdConflict: no such task; a command id that was used for something else.
            Outdated, IllegalTransition, BadText: see `moved`.
        """


def apply(state: FollowUpState, event: FollowUpEvent) -> FollowUpState:
    """The state after `event`. Raises IllegalTransition when it can't happen in `state`."""
    target = _TABLE.get((state, event))
    if target is None:
        raise IllegalTransition(
            f"{event.value} is not possible while the task is {state.value}", state=state.value, event=event.value
        )
    return target


def moved(task: FollowUp, event: FollowUpEvent, move: Move) -> FollowUp:
    """The task after `event`.

    Raises:
        Outdated: another version than the one that was seen.
        IllegalTransition: not in this state.
        BadText: resolved or called back without a word about it.
    """
    if move.version != task.version:
        raise Outdated(
            f"the task is {task.state.value} by now", state=task.state.value, assignee=task.by, version=task.version
        )
    state = apply(task.state, event)
    if not move.text and event is not _E.ANALYSE:
        raise BadText(f"{event.value} needs a text")
    return replace(
        task,
        state=state,
        by=move.agent,
        version=task.version + 1,
        history=[*task.history, Change(move.at, move.actor, event.value, move.text)],
    )


def is_low(episode: Episode, low_rating: float) -> bool:
    """Whether a rating calls for a follow-up: its score, or the weighted mean of its dimensions, is below `low_rating`."""
    return 0 < episode.score < low_rating or 0 < episode.weighted < low_rating


def follow_up_of(episode: Episode, conversation: str, player: str, at: int) -> FollowUp:
    """The task that a low rating opens."""
    return FollowUp(
        id=episode.id,
        episode=episode.id,
        conversation=conversation,
        player=player,
        agent=episode.agent,
        score=episode.score,
        weighted=episode.weighted,
        text=episode.rating_text,
        created_at=at,
    )
