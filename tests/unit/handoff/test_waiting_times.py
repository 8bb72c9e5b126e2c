"""The cached reader behind the estimates: whose slots count, who goes first, and how often it reads."""

from __future__ import annotations

from common.clock import FakeClock
from handoff.engine import AgentNow, Profile, Wait
from handoff.policy import Group, Policy, Step
from handoff.protocol import QueueItem
from handoff.waiting_times import Overtakers, WaitingTimes, slots_of

POLICY = Policy(
    groups={
        "general": Group("general", "general"),
        "payment": Group("payment", "payment", steps=(Step(0, 3), Step(60, 1))),
    }
)


def agent(id: str, skills: dict[str, int], status: str = "online", capacity: int = 300, load: int = 0) -> AgentNow:
    return AgentNow(id, id, status, capacity, load, Profile(skills=skills))


def item(conversation: str, group: str = "general") -> QueueItem:
    return QueueItem(conversation, "u", "u", 0, 1, "button", 0, group=group)


class Store:
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.now: list[AgentNow] = []

    async def agents(self) -> list[AgentNow]:
        self.reads += 1
        return self.now

    async def handled(self, group: str) -> list[int]:
        return [300_000] * 50

    async def waits(self, limit: int = 500) -> list[Wait]:
        return []

    async def queue(self, limit: int = 200) -> tuple[list[QueueItem], int]:
        return [], 0


def test_the_slots_are_those_of_online_agents_who_know_the_group() -> None:
    agents = [
        agent("a", {"payment": 1}, load=150),
        agent("b", {"payment": 5}, status="busy"),
        agent("c", {"general": 3}),
    ]
    assert slots_of("payment", agents, POLICY) == (1, 3.0, 1)


def test_anybody_counts_where_the_last_step_asks_anybody() -> None:
    agents = [agent("c", {"payment": 3}, load=500)]
    assert slots_of("general", agents, POLICY) == (1, 3.0, 0)
    assert slots_of("payment", [agent("c", {"general": 3})], POLICY) == (0, 0.0, 0)


def test_only_who_enters_ahead_of_somebody_counts_and_only_for_those_behind() -> None:
    overtakers = Overtakers()
    overtakers.see([item("a"), item("b"), item("x", "payment")], 0)
    overtakers.see([item("a"), item("new"), item("b"), item("last"), item("x", "payment")], 1000)
    later = 600_000
    assert overtakers.per_second("general", 1, later) == 0
    assert overtakers.per_second("general", 2, later) == 1 / 600
    assert overtakers.per_second("general", 9, later) == 1 / 600
    assert overtakers.per_second("payment", 9, later) == 0
    assert overtakers.per_second("general", 9, later + 2000) == 0  # too long ago


async def test_nothing_is_read_again_within_two_seconds_or_while_nothing_moves() -> None:
    store, clock = Store(), FakeClock()
    times = WaitingTimes(store, clock, POLICY)
    assert await times.estimate("general", 1) == await times.estimate("general", 3)  # nobody is there: not known
    store.now = [agent("a", {"general": 3}, load=300)]
    times.ring()
    clock.advance(1000)
    assert (await times.estimate("general", 1)).p90_s == 0 and store.reads == 1
    clock.advance(1000)
    near = await times.estimate("general", 1)
    far = await times.estimate("general", 6)
    assert store.reads == 2 and 20 < near.p90_s < far.p90_s and near.p50_s < far.p50_s
    clock.advance(5000)
    await times.estimate("general", 1)
    assert store.reads == 2
    clock.advance(5000)
    await times.estimate("general", 1)
    assert store.reads == 3
