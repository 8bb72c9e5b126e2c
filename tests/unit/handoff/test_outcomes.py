"""The figures of finished episodes."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from handoff.outcomes import Outcomes, outcomes_of, percentile
from handoff.protocol import Episode

BASE = Episode(id="e", state="ended", reason="button", urgency=1, requested_at=1_000)


def had(wait_s: int, **changes: Any) -> Episode:
    """An episode that an agent accepted after so many seconds and answered at once."""
    at = BASE.requested_at + wait_s * 1000
    return replace(BASE, accepted_at=at, responded_at=at, **changes)


def test_nothing_has_no_figures_that_look_bad() -> None:
    assert outcomes_of([]) == Outcomes(
        0, None, None, None, 0, None, None, None, {"first": 0, "next": 0, "resolution": 0}
    )


def test_waits_are_of_those_that_an_agent_had() -> None:
    found = outcomes_of([had(seconds) for seconds in range(1, 11)] + [BASE])
    assert (found.count, found.wait_p50_s, found.wait_p90_s) == (11, 5.0, 9.0)


def test_who_gave_up_in_time_counts_neither_for_nor_against() -> None:
    late, given_up, given_up_late = had(400, late=["first"]), BASE, replace(BASE, late=["first"])
    assert outcomes_of([had(10), had(20), late, given_up]).responded_in_time == 2 / 3
    assert outcomes_of([had(10), given_up_late]).responded_in_time == 0.5


def test_shares_and_sums() -> None:
    found = outcomes_of(
        [
            had(1, reasked=2, missed=3, weighted=4.0),
            had(1, reopens="e0", missed=1, weighted=2.5, late=["next", "next"]),
            had(1, late=["resolution"]),
            BASE,
        ]
    )
    assert (found.missed_offers, found.reask_rate, found.reopened, found.weighted) == (4, 1 / 3, 0.25, 3.25)
    assert found.late == {"first": 0, "next": 2, "resolution": 1}


def test_the_nearest_rank_is_a_value_that_was_there() -> None:
    assert [percentile([1.0, 2.0, 3.0, 4.0], part) for part in (0.0, 0.25, 0.5, 0.51, 1.0)] == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert percentile([7.0], 0.9) == 7.0
