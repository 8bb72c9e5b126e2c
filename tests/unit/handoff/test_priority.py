"""Priority: the promised order at equal arrival, ageing alike, and nobody starves."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.policy import MAX_VIP, Weights
from handoff.policy_file import PATH, read_policy
from handoff.priority import Facts, head_start_ms, head_start_of, key, most_ms, overtakers_until_ms, rest_ms

SHIPPED = read_policy(PATH).weights
VIP_LEVELS_ABOVE_THE_REST = 5
NOON = 1_800_000_000_000
LOUDEST = Facts(3, 12, 3, 9, 9, True, True, True, "angry")

facts = st.builds(
    Facts,
    urgency=st.integers(0, 3),
    vip=st.integers(0, MAX_VIP),
    tier=st.integers(1, 3),
    scenarios=st.integers(1, 5),
    failed=st.integers(0, 5),
    complaint=st.booleans(),
    low_rating=st.booleans(),
    reopened=st.booleans(),
    emotion=st.sampled_from(["angry", "anxious", "sad", "positive", "neutral"]),
)


def everything() -> Iterator[Facts]:
    """Every combination of facts that the weights tell apart."""
    flags = (False, True)
    emotions = ("angry", "anxious", "sad", "positive", "neutral")
    ranges = (range(4), range(MAX_VIP + 1), (1, 2, 3), range(1, 5), range(4), flags, flags, flags, emotions)
    return (Facts(*values) for values in product(*ranges))


@pytest.fixture(scope="module")
def spans() -> dict[tuple[int, int], tuple[int, int]]:
    """The smallest and the largest head start of each urgency and VIP level, over all combinations of the rest."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for each in everything():
        start = head_start_ms(each, SHIPPED)
        low, high = found.get((each.urgency, each.vip), (start, start))
        found[each.urgency, each.vip] = min(low, start), max(high, start)
    return found


def test_a_level_of_urgency_outweighs_everything_else(spans: dict[tuple[int, int], tuple[int, int]]) -> None:
    for (upper, lower), (vip, other) in product(product(range(4), repeat=2), product(range(MAX_VIP + 1), repeat=2)):
        if upper > lower:
            assert spans[upper, vip][0] > spans[lower, other][1], (upper, vip, lower, other)


def test_five_vip_levels_outweigh_complexity_feedback_and_tone(spans: dict[tuple[int, int], tuple[int, int]]) -> None:
    outweighed = {
        gap: all(spans[urgency, vip + gap][0] > spans[urgency, vip][1] for vip in range(MAX_VIP + 1 - gap))
        for gap in range(1, MAX_VIP + 1)
        for urgency in range(4)
    }
    assert min(gap for gap, holds in outweighed.items() if holds) == VIP_LEVELS_ABOVE_THE_REST
    assert all(holds for gap, holds in outweighed.items() if gap >= VIP_LEVELS_ABOVE_THE_REST)


def test_the_largest_head_start_is_reached_and_never_passed(spans: dict[tuple[int, int], tuple[int, int]]) -> None:
    assert max(high for _, high in spans.values()) == most_ms(SHIPPED) == head_start_ms(LOUDEST, SHIPPED)
    assert spans[0, 0] == (0, rest_ms(SHIPPED))


def test_the_shipped_weights_are_the_defaults() -> None:
    assert all(SHIPPED.emotion[name] == weight for name, weight in Weights().emotion.items())
    assert replace(SHIPPED, emotion={}) == replace(Weights(), emotion={})


@pytest.mark.parametrize(
    ("louder", "part"),
    [
        (Facts(urgency=1), "urgency"),
        (Facts(vip=1), "vip"),
        (Facts(tier=3), "complexity"),
        (Facts(scenarios=2), "complexity"),
        (Facts(failed=1), "complexity"),
        (Facts(complaint=True), "feedback"),
        (Facts(low_rating=True), "feedback"),
        (Facts(reopened=True), "feedback"),
        (Facts(emotion="angry"), "tone"),
    ],
)
def test_each_fact_raises_its_own_part_only(louder: Facts, part: str) -> None:
    start = head_start_of(louder, SHIPPED)
    assert getattr(start, part) == start.total > 0


