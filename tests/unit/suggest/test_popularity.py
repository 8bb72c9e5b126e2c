"""Shares, and trends that chance can't explain."""

from __future__ import annotations

import numpy as np
import pytest

from suggest.popularity import ANYTHING, Counter, Popularity, day_one
from suggest.store import Counts

IDS = [f"{name}.{number}" for name in "abcdefghij" for number in range(10)]
SCENARIOS = [id[0] for id in IDS]


def popularity(
    now: dict[str, float] | None = None, hours: dict[str, float] | None = None, week: dict[str, float] | None = None
) -> Popularity:
    counts = Counts(1, now or {}, hours or {}, week or {})
    return Counter(IDS, SCENARIOS, day_one(SCENARIOS, {"a": 3.0, "b": 1.0})).popularity(counts)


def usual(a: float = 20.0) -> dict[str, float]:
    return {id: a for id in IDS}


def test_day_one_follows_the_traffic_and_the_order_of_a_scenario() -> None:
    shares = day_one(SCENARIOS, {"a": 3.0, "b": 1.0})
    assert shares.sum() == pytest.approx(1)
    assert shares[:10].sum() == pytest.approx(3 * shares[10:20].sum())
    assert shares[0] > shares[1] > shares[9]
    assert shares[20:30].sum() == pytest.approx(shares[10:20].sum())  # no weight: the lightest


def test_what_is_asked_moves_the_shares() -> None:
    before, after = popularity().share, popularity(week={"j.7": 5000.0}).share
    assert after[97] > (1 - ANYTHING) * 0.9
    assert after[0] < before[0]
    assert after.sum() == pytest.approx(1)


@pytest.mark.parametrize("players", [1.0, 2.0, 3.0, 4.0])
def test_a_few_players_who_ask_the_same_odd_thing_are_no_trend(players: float) -> None:
    assert popularity(now={"j.7": players, "a.0": 2.0}, week=usual()).trend.max() == 0


def test_an_outage_is_a_trend_within_its_first_dozen() -> None:
    trend = popularity(now={"j.7": 12.0, "a.0": 2.0}, week=usual()).trend
    assert trend[97] > 0.3
    assert np.count_nonzero(trend) == 1


def test_what_is_always_asked_often_is_no_trend() -> None:
    assert popularity(now={"a.0": 30.0, "b.0": 5.0}, week={"a.0": 20000.0, "b.0": 3000.0}).trend.max() == 0


def test_a_scenario_trends_when_its_questions_do_so_together() -> None:
    spread = {f"j.{number}": 3.0 for number in range(6)}
    trend = popularity(now=spread, week=usual()).trend
    assert (trend[90:96] > 0).all()
    assert trend[:90].max() == 0


def test_an_entry_that_is_gone_does_not_count() -> None:
    assert popularity(now={"gone": 99.0}).trend.max() == 0
