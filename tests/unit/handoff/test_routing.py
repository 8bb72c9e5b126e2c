"""Routing: the right person, in order, never above capacity, and nobody is held up by the one before."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.engine import AgentNow, OfferKind, Profile, Waiting
from handoff.policy import CHAT, GENERAL, Group, Opening, Overflow, Policy, Step, Times
from handoff.routing import Plan, plan, step_of

NOW = 1_700_000_000_000  # a Tuesday, 22:13 UTC, Wednesday 06:13 in Shanghai
STEPS = (Step(0, 3), Step(60, 1), Step(180, 0))
PAYMENT = Group("payment", "payment", STEPS)
POLICY = Policy(
    groups={GENERAL: Group(GENERAL, GENERAL, STEPS), "payment": PAYMENT, "item": Group("item", "item", (Step(0, 1),))}
)


def agent(id: str, free: int = 1, *, of: int = 3, **profile: Any) -> AgentNow:
    """An online agent who is good at payment and has room for `free` of `of` conversations."""
    profile = {"skills": {"payment": 3}, **profile}
    return AgentNow(id, id, "online", 100 * of, 100 * (of - free), Profile(**profile))


def item(id: str, key: int = 0, *, waited_s: int = 0, group: str = "payment", **fields: Any) -> Waiting:
    return Waiting(id, f"player of {id}", key, NOW - 1000 * waited_s, group, **fields)


def offered(waiting: Sequence[Waiting], agents: Sequence[AgentNow], policy: Policy = POLICY) -> list[tuple[str, str]]:
    return [(item.conversation, agent) for item, agent in plan(waiting, agents, policy, NOW).offers]


# ---- order and capacity ----------------------------------------------------------------------------------------


def test_the_smallest_key_is_served_first_and_equal_ones_by_conversation() -> None:
    waiting = [item("c", 5), item("b", 5), item("a", 9), item("d", 1)]
    assert offered(waiting, [agent("x", 3)]) == [("d", "x"), ("b", "x"), ("c", "x")]


def test_what_the_plan_gives_counts_against_the_capacity() -> None:
    assert len(offered([item(str(n), n) for n in range(9)], [agent("x", 2), agent("y", 1)])) == 3


def test_an_agent_with_half_a_slot_takes_nothing() -> None:
    guest = replace(agent("x"), load=250)  # a guest's part takes 50
    assert offered([item("a")], [guest]) == []


@pytest.mark.parametrize("status", ["busy", "break", "offline"])
def test_only_agents_who_are_online_are_asked(status: str) -> None:
    assert offered([item("a")], [replace(agent("x"), status=status)]) == []


def test_an_item_that_nobody_can_take_does_not_block_those_behind_it() -> None:
    waiting = [item("foreign", 1, language="en"), item("next", 2)]
    assert offered(waiting, [agent("x")]) == [("next", "x")]


# ---- skills and languages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waited_ms", "step"), [(-5000, 0), (0, 0), (59_999, 0), (60_000, 1), (180_000, 2), (10**9, 2)]
)
def test_the_step_is_the_last_whose_time_has_passed(waited_ms: int, step: int) -> None:
    assert step_of(PAYMENT, waited_ms) is STEPS[step]


@pytest.mark.parametrize(("skill", "served_after_s"), [(3, 0), (2, 60), (1, 60), (0, 180)])
def test_less_skilled_agents_are_asked_as_the_steps_relax(skill: int, served_after_s: int) -> None:
    someone = agent("x", skills={"payment": skill} if skill else {})
    served = [waited for waited in (0, 59, 60, 179, 180) if offered([item("a", waited_s=waited)], [someone])]
    assert min(served) == served_after_s


def test_a_group_that_the_policy_does_not_name_is_the_general_one() -> None:
    agents = [agent("payer"), agent("all-round", skills={GENERAL: 3})]
    assert offered([item("a", group="poetry")], agents) == [("a", "all-round")]


def test_the_language_is_required_until_the_last_step_and_preferred_there() -> None:
    zh, en = agent("zh", 3), agent("en", 1, languages=("zh", "en"))
    early, late = item("a", waited_s=170, language="en"), item("a", waited_s=180, language="en")
    assert offered([early], [zh]) == []
    assert offered([late], [zh]) == [("a", "zh")]
    assert offered([late], [zh, en]) == [("a", "en")]


# ---- whom first ------------------------------------------------------------------------------------------------


def test_the_least_loaded_share_is_asked_first() -> None:
    assert offered([item("a")], [agent("half", 1, of=2), agent("third", 4, of=6)]) == [("a", "third")]


def test_then_the_most_proficient_then_the_longest_free_then_the_least_id() -> None:
    expert, other = agent("z", skills={"payment": 5}), agent("a")
    assert offered([item("a")], [other, expert]) == [("a", "z")]
    long_free = replace(agent("z"), free_since=1)
    assert offered([item("a")], [replace(other, free_since=2), long_free]) == [("a", "z")]
    assert offered([item("a")], [agent("y"), agent("x")]) == [("a", "x")]


def test_the_load_is_spread_while_the_plan_grows() -> None:
    waiting = [item(str(n), n) for n in range(4)]
    assert [agent for _, agent in offered(waiting, [agent("x", 3), agent("y", 3)])] == ["x", "y", "x", "y"]


def test_the_last_agent_is_asked_first_when_free_and_somebody_else_otherwise() -> None:
    again = item("a", last_agent="last")
    assert offered([again], [agent("idle", 3), agent("last", 1)]) == [("a", "last")]
    assert offered([again], [agent("idle", 3), agent("last", 0)]) == [("a", "idle")]


def test_the_players_own_agent_comes_before_the_last_one() -> None:
    own = agent("own", 1, players=("player of a",))
    assert offered([item("a", last_agent="last")], [agent("last", 3), own]) == [("a", "own")]


def test_while_their_own_agent_is_full_the_item_is_held_for_the_first_step() -> None:
    agents = [agent("idle"), agent("own", 0, players=("player of a",))]
    held, behind = item("a", 1, waited_s=59), item("b", 2)
    assert offered([held, behind], agents) == [("b", "idle")]
    assert offered([replace(held, requested_at=NOW - 60_000), behind], agents) == [("a", "idle")]


def test_nothing_is_held_for_an_own_agent_who_is_away_or_has_declined() -> None:
    away = replace(agent("own", 0, players=("player of a",)), status="break")
    assert offered([item("a")], [agent("idle"), away]) == [("a", "idle")]
    full = agent("own", 0, players=("player of a",))
    assert offered([item("a", declined=("own",))], [agent("idle"), full]) == [("a", "idle")]


def test_a_group_with_one_step_holds_nothing() -> None:
    agents = [agent("idle", skills={"item": 1}), agent("own", 0, skills={"item": 1}, players=("player of a",))]
    assert offered([item("a", group="item")], agents) == [("a", "idle")]


# ---- declined --------------------------------------------------------------------------------------------------


def test_who_declined_is_asked_after_everyone_else_even_as_own_or_last_agent() -> None:
    declined = agent("d", 3, players=("player of a",))
    assert offered([item("a", declined=("d",), last_agent="d")], [declined, agent("x", 1)]) == [("a", "x")]


def test_the_last_who_declined_is_not_asked_again_while_another_may_become_free() -> None:
    again = item("a", declined=("d",))
    assert offered([again], [agent("d"), agent("full", 0)]) == []
    assert offered([again], [agent("d"), replace(agent("x"), status="break")]) == [("a", "d")]
    assert offered([again], [agent("d"), agent("unskilled", 1, skills={})]) == [("a", "d")]


def test_among_those_who_declined_the_longest_ago_is_asked() -> None:
    agents = [agent("d", 3), agent("e", 1), agent("f", 1)]
    assert offered([item("a", declined=("e", "f", "d"))], agents) == [("a", "e")]
    assert offered([item("a", declined=("e", "f", "e", "d"))], agents) == [("a", "f")]


def test_who_declined_is_still_offered_other_items() -> None:
    waiting = [item("a", 1, declined=("d",)), item("b", 2)]
    assert offered(waiting, [agent("d"), agent("full", 0)]) == [("b", "d")]


def test_the_plan_says_how_many_slots_it_leaves_free() -> None:
    assert plan([item("a")], [agent("x", 3), agent("full", 0)], POLICY, NOW).room == 2


# ---- transfers and absent players ------------------------------------------------------------------------------


def test_a_transfer_never_goes_to_its_owner_and_needs_no_player() -> None:
    moved = item("a", kind=OfferKind.TRANSFER, owner="x", present=False)
    assert offered([moved], [agent("x", 3)]) == []
    assert offered([moved], [agent("x", 3), agent("y")]) == [("a", "y")]


def test_an_absent_player_is_called_once_and_offered_when_back() -> None:
    away = item("a", present=False)
    assert plan([away], [agent("x")], POLICY, NOW).calls == ["a"]
    called = replace(away, called_at=NOW - 1000)
    assert plan([called], [agent("x")], POLICY, NOW) == replace(empty_plan([called], [agent("x")]), offers=[])
    assert offered([replace(called, present=True)], [agent("x")]) == [("a", "x")]


def empty_plan(waiting: Sequence[Waiting], agents: Sequence[AgentNow]) -> Plan:
    return replace(plan(waiting, agents, POLICY, NOW), offers=[], calls=[], moves=[])


def test_nobody_is_called_before_their_turn() -> None:
    assert plan([item("a", present=False)], [agent("x", 0)], POLICY, NOW).calls == []
    waiting = [item("here", 1), item("away", 2, present=False)]
    assert plan(waiting, [agent("x")], POLICY, NOW).calls == []


def test_a_call_keeps_no_slot_from_the_players_who_are_here() -> None:
    decided = plan([item("away", 1, present=False), item("here", 2)], [agent("x")], POLICY, NOW)
    assert decided.calls == ["away"]
    assert [item.conversation for item, _ in decided.offers] == ["here"]


def test_no_more_players_are_called_at_a_time_than_slots_are_free() -> None:
    away = [item(str(n), n, present=False) for n in range(5)]
    assert plan(away, [agent("x", 2)], POLICY, NOW).calls == ["0", "1"]
    under_way = [replace(away[0], called_at=NOW - 1000), *away[1:]]
    assert plan(under_way, [agent("x", 2)], POLICY, NOW).calls == ["1"]
    assert plan([item("here", -1), *away], [agent("x", 2)], POLICY, NOW).calls == ["0"]
    missed = [replace(away[0], called_at=NOW - 1000 * (Times().call + 1)), *away[1:]]
    assert plan(missed, [agent("x", 2)], POLICY, NOW).calls == ["1", "2"]


# ---- closed and full groups ------------------------------------------------------------------------------------

CLOSED = Group("payment", "payment", STEPS, (Opening(tuple(range(7)), 540, 1440),), closed=Overflow("group", GENERAL))


def with_group(group: Group) -> Policy:
    return replace(POLICY, groups={**POLICY.groups, group.id: group})


def test_a_closed_group_hands_its_items_on_instead_of_offering_them() -> None:
    decided = plan([item("a"), item("b", group="item")], [agent("x")], with_group(CLOSED), NOW)
    assert decided.moves == [("a", Overflow("group", GENERAL))]
    assert decided.offers == []
    open_now = NOW + 3 * 3_600_000  # 09:13 in Shanghai
    assert plan([item("a")], [agent("x")], with_group(CLOSED), open_now).moves == []


def test_a_closed_group_that_waits_still_takes_an_agent_who_is_there() -> None:
    assert offered([item("a")], [agent("x")], with_group(replace(CLOSED, closed=Overflow()))) == [("a", "x")]


def test_a_transfer_stays_with_its_group() -> None:
    moved = item("a", kind=OfferKind.TRANSFER, owner="o")
    assert plan([moved], [], with_group(CLOSED), NOW).moves == []
    assert plan([moved, item("b")], [], with_group(replace(PAYMENT, most=1, full=Overflow("ticket"))), NOW).moves == []


def test_only_those_beyond_the_limit_move_and_offers_are_made_first() -> None:
    policy = with_group(replace(PAYMENT, most=2, full=Overflow("ticket")))
    waiting = [item(str(n), n) for n in range(5)]
    assert plan(waiting, [], policy, NOW).moves == [(id, Overflow("ticket")) for id in "234"]
    assert plan(waiting, [agent("x", 3)], policy, NOW).moves == []


# ---- properties ------------------------------------------------------------------------------------------------

GROUPS = ("payment", "item", GENERAL)
IDS = [f"agent{n}" for n in range(6)]
agents_at_work = st.builds(
    lambda skills, languages, status, capacity, load, free_since, players: (
        status, capacity * 100, load * 50, free_since, Profile("agent", skills, languages, players),
    ),
    st.dictionaries(st.sampled_from(GROUPS), st.integers(1, 5)),
    st.sampled_from([("zh",), ("en",), ("zh", "en")]),
    st.sampled_from(["online", "online", "online", "busy", "break"]),
    st.integers(1, 4), st.integers(0, 8), st.integers(0, 3),
    st.lists(st.sampled_from(["p0", "p1"]), max_size=1),
)  # fmt: skip
teams = st.lists(agents_at_work, max_size=6).map(
    lambda rows: [AgentNow(id, id, row[0], row[1], row[2], row[4], row[3]) for id, row in zip(IDS, rows)]
)
queue_rows = st.tuples(
    st.integers(0, 4), st.integers(0, 240), st.sampled_from(GROUPS), st.sampled_from(["zh", "en"]),
    st.sampled_from(["p0", "p1", "p2"]), st.lists(st.sampled_from(IDS), max_size=3), st.sampled_from(["", *IDS]),
    st.booleans(), st.sampled_from([0, NOW - 1000]), st.sampled_from(["", "", *IDS]),
)  # fmt: skip


def as_waiting(n: int, row: tuple[Any, ...]) -> Waiting:
    key, waited_s, group, language, player, declined, last, present, called_at, owner = row
    kind = OfferKind.TRANSFER if owner else OfferKind.QUEUE
    requested_at = NOW - waited_s * 1000
    return Waiting(
        f"c{n}", player, key, requested_at, group, 0, language, kind, last, declined, present, called_at, owner
    )


queues = st.lists(queue_rows, max_size=12).map(lambda rows: [as_waiting(n, row) for n, row in enumerate(rows)])


def may_have(item: Waiting, agent: AgentNow, now_ms: int = NOW) -> bool:
    """The rules again, written out; the load is looked at elsewhere."""
    waited_s = (now_ms - item.requested_at) / 1000
    steps = POLICY.groups[item.group].steps
    passed = [step for step in steps if step.after <= waited_s]
    skilled = agent.profile.skills.get(item.group, 0) >= passed[-1].skill
    speaks = item.language in agent.profile.languages or len(passed) == len(steps)
    return agent.status == "online" and skilled and speaks and agent.id != item.owner


@given(queues, teams)
def test_capacity_is_never_passed_and_nothing_is_offered_twice(waiting: list[Waiting], agents: list[AgentNow]) -> None:
    decided = plan(waiting, agents, POLICY, NOW)
    conversations = [item.conversation for item, _ in decided.offers]
    assert len(set(conversations)) == len(conversations)
    assert not set(conversations) & set(decided.calls)
    for agent in agents:
        given_now = sum(id == agent.id for _, id in decided.offers)
        assert not given_now or agent.load + 100 * given_now <= agent.capacity


@given(queues, teams)
def test_every_offer_goes_to_an_agent_who_may_have_it_and_to_a_player_who_is_here(
    waiting: list[Waiting], agents: list[AgentNow]
) -> None:
    by_id = {agent.id: agent for agent in agents}
    for item, id in plan(waiting, agents, POLICY, NOW).offers:
        assert may_have(item, by_id[id])
        assert item.present or item.kind is OfferKind.TRANSFER


@given(queues, teams)
def test_nobody_is_passed_over_for_an_agent_who_could_have_served_them(
    waiting: list[Waiting], agents: list[AgentNow]
) -> None:
    """Except who declined it, and while it is held for the player's own agent."""
    by_id = {agent.id: agent for agent in agents}
    decided = plan(waiting, agents, POLICY, NOW)
    served = {item.conversation for item, _ in decided.offers}
    for first in waiting:
        absent = not first.present and first.kind is OfferKind.QUEUE
        if first.conversation in served or absent or is_held(first, agents):
            continue
        for second, id in decided.offers:
            before = (first.key, first.conversation) < (second.key, second.conversation)
            assert not (before and may_have(first, by_id[id]) and id not in first.declined)


