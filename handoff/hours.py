"""When a group of agents is at work, so that nobody is put into a queue that no one looks at.

A shift belongs to the day on which it begins, in the policy's time zone; a holiday cancels the shifts that begin on it. Where the
clock is put back, a shift begins at the first and ends at the last of the two moments with the same name; where it is put forward,
a time that is skipped counts from the midnight before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handoff.policy import DAY_MINUTES, Group

HORIZON_DAYS = 60  # how far ahead an opening is looked for

_DAY_MS = 86_400_000


def is_open(group: Group, at_ms: int, zone: str) -> bool:
    """Whether the group is at work at `at_ms` (UTC); a group without hours always is."""
    return not group.hours or any(start <= at_ms < end for start, end in _shifts(group, at_ms, zone, days=1))


def opens_at(group: Group, at_ms: int, zone: str) -> int:
    """The first moment from `at_ms` on at which the group is at work, UTC milliseconds.

    `at_ms` itself while it is open; 0 when it opens at no time of the next 60 days.
    """
    if is_open(group, at_ms, zone):
        return at_ms
    latest = at_ms + HORIZON_DAYS * _DAY_MS
    starts = (start for start, _ in _shifts(group, at_ms, zone, days=HORIZON_DAYS + 1))
    return min((start for start in starts if at_ms < start <= latest), default=0)


def _shifts(group: Group, at_ms: int, zone: str, *, days: int) -> Iterator[tuple[int, int]]:
    """Begin and end (UTC ms, end excluded) of the shifts of yesterday and of `days` days from today on."""
    clock = ZoneInfo(zone)
    today = datetime.fromtimestamp(at_ms / 1000, tz=clock).date()
    for day in (today + timedelta(days=n) for n in range(-1, days)):
        if day in group.holidays:
            continue
        for opening in group.hours:
            if day.weekday() in opening.days:
                closes = opening.closes + (DAY_MINUTES if opening.closes < opening.opens else 0)
                yield _moments(day, opening.opens, clock)[0], max(_moments(day, closes, clock))


def _moments(day: date, minutes: int, zone: ZoneInfo) -> tuple[int, int]:
    """When the clock on the wall shows that time: two moments where it is put back (or forward), else twice the same."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first, second = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return round(first * 1000), round(second * 1000)
