"""The game's calendar: when a season, a maintenance or an event makes players ask about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone

from common.clock import utc
from suggest.decay import DAY, HOUR, MINUTE

#: The game's time.
ZONE = timezone(timedelta(hours=8))
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Weekly:
    """Some hours of every week."""

    #: 0 is Monday.
    weekday: int
    #: Minutes since midnight, the game's time.
    start: int
    end: int

    def around(self, now: int) -> tuple[int, int]:
        """The occurrence nearest to `now`: from, until, UTC milliseconds."""
        local = utc(now).astimezone(ZONE)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        days = (self.weekday - midnight.weekday() + 3) % 7 - 3
        start = int(midnight.timestamp() * 1000) + days * DAY + self.start * MINUTE
        return start, start + (self.end - self.start) * MINUTE


@dataclass(frozen=True)
class Once:
    """A time that does not come again."""

    #: UTC, milliseconds.
    start: int
    end: int

    def around(self, now: int) -> tuple[int, int]:
        """From, until."""
        return self.start, self.end


@dataclass(frozen=True)
class Occasion:
    """Something in the calendar and the questions it makes."""

    id: str
    name: str
    when: Weekly | Once
    #: 0..1, as suggest.rules.Speaks.
    strength: float
    entries: tuple[str, ...]
    lead_hours: int = 0
    trail_hours: int = 0

    def counts(self, now: int) -> float:
        """How far it counts at `now`, 0..1: whole while it lasts, rising from half before it and falling to none after."""
        start, end = self.when.around(now)
        if start <= now < end:
            return 1.0
        if now < start:
            lead = self.lead_hours * HOUR
            return 1 - 0.5 * (start - now) / lead if start - now < lead else 0.0
        trail = self.trail_hours * HOUR
        return 1 - (now - end) / trail if now - end < trail else 0.0
