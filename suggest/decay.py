"""Counters that forget: exponential decay computed forward from a landmark, so that adding never touches old counts.

Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay (ICDE 2009). An addition at time t is stored as 2 ** ((t - L) / h) for a
landmark L <= t; a reading at `now` multiplies by 2 ** -((now - L) / h). The landmark moves every 64 half-lives, long
before a float overflows; the counts of the landmark before are still read, and one older than that is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: Half-lives from one landmark to the next.
SPAN = 64


@dataclass(frozen=True)
class Decay:
    """A rate of forgetting."""

    half_life_ms: int

    def landmark(self, at: int) -> int:
        """The landmark that an addition at `at` belongs to, UTC milliseconds; a part of the counter's key."""
        period = SPAN * self.half_life_ms
        return at - at % period

    def landmarks(self, now: int) -> tuple[int, int]:
        """The landmarks whose counts are still worth reading: the present one and the one before."""
        here = self.landmark(now)
        return here, here - SPAN * self.half_life_ms

    def added(self, at: int) -> float:
        """What one occurrence at `at` adds to the counter of its landmark; from 1 to 2 ** SPAN."""
        return float(2.0 ** ((at - self.landmark(at)) / self.half_life_ms))

    def read(self, stored: float, landmark: int, now: int) -> float:
        """What a stored counter is worth at `now`."""
        return float(stored * 2.0 ** ((landmark - now) / self.half_life_ms))

    @property
    def keep_ms(self) -> int:
        """How long after its landmark a counter may be deleted."""
        return 2 * SPAN * self.half_life_ms

    def per_minute(self, weight: float) -> float:
        """The steady rate of occurrences a minute that leads to such a decayed count."""
        return weight * log(2) * MINUTE / self.half_life_ms


#: What is asked right now: an outage doubles it within a minute.
NOW = Decay(2 * MINUTE)
#: What is asked these hours.
HOURS = Decay(2 * HOUR)
#: What is asked in general.
WEEK = Decay(7 * DAY)
#: What players ask after what.
SEASON = Decay(30 * DAY)
