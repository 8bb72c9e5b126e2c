"""Figures and their intervals, on numbers that can be checked by hand."""

from __future__ import annotations

import math

import pytest

from evals.document import Goal
from evals.figures import calibration_error, error_ratio, estimate, macro_f1, share, weighted_share


def test_a_share_lies_within_its_interval() -> None:
    figure = share([True] * 30 + [False] * 10)
    assert figure.value == 0.75 and figure.count == 40
    assert 0.5 < figure.low < 0.75 < figure.high < 1


def test_shares_of_nothing_are_zero() -> None:
    assert (share([]).value, weighted_share([], []).count, macro_f1([], []).value) == (0, 0, 0)


def test_weights_count() -> None:
    assert weighted_share([True, False], [3, 1]).value == 0.75


def test_the_error_ratio_is_of_errors() -> None:
    figure = error_ratio([True] * 9 + [False], [True] * 8 + [False] * 2)
    assert figure.value == 0.5
    assert error_ratio([False], [True]).value == math.inf


def test_macro_f1_counts_each_label_alike() -> None:
    figure = macro_f1(["a", "a", "a", "b"], ["a", "a", "b", "b"])
    assert figure.value == pytest.approx((0.8 + 2 / 3) / 2)


def test_calibration_error_is_zero_when_chances_come_true() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]).value == 0
    assert calibration_error([0.75] * 4, [False] * 4).value == 0.75


def test_an_estimate_leaves_out_samples_without_a_figure() -> None:
    figure = estimate(lambda rows: 1.0 if 0 in rows else float("nan"), 5)
    assert (figure.low, figure.value, figure.high) == (1, 1, 1)


@pytest.mark.parametrize(
    ("goal", "aim", "verdict"),
    [
        (Goal("x", 0.9, share([True, False])), "≥ 90%", "missed by 40.0 points"),
        (Goal("x", 0.5, error_ratio([True, False], [False, False]), at_most=True), "≤ 0.5", "reached"),
        (Goal("x", 2055, 2000), "≥ 2,055", "missed by 55"),
        (Goal("x", 0.5, None, at_most=True), "≤ 0.5", "not measured"),
    ],
)
def test_a_goal_says_whether_it_is_reached(goal: Goal, aim: str, verdict: str) -> None:
    assert (goal.aim, str(goal)) == (aim, verdict)
