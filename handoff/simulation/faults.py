"""How often which fault is injected, and how many were."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from random import Random


class Level(str, Enum):
    """How much goes wrong."""

    NONE = "none"  # nothing
    NORMAL = "normal"  # what a production system sees in bad weeks
    HEAVY = "heavy"  # far more than that, so that rare overlaps happen


class Fault(str, Enum):
    """What can be injected."""

    SOCKET_CUT = "agent's socket cut"  # no beats, nothing arrives, until it is back
    ROUTER_KILLED = "router killed"  # between two of its steps; another starts seconds later
    ROUTER_FROZEN = "router frozen"  # a zombie: it carries out its decision late
    ARCHIVER_KILLED = "archive duty killed"  # between copying and deleting
    REQUEST_LOST = "command lost"  # sent again with the same id
    ACK_LOST = "acknowledgement lost"  # done, but sent again with the same id
    DUPLICATED = "frame duplicated"  # the same frame arrives again, seconds later and out of order
    BOT_LATE = "bot turn late"  # committed after its lease ran out
    BOT_KILLED = "bot killed in a turn"  # the turn is done again by another
    STALE_EPOCH = "stale write refused"  # an agent wrote under an old epoch; not injected but a result of the others
    CLOCK_FORWARD = "clock put on"
    CLOCK_BACK = "clock put back"


@dataclass(frozen=True)
class Faults:
    """Rates an hour of simulated time, and probabilities."""

    level: Level = Level.NONE
    socket_cuts: float = 0.0  # an agent and hour
    socket_away_s: float = 0.0  # mean
    router_kills: float = 0.0  # an hour, of both routers together
    router_freezes: float = 0.0
    archiver_kills: float = 0.0
    clock_jumps: float = 0.0
    clock_jump_s: float = 0.0  # largest
    lost: float = 0.0  # of a command, and as often of an acknowledgement
    duplicated: float = 0.0  # of a command
    bot_late: float = 0.0  # of a turn
    bot_killed: float = 0.0


FAULTS = {
    Level.NONE: Faults(),
    Level.NORMAL: Faults(
        Level.NORMAL,
        socket_cuts=0.05,
        socket_away_s=10,
        router_kills=2,
        router_freezes=1,
        archiver_kills=0.5,
        clock_jumps=0.1,
        clock_jump_s=8,
        lost=0.005,
        duplicated=0.01,
        bot_late=0.01,
        bot_killed=0.005,
    ),
    Level.HEAVY: Faults(
        Level.HEAVY,
        socket_cuts=0.5,
        socket_away_s=20,
        router_kills=30,
        router_freezes=15,
        archiver_kills=10,
        clock_jumps=1.5,
        clock_jump_s=60,
        lost=0.05,
        duplicated=0.1,
        bot_late=0.06,
        bot_killed=0.04,
    ),
}


class Injected:
    """Decides and counts; after `stop` nothing goes wrong any more."""

    def __init__(self, faults: Faults, rng: Random) -> None:
        self.faults = faults
        self.rng = rng
        self.counts: Counter[Fault] = Counter()
        self.stopped = faults.level is Level.NONE

    def stop(self) -> None:
        """From now on everything works."""
        self.stopped = True

    def strikes(self, fault: Fault, probability: float) -> bool:
        """Whether it happens now; counted if so."""
        if self.stopped or self.rng.random() >= probability:
            return False
        self.counts[fault] += 1
        return True