def is_held(item: Waiting, agents: Sequence[AgentNow]) -> bool:
    own = [agent for agent in agents if item.player in agent.profile.players and may_have(item, agent)]
    first_step = POLICY.groups[item.group].steps[1:2]
    early = bool(first_step) and NOW - item.requested_at < first_step[0].after * 1000
    return early and any(agent.id not in item.declined for agent in own)


@given(queues, teams)
def test_no_slot_stays_free_that_somebody_here_could_have(waiting: list[Waiting], agents: list[AgentNow]) -> None:
    decided = plan(waiting, agents, POLICY, NOW)
    served = {item.conversation for item, _ in decided.offers}
    for agent in agents:
        taken = sum(id == agent.id for _, id in decided.offers)
        if agent.load + 100 * (taken + 1) > agent.capacity:
            continue
        for item in waiting:
            left = item.conversation not in served and not item.declined and not is_held(item, agents)
            here = item.present or item.kind is OfferKind.TRANSFER
            assert not (left and here and may_have(item, agent))


@given(queues, teams, st.integers(0, 300))
def test_waiting_longer_never_narrows_the_choice(waiting: list[Waiting], agents: list[AgentNow], longer_s: int) -> None:
    someone_free = [replace(agent, load=0, profile=replace(agent.profile, players=())) for agent in agents]
    for item in waiting:
        alone = replace(item, declined=(), present=True)
        for agent in someone_free:
            if plan([alone], [agent], POLICY, NOW).offers:
                assert plan([alone], [agent], POLICY, NOW + longer_s * 1000).offers


