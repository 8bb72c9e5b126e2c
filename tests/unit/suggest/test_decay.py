"""Counters that forget, whatever the landmark."""

from __future__ import annotations

import pytest

from suggest.decay import DAY, HOUR, HOURS, MINUTE, NOW, SPAN, WEEK, Decay
from suggest.memory_store import DecayedCounts


@pytest.mark.parametrize("decay", [NOW, HOURS, WEEK])
def test_a_count_is_worth_half_after_a_half_life(decay: Decay) -> None:
    for at in (1_795_480_000_000, decay.landmark(1_795_480_000_000) + SPAN * decay.half_life_ms - 1):
        counts = DecayedCounts(decay)
        counts.add("x", at)
        assert counts.read(at)["x"] == pytest.approx(1)
        assert counts.read(at + decay.half_life_ms)["x"] == pytest.approx(0.5)


def test_a_stored_count_never_overflows() -> None:
    at = HOURS.landmark(1_795_480_000_000) + SPAN * HOURS.half_life_ms - 1
    assert 2.0 ** (SPAN - 1) < HOURS.added(at) <= 2.0**SPAN


def test_what_is_worth_nothing_is_not_kept() -> None:
    counts = DecayedCounts(NOW)
    counts.add("old", 1_795_480_000_000)
    counts.add("new", 1_795_480_000_000 + DAY)
    assert list(counts.read(1_795_480_000_000 + DAY)) == ["new"]
    assert len(counts._stored) == 1


def test_a_steady_rate_is_told() -> None:
    counts = DecayedCounts(NOW)
    for minute in range(60):
        counts.add("x", 1_795_480_000_000 + minute * MINUTE)
    rate = NOW.per_minute(counts.read(1_795_480_000_000 + 59 * MINUTE)["x"])
    assert rate == pytest.approx(1, abs=0.25)
    assert HOUR == 60 * MINUTE
