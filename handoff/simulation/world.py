"""What everybody in a run shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from common.clock import FakeClock
from handoff.archive_memory import MemoryArchive
from handoff.policy import Policy
from handoff.simulation.day import HOUR, Settings
from handoff.simulation.faults import Injected
from handoff.simulation.kernel import Kernel, Signal
from handoff.simulation.network import Line
from handoff.simulation.service import Service
from handoff.simulation.tally import Tally
from handoff.store import HandoffRequest
from handoff.waiting_times import WaitingTimes


@dataclass
class World:
    """One run."""

    settings: Settings
    policy: Policy
    clock: FakeClock
    kernel: Kernel
    service: Service
    archive: MemoryArchive
    tally: Tally
    injected: Injected
    times: WaitingTimes  # the gateway's
    wishes: dict[str, HandoffRequest] = field(default_factory=dict)  # player -> what the bot will understand
    players: dict[str, Signal] = field(default_factory=dict)  # player -> rung when something is new for them
    connected: set[str] = field(default_factory=set)  # agents whose socket is alive
    closing: bool = False  # no more players come, and the agents stay

    def rng(self, who: str) -> Random:
        """Chance for one of the run's parts, whatever the others draw."""
        return Random(f"{self.settings.seed}/{who}")

    def line(self, who: str) -> Line:
        """A client's connection."""
        return Line(who, self.kernel, self.service, self.injected, self.rng(f"line {who}"))

    @property
    def hour(self) -> int:
        """Hour after the start."""
        return int(self.kernel.now / HOUR)