@pytest.mark.parametrize(
    ("beyond", "nearest"),
    [
        (Facts(urgency=99, vip=99, tier=99), Facts(urgency=3, vip=12, tier=3)),
        (Facts(urgency=-1, vip=-1, tier=-1), Facts(urgency=0, vip=0, tier=1)),
        (Facts(scenarios=0, failed=-7), Facts(scenarios=1, failed=0)),
        (Facts(emotion="no such word"), Facts(emotion="neutral")),
    ],
)
def test_a_value_out_of_range_counts_as_the_nearest(beyond: Facts, nearest: Facts) -> None:
    assert head_start_of(beyond, SHIPPED) == head_start_of(nearest, SHIPPED)


def test_a_flood_of_failed_answers_raises_nothing_further() -> None:
    assert head_start_ms(Facts(failed=3), SHIPPED) == head_start_ms(Facts(failed=1000, scenarios=1), SHIPPED)
    assert head_start_ms(Facts(scenarios=4), SHIPPED) == head_start_ms(Facts(scenarios=1000), SHIPPED)


def test_equal_requests_are_served_in_order_of_arrival() -> None:
    start = head_start_ms(Facts(urgency=2), SHIPPED)
    assert key(NOON, start) < key(NOON + 1, start)


def test_a_key_is_exact_as_a_redis_score() -> None:
    assert int(float(key(NOON + 1, most_ms(SHIPPED)))) == NOON + 1 - most_ms(SHIPPED)


@given(earlier=facts, later=facts, gap=st.integers(0, 20_000_000))
def test_nothing_made_after_the_bound_goes_first(earlier: Facts, later: Facts, gap: int) -> None:
    mine, theirs = (head_start_ms(each, SHIPPED) for each in (earlier, later))
    bound = overtakers_until_ms(NOON, mine, SHIPPED)
    assert bound >= NOON
    if NOON + gap > bound:
        assert key(NOON, mine) < key(NOON + gap, theirs)


def test_the_bound_is_tight() -> None:
    bound = overtakers_until_ms(NOON, 0, SHIPPED)
    assert key(bound, head_start_ms(LOUDEST, SHIPPED)) == key(NOON, 0)


@settings(max_examples=200, deadline=None)
@given(
    arrivals=st.lists(st.tuples(st.integers(0, 30_000_000), facts, st.integers(1, 900_000)), min_size=1, max_size=60),
    slots=st.integers(1, 4),
)
def test_nobody_waits_past_the_bound(arrivals: list[tuple[int, Facts, int]], slots: int) -> None:
    """The two theorems of docs/HANDOFF.md, on random arrivals and lengths of service."""
    requests = [(at, head_start_ms(each, SHIPPED), length) for at, each, length in sorted(arrivals, key=lambda a: a[0])]
    started = serve(requests, slots)
    longest = max(length for _, _, length in requests)
    for mine, (at, start, _) in enumerate(requests):
        bound = overtakers_until_ms(at, start, SHIPPED)
        before = [other for other in range(len(requests)) if started[other] < started[mine]]
        assert all(requests[other][0] <= bound for other in before)
        rivals = sum(
            (key(other_at, other_start), other) < (key(at, start), mine)
            for other, (other_at, other_start, _) in enumerate(requests)
            if other_at <= bound and started[other] >= at
        )
        assert started[mine] - at <= (rivals // slots + 1) * longest


def serve(requests: list[tuple[int, int, int]], slots: int) -> list[int]:
    """When each of (requested at, head start, length of service), sorted by time, begins to be served."""
    free = [0] * slots
    waiting: list[tuple[int, int]] = []
    started = [0] * len(requests)
    arrived = now = 0
    for _ in requests:
        now = max(now, heapq.heappop(free))
        if not waiting:
            now = max(now, requests[arrived][0])
        while arrived < len(requests) and requests[arrived][0] <= now:
            at, start, _ = requests[arrived]
            heapq.heappush(waiting, (key(at, start), arrived))
            arrived += 1
        _, chosen = heapq.heappop(waiting)
        started[chosen] = now
        heapq.heappush(free, now + requests[chosen][2])
    return started


def test_a_plain_question_is_served_in_an_endless_flood_of_urgent_vips() -> None:
    flood_every, service = 10_000, 60_000  # six times as many as one agent can serve
    most = most_ms(SHIPPED)
    rivals = most // flood_every + 1
    flood = [(n * flood_every, head_start_ms(LOUDEST, SHIPPED), service) for n in range(1, 5 * rivals)]
    started = serve([(0, 0, service), (0, most, service), *flood], slots=1)
    assert started[0] == rivals * service
    assert any(begun > started[0] for begun in started), "the flood has not ended when the question is served"
