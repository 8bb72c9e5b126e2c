"""Opening hours: shifts past midnight, holidays, and clocks that are put forward and back."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.hours import HORIZON_DAYS, is_open, opens_at
from handoff.policy import Group, Opening

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
EVERY_DAY = tuple(range(7))
DAY_MS = 86_400_000
OFFICE = Group("office", "office", hours=(Opening((0, 1, 2, 3, 4), 9 * 60, 18 * 60),))
EVENING = Group("evening", "evening", hours=(Opening((4,), 20 * 60, 2 * 60),))  # Friday until Saturday, 02:00


def at(text: str, zone: str = SHANGHAI, fold: int = 0) -> int:
    """UTC milliseconds of a time on the wall."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


def test_a_group_without_hours_is_always_open() -> None:
    always = Group("general", "general", holidays=(date(2026, 11, 23),))
    assert is_open(always, at("2026-11-23 03:00"), SHANGHAI)
    assert opens_at(always, 12_345, SHANGHAI) == 12_345


@pytest.mark.parametrize(
    ("when", "opened"),
    [
        ("2026-11-23 08:59:59.999", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 17:59:59.999", True),
        ("2026-11-23 18:00", False),
        ("2026-11-22 12:00", False),  # a Sunday
    ],
)
def test_the_first_moment_counts_and_the_last_does_not(when: str, opened: bool) -> None:
    assert is_open(OFFICE, at(when), SHANGHAI) is opened


def test_hours_are_in_the_zone_of_the_policy() -> None:
    assert is_open(OFFICE, at("2026-11-23 09:30"), SHANGHAI)
    assert not is_open(OFFICE, at("2026-11-23 09:30"), BERLIN)


@pytest.mark.parametrize(
    ("when", "opened"),
    [
        ("2026-11-27 19:59", False),
        ("2026-11-27 20:00", True),
        ("2026-11-28 01:59", True),  # Saturday, Friday's shift
        ("2026-11-28 02:00", False),
        ("2026-11-28 20:00", False),
        ("2026-11-27 01:00", False),  # Thursday has no shift
    ],
)
def test_a_shift_past_midnight_belongs_to_the_day_it_begins_on(when: str, opened: bool) -> None:
    assert is_open(EVENING, at(when), SHANGHAI) is opened


def test_24_00_is_the_end_of_the_day() -> None:
    late = Group("late", "late", hours=(Opening(EVERY_DAY, 9 * 60, 24 * 60),))
    assert is_open(late, at("2026-11-23 23:59:59.999"), SHANGHAI)
    assert not is_open(late, at("2026-11-24 00:00"), SHANGHAI)


def test_a_holiday_cancels_the_shifts_that_begin_on_it() -> None:
    group = Group("evening", "evening", hours=EVENING.hours, holidays=(date(2026, 11, 27),))
    assert not is_open(group, at("2026-11-27 21:00"), SHANGHAI)
    assert not is_open(group, at("2026-11-28 01:00"), SHANGHAI)
    assert opens_at(group, at("2026-11-27 21:00"), SHANGHAI) == at("2026-12-04 20:00")


def test_a_holiday_does_not_cut_the_shift_of_the_night_before() -> None:
    group = Group("evening", "evening", hours=EVENING.hours, holidays=(date(2026, 11, 28),))
    assert is_open(group, at("2026-11-28 01:00"), SHANGHAI)


def test_the_next_opening_is_after_the_weekend() -> None:
    assert opens_at(OFFICE, at("2026-11-20 18:00"), SHANGHAI) == at("2026-11-23 09:00")


def test_the_earliest_of_several_shifts_is_the_next_opening() -> None:
    group = Group("g", "g", hours=(Opening((0,), 14 * 60, 18 * 60), Opening((0,), 9 * 60, 12 * 60)))
    assert opens_at(group, at("2026-11-23 08:00"), SHANGHAI) == at("2026-11-23 09:00")
    assert opens_at(group, at("2026-11-23 12:00"), SHANGHAI) == at("2026-11-23 14:00")


def test_an_open_group_opens_now() -> None:
    assert opens_at(OFFICE, at("2026-11-23 10:00"), SHANGHAI) == at("2026-11-23 10:00")


def test_an_opening_more_than_sixty_days_ahead_is_none() -> None:
    monday = Group("g", "g", hours=(Opening((0,), 9 * 60, 10 * 60),))
    now = at("2026-11-23 10:00")
    mondays = [date.fromordinal(date(2026, 11, 30).toordinal() + 7 * week) for week in range(9)]
    assert opens_at(Group("g", "g", hours=monday.hours, holidays=tuple(mondays)), now, SHANGHAI) == 0
    last = opens_at(Group("g", "g", hours=monday.hours, holidays=tuple(mondays[:7])), now, SHANGHAI)
    assert last == at("2027-01-18 09:00") < now + HORIZON_DAYS * DAY_MS


def test_opening_hours_follow_the_wall_when_the_clock_changes() -> None:
    daily = Group("g", "g", hours=(Opening(EVERY_DAY, 9 * 60, 18 * 60),))
    for day in ("2027-03-27", "2027-03-28", "2026-10-24", "2026-10-25"):  # the days before and of both changes
        assert opens_at(daily, at(f"{day} 08:00", BERLIN), BERLIN) == at(f"{day} 09:00", BERLIN)
        assert not is_open(daily, at(f"{day} 18:00", BERLIN), BERLIN)


def test_a_time_that_is_skipped_counts_from_midnight() -> None:
    early = Group("g", "g", hours=(Opening(EVERY_DAY, 150, 360),))  # 02:30; on 28 March 2027 there is none
    assert opens_at(early, at("2027-03-28 01:00", BERLIN), BERLIN) == at("2027-03-28 03:30", BERLIN)


def test_a_shift_includes_the_hour_that_comes_twice() -> None:
    night = Group("g", "g", hours=(Opening(EVERY_DAY, 22 * 60, 150),))  # until 02:30, of which there are two
    assert is_open(night, at("2026-10-25 02:29", BERLIN, fold=1), BERLIN)
    assert is_open(night, at("2026-10-25 02:45", BERLIN, fold=0), BERLIN)
    assert not is_open(night, at("2026-10-25 02:30", BERLIN, fold=1), BERLIN)
    early = Group("g", "g", hours=(Opening(EVERY_DAY, 150, 360),))
    assert opens_at(early, at("2026-10-25 01:00", BERLIN), BERLIN) == at("2026-10-25 02:30", BERLIN, fold=0)


minutes = st.integers(0, 1439)
openings = st.builds(
    Opening, days=st.lists(st.integers(0, 6), min_size=1).map(tuple), opens=minutes, closes=st.integers(1, 1440)
).filter(lambda opening: opening.opens != opening.closes)


@given(
    hours=st.lists(openings, min_size=1, max_size=3),
    now=st.integers(at("2026-01-01 00:00"), at("2028-01-01 00:00")),
    zone=st.sampled_from([SHANGHAI, BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_group_is_open_at_its_next_opening_and_closed_just_before(
    hours: list[Opening], now: int, zone: str
) -> None:
    group = Group("g", "g", hours=tuple(hours))
    opening = opens_at(group, now, zone)
    assert now <= opening <= now + 9 * DAY_MS
    assert is_open(group, opening, zone)
    assert opening == now or not is_open(group, opening - 1, zone)
