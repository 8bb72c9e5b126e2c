"""The figures of finished episodes that a supervisor looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

from msgspec import Struct

from handoff.protocol import Episode

LATE_KINDS = ("first", "next", "resolution")


class Outcomes(Struct, frozen=True):
    """Shares are 0..1. A figure of nothing is None, so that it is not taken for a bad one."""

    count: int
    wait_p50_s: float | None  # request to the first accept, of those that an agent had
    wait_p90_s: float | None
    responded_in_time: float | None  # of those that were answered, or waited past the deadline for it
    missed_offers: int  # offers that were turned down or not answered
    reask_rate: float | None  # an agent asked for what the summary held; of those that an agent had
    reopened: float | None  # the player had been there less than seven days before; of all
    weighted: float | None  # mean of the weighted ratings, 1..5
    late: dict[str, int]  # deadlines missed, by kind


def outcomes_of(episodes: Sequence[Episode]) -> Outcomes:
    """The figures of some finished episodes."""
    had = [episode for episode in episodes if episode.accepted_at]
    waits = sorted((episode.accepted_at - episode.requested_at) / 1000 for episode in had)
    owed = [episode for episode in episodes if episode.responded_at or "first" in episode.late]
    ratings = [episode.weighted for episode in episodes if episode.weighted]
    return Outcomes(
        count=len(episodes),
        wait_p50_s=percentile(waits, 0.5),
        wait_p90_s=percentile(waits, 0.9),
        responded_in_time=_share("first" not in episode.late for episode in owed),
        missed_offers=sum(episode.missed for episode in episodes),
        reask_rate=_share(episode.reasked > 0 for episode in had),
        reopened=_share(bool(episode.reopens) for episode in episodes),
        weighted=sum(ratings) / len(ratings) if ratings else None,
        late={kind: sum(episode.late.count(kind) for episode in episodes) for kind in LATE_KINDS},
    )


def percentile(ordered: Sequence[float], part: float) -> float | None:
    """The smallest value that at least `part` (0..1) of the values do not exceed (nearest rank); None of nothing.

    Hyndman & Fan, "Sample Quantiles in Statistical Packages" (1996), definition 1.
    """
    return ordered[max(0, ceil(part * len(ordered)) - 1)] if ordered else None


def _share(hits: Iterable[bool]) -> float | None:
    found = list(hits)
    return sum(found) / len(found) if found else None
