"""What a new request for a person owes to the player's past, for its priority."""

from __future__ import annotations

from collections.abc import Mapping

from handoff.policy import TIERS
from handoff.priority import Facts
from handoff.store import REOPENED_MS, HandoffRequest


def facts_of(request: HandoffRequest, vip: int, past: Mapping[str, str], since_ms: int) -> Facts:
    """What a request's priority rests on. `past`: the player's last episode, which ended `since_ms` ago."""
    return Facts(
        urgency=request.urgency,
        vip=vip,
        tier=tier_of(request),
        scenarios=request.scenarios,
        failed=request.failed,
        complaint=request.complaint or bool(past.get("complaint")),
        low_rating=0 < int(past.get("score") or 0) <= 2,
        reopened=since_ms <= REOPENED_MS,
        emotion=request.emotion,
    )


def tier_of(request: HandoffRequest) -> int:
    """The tier of a request, within those there are."""
    return max(TIERS[0], min(TIERS[-1], request.tier))
