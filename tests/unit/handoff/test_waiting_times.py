"""The cached reader behind the estimates: whose slots count, who goes first, and how often it reads."""

from __future__ import annotations

import msgspec

from common.clock import FakeClock
from handoff.engine import AgentNow, Profile, Wait
from handoff.policy import Group, Policy, Step
from handoff.protocol import QueueItem
from handoff.waiting import Factor
from handoff.waiting_times import Overtakers, Staff, WaitingTimes, _Reading, slots_of, stages_of

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
    overtakers.see([item("a"), item("new"), item("b"), item("x", "payment"), item("last")], 1000)
    later = 600_000
    assert overtakers.per_second(1, later) == {}
    assert overtakers.per_second(2, later) == overtakers.per_second(9, later) == {"general": 1 / 600}
    assert overtakers.per_second(9, later + 2000) == {}  # too long ago


def reading(agents: list[AgentNow], items: list[QueueItem]) -> _Reading:
    return _Reading(0, Staff(agents), items, Factor(), [])


def test_each_step_counts_the_agents_whom_it_asks() -> None:
    agents = [agent("good", {"payment": 3}, load=300), agent("new", {"payment": 1}, load=150), agent("x", {})]
    first, second = stages_of(reading(agents, []), POLICY, "payment", 1, 1, {}, 0)
    assert (first.begins_s, first.busy, first.free, first.place) == (0, 3, 0, 1)
    assert (second.begins_s, second.busy, second.free, second.place) == (60, 4.5, 1, 1)


def test_the_time_that_was_waited_has_brought_the_steps_nearer() -> None:
    read = reading([agent("a", {"payment": 3})], [item("p", "payment")])  # since 0
    assert [stage.begins_s for stage in stages_of(read, POLICY, "payment", 1, 1, {}, 45_000)] == [0, 15]
    assert [stage.begins_s for stage in stages_of(read, POLICY, "payment", 1, 1, {}, 60_000)] == [0]


def test_another_groups_request_ahead_counts_by_the_slots_that_the_groups_share() -> None:
    both, other = agent("both", {"payment": 5, "general": 5}), agent("other", {"general": 3})
    items = [
        item("g"),
        msgspec.structs.replace(item("asked"), offered_to="both"),
        msgspec.structs.replace(item("gone"), away=True),
    ]
    (first, _) = stages_of(reading([both, other], items), POLICY, "payment", 1, 4, {"general": 0.5}, 0)
    assert first.place == 1.5  # of the one that can be served now, half is served by others
    assert first.overtake_per_s == 0.25


def test_requests_too_far_back_to_be_listed_count_by_their_place() -> None:
    (stage,) = stages_of(reading([agent("a", {"general": 3})], []), POLICY, "general", 7, 1, {}, 200_000)[-1:]
    assert stage.place == 7


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
