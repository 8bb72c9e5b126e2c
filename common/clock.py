"""Time as a port: everything that waits or stamps asks a Clock, so tests and simulations can move it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """Milliseconds since the Unix epoch, UTC."""

    def now_ms(self) -> int:
        """The present, in whole milliseconds."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """The present, in whole milliseconds."""
        return time.time_ns() // 1_000_000


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._now = start_ms

    def now_ms(self) -> int:
        """The present, in whole milliseconds."""
        return self._now

    def advance(self, ms: int) -> None:
        """Move forward by `ms` milliseconds."""
        self._now += ms


def utc(ms: int) -> datetime:
    """The UTC datetime of a millisecond stamp."""
    return datetime.fromtimestamp(ms / 1000, tz=timezone.utc)


def iso(ms: int) -> str:
    """RFC 3339 with milliseconds, as in `2026-11-23T08:30:00.123Z`."""
    return utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
