"""Who is served next: a head start that a request gets once, after which everything ages alike.

A request is served as if it had been made `head start` earlier: the smallest `requested_at - head start` is next. That is
earliest deadline first (Liu & Layland, "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment",
J. ACM 20(1), 1973) on virtual deadlines, and the rule whose queues Jackson studied ("Some problems in queueing with dynamic
priorities", Naval Research Logistics Quarterly 7(3), 1960). In Kleinrock's delay-dependent priorities ("A delay dependent
queue discipline", Naval Research Logistics Quarterly 11(3-4), 1964) each class ages at a rate of its own, so the order
changes while requests wait; with one rate for all it never does, a key is computed once, and nobody starves: docs/HANDOFF.md
states and proves the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from handoff.policy import MAX_COUNTED, MAX_VIP, Weights


@dataclass(frozen=True)
class Facts:
    """What the head start of a request depends on; a value out of its range counts as the nearest one in it."""

    urgency: int = 0  # 0 none .. 3 at once
    vip: int = 0  # 0..12
    tier: int = 2  # 1 the bot, 2 an advisor, 3 an expert
    scenarios: int = 1  # how many different matters, at least 1
    failed: int = 0  # answers that did not help
    complaint: bool = False  # an earlier or present complaint
    low_rating: bool = False  # at the end of the last episode
    reopened: bool = False  # the last episode ended less than seven days ago
    emotion: str = "neutral"  # one of handoff.policy.EMOTIONS; any other counts as neutral


@dataclass(frozen=True)
class HeadStart:
    """The parts of a head start, in milliseconds."""

    urgency: int
    vip: int
    complexity: int  # tier, number of matters, answers that did not help
    feedback: int  # complaint, low rating, reopened
    tone: int

    @property
    def total(self) -> int:
        """All parts together."""
        return self.urgency + self.vip + self.complexity + self.feedback + self.tone


def head_start_of(facts: Facts, weights: Weights) -> HeadStart:
    """The head start part by part; never fails, whatever the facts."""
    complexity = (
        weights.tier[_clamp(facts.tier, 1, len(weights.tier)) - 1]
        + weights.scenario * _clamp(facts.scenarios - 1, 0, MAX_COUNTED)
        + weights.failed * _clamp(facts.failed, 0, MAX_COUNTED)
    )
    feedback = (
        weights.complaint * bool(facts.complaint)
        + weights.low_rating * bool(facts.low_rating)
        + weights.reopened * bool(facts.reopened)
    )
    return HeadStart(
        urgency=1000 * weights.urgency[_clamp(facts.urgency, 0, len(weights.urgency) - 1)],
        vip=1000 * weights.vip * _clamp(facts.vip, 0, MAX_VIP),
        complexity=1000 * complexity,
        feedback=1000 * feedback,
        tone=1000 * weights.emotion.get(facts.emotion, 0),
    )


def head_start_ms(facts: Facts, weights: Weights) -> int:
    """By how many milliseconds earlier a request counts as made."""
    return head_start_of(facts, weights).total


def key(requested_at: int, head_start_ms: int) -> int:
    """The place in the queue, smaller is served first; exact as a Redis score (a double) until the year 287396."""
    return requested_at - head_start_ms


def most_ms(weights: Weights) -> int:
    """The largest head start that any request can have, in milliseconds."""
    return 1000 * (max(weights.urgency) + MAX_VIP * weights.vip) + rest_ms(weights)


def rest_ms(weights: Weights) -> int:
    """The largest head start without urgency and VIP level, in milliseconds."""
    counted = MAX_COUNTED * (weights.scenario + weights.failed)
    feedback = weights.complaint + weights.low_rating + weights.reopened
    return 1000 * (max(weights.tier) + counted + feedback + max(weights.emotion.values(), default=0))


def overtakers_until_ms(requested_at: int, head_start_ms: int, weights: Weights) -> int:
    """Nothing requested after this moment (UTC ms) can be served before a request with this head start."""
    return requested_at + most_ms(weights) - head_start_ms


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))
