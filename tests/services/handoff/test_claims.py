"""A thousand agents' claims at once on a real Redis: nobody's conversation twice, none lost; and what a claim costs."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace

from bench.claims import Claim, Outcome, agents_online, claim_all, costs, faults, fill_queue, opened, race
from handoff.store import Command


async def test_a_thousand_claims_at_once_give_every_conversation_to_at_most_one_agent(redis_url: str) -> None:
    outcomes, broken = await race(redis_url, claims=1_000, conversations=200, agents=100, capacity=2)
    told = Counter(outcome.refused or "won" for outcome in outcomes)
    assert broken == []
    assert len(outcomes) == 1_000
    assert 150 <= told["won"] <= 200
    assert set(told) == {"won", "illegal_transition", "capacity_full"}


async def test_the_oracle_of_the_race_sees_a_claim_that_was_told_twice(redis_url: str) -> None:
    outcomes, broken = await race(redis_url, claims=40, conversations=10, agents=10, capacity=2, processes=1)
    assert broken == []
    won = next(outcome for outcome in outcomes if not outcome.refused)
    other = replace(won, claim=Claim("somebody else", won.claim.conversation))
    async with opened(redis_url) as store:
        waiting = sorted({outcome.claim.conversation for outcome in outcomes})
        agents = sorted({outcome.claim.agent for outcome in outcomes})
        assert await faults(store, outcomes, waiting, agents, 2) == []
        assert any("was given to" in line for line in await faults(store, [*outcomes, other], waiting, agents, 2))
        lost = [outcome for outcome in outcomes if outcome is not won]
        assert any("but is with agent" in line for line in await faults(store, lost, waiting, agents, 2))


async def test_a_reused_id_looks_like_a_double_owner_and_is_refused_when_the_body_differs(redis_url: str) -> None:
    async with opened(redis_url) as store:
        await store._redis.flushdb()
        await agents_online(store, ["a"], 2)
        waiting = await fill_queue(store, 0, 2)
        told = [await store.accept("a", "Agent", Command("reused", "same body"), one) for one in waiting]
        assert [stored.conversation for stored in told] == [waiting[0]] * 2  # the second is the first one's answer
        outcomes = [Outcome(Claim("a", one), "", 0.0) for one in waiting]
        assert len(await faults(store, outcomes, waiting, ["a"], 2)) == 3
        again = await claim_all(redis_url, [Claim("a", waiting[1])], 1, "reused")
        assert [outcome.refused for outcome in again] == [""]
        again = await claim_all(redis_url, [Claim("a", waiting[0])], 1, "reused")
        assert [outcome.refused for outcome in again] == ["id_conflict"]


async def test_a_transition_costs_the_same_whatever_waits(redis_url: str) -> None:
    async with opened(redis_url) as store:
        await store._redis.flushdb()
    found = await costs(redis_url, (10, 1_000), agents=20, cycles=15)
    for name, few in found[10].items():
        assert statistics.median(found[1_000][name]) < 3 * statistics.median(few) + 0.05, name
    assert statistics.median(found[1_000]["accept"]) < 1.0
