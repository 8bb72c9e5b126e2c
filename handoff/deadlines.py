"""What a timer of a conversation does when its time has come; pure, so that it can be tested second by second.

A deadline has three stages, each a timer that sets the next: the agent is warned, the supervisors are, and it is missed. A
transition that keeps the deadline clears its timer (handoff/lua), so whatever still stands is due.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from handoff.engine import Due, Firing
from handoff.machine import Owner
from handoff.policy import Policy
from handoff.protocol import Note
from handoff.store import View, status_entry
from handoff.waiting import Estimate

TOP_TIER = 3
SYSTEM = "system"  # the author of alerts


class Deadline(str, Enum):
    """What is promised."""

    FIRST = "first"  # request -> an agent's first message
    NEXT = "next"  # a player's message -> the agent's next one
    RESOLUTION = "resolution"  # request -> the end of the episode


class Stage(str, Enum):
    """How far a deadline has run."""

    WARN = "warn"  # the agent is told
    ALARM = "alarm"  # the supervisors are told
    LATE = "late"  # it is missed


class Kind(str, Enum):
    """The timers that are no deadline."""

    NOTICE = "notice"  # tell the waiting player where they stand
    IDLE = "idle"  # nobody writes: the slot is lent to others
    ASK = "ask"  # the player has not answered the agent: are they there?
    CLOSE = "close"  # they are not
    CALL = "call"  # an absent player did not come at their turn
    OPEN = "open"  # the group that a held request waits for opens


def act(due: Due, view: View, policy: Policy, now_ms: int, place: tuple[int, Estimate], words: str) -> Firing:
    """What `due` does to the conversation `view`.

    `place`: position in the queue and the estimate of the wait; `words`: the player's last ones, the text of a ticket
    that is left for them. A timer that has lost its meaning does nothing.
    """
    if "." in due.kind:
        return _deadline(due, view, policy, now_ms)
    return _other(Kind(due.kind), due, view, policy, now_ms, place, words)


def _deadline(due: Due, view: View, policy: Policy, now_ms: int) -> Firing:
    name, _, stage_name = due.kind.partition(".")
    deadline, stage = Deadline(name), Stage(stage_name)
    episode = view.episode
    if episode is None or (deadline is Deadline.NEXT and view.owner is not Owner.AGENT):
        return Firing()
    # What was promised at the request holds, also when the tier was raised meanwhile.
    tier = episode.tier if deadline is Deadline.NEXT else episode.asked_tier
    limit = getattr(policy.deadlines_of(tier), deadline.value) * 1000
    passed = policy.warn_agent if stage is Stage.WARN else policy.warn_supervisor
    start = due.at - round(passed * limit) if deadline is Deadline.NEXT else episode.requested_at
    if stage is Stage.WARN:
        next_at = start + round(policy.warn_supervisor * limit)
        note = _alert(f"warn_{name}", now_ms) if view.owner is Owner.AGENT else None
        return Firing(note=note, next=[(f"{name}.{Stage.ALARM.value}", next_at)])
    if stage is Stage.ALARM:
        next_at = start + limit
        return Firing(alert=f"alarm_{name}", next=[(f"{name}.{Stage.LATE.value}", next_at)])
    given = policy.compensation.get(name, "")
    raised = min(TOP_TIER, episode.tier + 1)
    gain = policy.weights.tier[raised - 1] - policy.weights.tier[max(1, episode.tier) - 1]
    return Firing(
        entry=status_entry(now_ms, "late", {"kind": name, "compensation": given}),
        note=_alert(f"late_{name}", now_ms),
        alert=f"late_{name}",
        late=name,
        compensation=given,
        tier=raised,
        gain=max(0, gain) * 1000,
    )


def _other(
    kind: Kind, due: Due, view: View, policy: Policy, now_ms: int, place: tuple[int, Estimate], words: str
) -> Firing:
    owned = view.owner is Owner.AGENT
    if kind is Kind.IDLE:
        return Firing(park=True) if owned else Firing()
    if kind is Kind.ASK:
        silent_ms = (policy.times.close - policy.times.ask) * 1000
        next_at = now_ms + max(0, silent_ms)
        return Firing(entry=status_entry(now_ms, "idle_ask"), next=[(Kind.CLOSE.value, next_at)]) if owned else Firing()
    if kind is Kind.CLOSE:
        entry = status_entry(now_ms, "idle_closed", {"episode": "@EPISODE@"})
        return Firing(entry=entry, stop="no_reply") if owned else Firing()
    if view.owner is not Owner.QUEUE:
        return Firing()
    if kind is Kind.CALL:
        entry = status_entry(now_ms, "missed_turn", {"number": "@NUMBER@"})
        return Firing(entry=entry, stop="missed", text=words)
    if kind is Kind.OPEN:
        return Firing(resume=True)
    position, wait = place
    period = policy.times.notice * 1000
    data = {"position": position, "p50_s": wait.p50_s, "p90_s": wait.p90_s}
    # After a jump of the clock the next notice is a whole period away, not a burst of those that were skipped.
    next_at = due.at + period if due.at + period > now_ms else now_ms + period
    return Firing(entry=status_entry(now_ms, "still_waiting", data), next=[(Kind.NOTICE.value, next_at)])


def _alert(code: str, at: int) -> Note:
    data: dict[str, Any] = {"code": code}
    return Note(n=0, at=at, author=SYSTEM, text=code, kind="alert", data=data)