@given(queues, teams, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_the_snapshot(
    waiting: list[Waiting], agents: list[AgentNow], rng: random.Random
) -> None:
    mixed_items, mixed_agents = rng.sample(waiting, len(waiting)), rng.sample(agents, len(agents))
    one, other = plan(waiting, agents, POLICY, NOW), plan(mixed_items, mixed_agents, POLICY, NOW)
    assert (one.offers, one.calls, one.moves) == (other.offers, other.calls, other.moves)


# ---- cost ------------------------------------------------------------------------------------------------------

SKILLS = [f"group{n}" for n in range(13)]
LARGE = Policy(groups={GENERAL: Group(GENERAL, GENERAL)} | {id: Group(id, id, STEPS) for id in SKILLS})


def crowd(n: int, rng: random.Random) -> list[Waiting]:
    return [
        Waiting(f"c{i}", f"p{i}", rng.randrange(10**6), NOW - rng.randrange(300_000), rng.choice(SKILLS))
        for i in range(n)
    ]


def floor(free: int, rng: random.Random, size: int = 1000) -> list[AgentNow]:
    """Agents with three skills each; the first `free` have one free slot of five."""
    return [
        AgentNow(
            f"a{i}", f"a{i}", "online", 500, 400 if i < free else 500,
            Profile(skills={group: rng.randint(1, 5) for group in rng.sample(SKILLS, 3)}), rng.randrange(10**6),
        )
        for i in range(size)
    ]  # fmt: skip


def examined(items: int, free: int) -> int:
    rng = random.Random(7)
    waiting, agents = crowd(items, rng), floor(free, rng)
    began = time.perf_counter()
    decided = plan(waiting, agents, LARGE, NOW)
    took_ms = (time.perf_counter() - began) * 1000
    print(
        f"{items} wait, {free} of 1000 agents free: {took_ms:.0f} ms, {len(decided.offers)} offers, {decided.examined} looks"
    )
    return decided.examined


def test_the_looks_grow_with_the_free_agents_and_not_with_the_queue() -> None:
    # A free agent enters and leaves the heap of each need they meet once (three skills in two steps, and the last step of
    # all groups: 19 heaps), and an offer looks once more.
    for free in (5, 50, 1000):
        assert examined(10_000, free) <= free * (2 * 19 + 1)
    assert examined(20_000, 50) <= 1.2 * examined(2000, 50)
    assert examined(10_000, 0) == 0


def test_a_queue_that_the_free_agents_cannot_serve_costs_no_look_at_pairs() -> None:
    rng = random.Random(7)
    waiting = [replace(item, requested_at=NOW) for item in crowd(10_000, rng)]
    idle = [replace(agent, profile=Profile(skills={})) for agent in floor(5, rng)]
    assert plan(waiting, idle, LARGE, NOW).examined == 0


def test_the_weight_of_a_conversation_is_the_policys() -> None:
    light = replace(POLICY, units={CHAT: 50})
    assert len(offered([item(str(n), n) for n in range(4)], [agent("x", 1)], light)) == 2
