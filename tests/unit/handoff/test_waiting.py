"""Waiting times: what a player is told comes true about as often as it says, whatever the day does."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import fmean

import pytest

from bench.waiting import Handling, days, exponential, lognormal, steady
from handoff.engine import Wait
from handoff.waiting import GAIN, LEAST, MOST, Estimate, Factor, Stage, calibrate, coverage, estimate

ACCEPT_S = 20
ONE = Factor()
SEEDS = range(3)


def waits(
    place: int,
    slots: float,
    handled: Sequence[int] = (),
    overtake: float = 0.0,
    factor: Factor = ONE,
    *,
    free: int = 0,
    prior_s: float = 480.0,
    accept_s: int = ACCEPT_S,
) -> Estimate:
    """The wait where the same agents may have the request all the time."""
    return estimate([Stage(0.0, slots, free, place, overtake)], handled, factor, prior_s=prior_s, accept_s=accept_s)


def mean_coverage(handling: Handling, slots: int, believed: float = 1.0, calibrated: bool = True) -> float:
    return fmean(days(handling, slots, SEEDS, believed, calibrated)[0])


@pytest.mark.parametrize("slots", [5, 20, 60])
@pytest.mark.parametrize("handling", [exponential, lognormal, steady])
def test_nine_tenths_of_the_waits_are_over_within_the_p90(handling: Handling, slots: int) -> None:
    assert 0.85 <= mean_coverage(handling, slots) <= 0.95


@pytest.mark.parametrize("handling", [exponential, lognormal, steady])
def test_the_model_is_about_right_before_anything_is_calibrated(handling: Handling) -> None:
    assert 0.85 <= mean_coverage(handling, 20, calibrated=False) <= 0.95


@pytest.mark.parametrize("believed", [0.7, 1.5])
def test_calibration_makes_up_for_a_wrong_number_of_slots(believed: float) -> None:
    raw = mean_coverage(exponential, 20, believed, calibrated=False)
    mended = mean_coverage(exponential, 20, believed)
    assert abs(mended - 0.9) < abs(raw - 0.9) / 2


def test_whoever_finds_a_free_slot_is_told_one_accept_time() -> None:
    assert waits(1, 3, free=1) == Estimate(10, 20)
    assert waits(2, 3, free=2, accept_s=30) == Estimate(15, 30)


def test_free_slots_shorten_the_queue_for_those_behind_them() -> None:
    assert waits(5, 3, free=2) == waits(3, 3)


def test_who_may_be_served_by_others_later_waits_no_longer_than_until_then() -> None:
    known = [480_000] * 200
    alone, later = Stage(0.0, 2, 0, 1), Stage(60.0, 10, 4, 1)
    assert estimate([alone], known, ONE).p90_s > 200
    assert estimate([alone, later], known, ONE) == Estimate(70, 80)
    nobody_yet = Stage(0.0, 0, 0, 1)
    assert estimate([nobody_yet, later], known, ONE) == Estimate(70, 80)
    assert estimate([nobody_yet], known, ONE) == Estimate(0, 0)


def test_more_agents_from_a_step_on_shorten_what_is_left_of_the_wait() -> None:
    known, first = [480_000] * 200, Stage(0.0, 2, 0, 4)
    slow, fast = (estimate([first, Stage(120.0, busy, 0, 4)], known, ONE).p90_s for busy in (2, 20))
    assert 120 < fast < slow == pytest.approx(waits(4, 2, known).p90_s, abs=1)


def test_a_step_that_begins_after_the_wait_changes_nothing() -> None:
    known, first = [60_000] * 200, Stage(0.0, 20, 0, 1)
    assert estimate([first, Stage(3600.0, 20, 5, 1)], known, ONE) == estimate([first], known, ONE)


@pytest.mark.parametrize("slots", [0.0, -1.0])
def test_without_agents_the_wait_is_unknown(slots: float) -> None:
    assert waits(1, slots, [300_000]) == Estimate(0, 0)


def test_the_next_of_one_exponential_slot_waits_as_that_distribution_says() -> None:
    handled = [round(exponential(random.Random(seed)) * 1000) for seed in range(5000)]
    mean_s = fmean(handled) / 1000
    told = waits(1, 1, handled, 0, ONE, prior_s=mean_s)
    assert told.p50_s == pytest.approx(math.log(2) * mean_s, rel=0.1)
    assert told.p90_s == pytest.approx(math.log(10) * mean_s, rel=0.1)


def test_the_prior_holds_until_there_are_figures() -> None:
    unknown = waits(10, 5, [], 0, ONE, prior_s=600)
    assert 900 < unknown.p50_s < 1300  # ten endings at five in 600 s
    known = waits(10, 5, [60_000] * 200, 0, ONE, prior_s=600)
    assert known.p90_s < unknown.p50_s / 4


def test_the_wait_grows_with_the_place_the_overtakers_and_falls_with_the_slots() -> None:
    handled = [round(lognormal(random.Random(seed)) * 1000) for seed in range(200)]
    by_place = [waits(place, 8, handled, 0.005, ONE).p90_s for place in range(1, 60)]
    assert by_place == sorted(by_place)
    by_overtakers = [waits(10, 8, handled, rate / 1000, ONE).p90_s for rate in range(40)]
    assert by_overtakers == sorted(by_overtakers) and by_overtakers[0] < by_overtakers[-1]
    by_slots = [waits(10, slots, handled, 0, ONE).p90_s for slots in range(1, 40)]
    assert by_slots == sorted(by_slots, reverse=True)


def test_a_flood_of_overtakers_gives_a_finite_wait() -> None:
    told = waits(3, 2, [300_000] * 50, 1000.0, ONE)
    assert 0 < told.p50_s <= told.p90_s < 10**6


def test_more_even_handling_times_narrow_the_range() -> None:
    even = waits(40, 4, [480_000] * 200, 0, ONE)
    uneven = waits(40, 4, [60_000, 900_000] * 100, 0, ONE)
    assert even.p90_s - even.p50_s < uneven.p90_s - uneven.p50_s


def test_the_factor_stretches_both_and_the_p50_is_never_above_the_p90() -> None:
    plain, longer = (waits(10, 4, [300_000] * 50, 0, factor) for factor in (ONE, Factor(2, 2)))
    assert longer.p50_s == pytest.approx(2 * plain.p50_s, abs=1)
    assert longer.p90_s == pytest.approx(2 * plain.p90_s, abs=1)
    crossed = waits(10, 4, [300_000] * 50, 0, Factor(4, 0.5))
    assert crossed.p50_s <= crossed.p90_s


def told(waited_s: int, p90_s: int) -> Wait:
    return Wait("payment", waited_s * 1000, p90_s * 1000)


def test_a_few_waits_hardly_move_the_factor() -> None:
    assert calibrate([]) == ONE
    assert calibrate([told(999, 100)]).p90 == pytest.approx(math.exp(0.9 * GAIN))
    assert calibrate([told(50, 100)]).p90 == pytest.approx(math.exp(-0.1 * GAIN))


def test_the_factor_stays_in_its_bounds_and_leaves_them_at_once() -> None:
    broken, kept = [told(999, 100)] * 500, [told(1, 100)] * 500
    assert calibrate(broken).p90 == pytest.approx(MOST)
    assert calibrate(kept).p90 == pytest.approx(LEAST)
    assert calibrate([told(1, 100)] * 10 + broken).p90 < MOST  # newest first
    assert calibrate([told(999, 100)] * 10 + kept).p90 > LEAST


def test_the_newest_waits_count_last() -> None:
    early, late = [told(999, 100)] * 100, [told(1, 100)] * 400
    assert calibrate(late + early).p90 < calibrate(early + late).p90


def test_waits_that_were_told_nothing_or_found_a_free_agent_are_no_evidence() -> None:
    trivial = [told(5, 20), told(500, 0)] * 100
    assert calibrate(trivial) == ONE
    assert coverage(trivial) == 0
    assert coverage([*trivial, told(50, 100), told(150, 100)]) == 0.5


def test_a_wait_of_exactly_the_p90_is_within_it() -> None:
    assert coverage([told(100, 100)]) == 1
