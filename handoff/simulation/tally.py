"""Counts what a run shows: waits, overtaking, work, timers."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from handoff.engine import AgentNow, Waiting
from handoff.machine import Owner
from handoff.memory_state import Conversation, MemoryState


@dataclass(frozen=True)
class Waited:
    """A wait that ended with an agent."""

    group: str
    urgency: int
    vip: int
    waited_ms: int
    told_ms: int  # the P90 that was told first; 0: nothing was
    called: bool  # the player was away and had to be called


class Tally:
    """The figures of one run."""

    def __init__(self, store: MemoryState) -> None:
        self._store = store
        self.waits: list[Waited] = []
        self.takes: Counter[str] = Counter()  # by how: offer, pull, transfer, takeover
        self.requeued = 0
        self.timers: Counter[str] = Counter()
        self.late_ms: list[int] = []  # of timers in undisturbed time
        self.overtaken_ms: dict[int, int] = defaultdict(int)  # urgency -> the most by which an overtaker was younger
        self.busy = 0  # units, summed over the samples
        self.room = 0
        self.by_hour: dict[int, list[int]] = defaultdict(lambda: [0, 0])  # hour after the start -> busy, room
        self.longest_queue = 0
        self.actions: Counter[str] = Counter()  # what players and agents did

    def moved(self, c: Conversation, before: Owner) -> None:
        """A conversation has another owner."""
        if c.ownership.owner is Owner.QUEUE and before is Owner.AGENT:
            self.requeued += 1
        if c.ownership.owner is not Owner.AGENT:
            return
        episode = self._store._episodes[c.episode]
        self.takes[episode.owners[-1].how] += 1
        if before is Owner.QUEUE and len(episode.owners) == 1:
            called = any(entry.event == "your_turn" and entry.at >= episode.requested_at for entry in c.log[-40:])
            waited = episode.accepted_at - episode.requested_at
            self.waits.append(Waited(episode.group, episode.urgency, c.player.vip, waited, c.told_p90, called))

    def fired(self, kind: str, late_ms: int) -> None:
        """A timer was acted on, so late; -1 in disturbed time."""
        self.timers[kind] += 1
        if late_ms >= 0:
            self.late_ms.append(late_ms)

    def overtaken(self, other: Waiting, younger_ms: int) -> None:
        """A waiting request sees one pass that was made so much later."""
        c = self._store._conversations.get(other.conversation)
        if c is not None and c.ownership.owner is Owner.QUEUE:
            urgency = self._store._episodes[c.episode].urgency
            self.overtaken_ms[urgency] = max(self.overtaken_ms[urgency], younger_ms)

    def sample(self, hour: int, agents: list[AgentNow], waiting: int) -> None:
        """The desk as it is now."""
        working = [agent for agent in agents if agent.status == "online"]
        busy, room = sum(agent.load for agent in working), sum(agent.capacity for agent in working)
        self.busy, self.room = self.busy + busy, self.room + room
        self.by_hour[hour][0] += busy
        self.by_hour[hour][1] += room
        self.longest_queue = max(self.longest_queue, waiting)
