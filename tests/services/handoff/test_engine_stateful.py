"""Random histories of players, agents, bot workers, routers and clocks on both stores, judged after every step by one oracle.

`make test` runs a fixed, short set. A long search with fresh histories:
`PROOF_EXAMPLES=2000 .venv/bin/python -m pytest -q -s tests/services/handoff/test_engine_stateful.py -k twin`
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test
from redis.asyncio import Redis

from handoff.engine import Profile
from handoff.protocol import Player
from handoff.store import Command, HandoffRequest
from tests.services.handoff.engine_histories import AGENTS, PLAYERS, POLICY, SKILLS, History, OnRedis, Twin
from tests.services.handoff.engine_model import (
    Act,
    drained_faults,
)
from tests.services.handoff.engine_rules import Agents, Bots, Times, wishes

CLOSER = "z"  # the agent who serves everybody in the end
DRAIN_ROUNDS = 40


class Engine(Bots, Agents, Times):
    """Whole histories, from the first player to the last; in the end everybody has been served."""

    @initialize(
        capacities=st.tuples(*[st.sampled_from([1, 1, 2, 4])] * 3), wanting=st.lists(wishes, min_size=2, max_size=6)
    )
    def opens(self, capacities: tuple[int, ...], wanting: list[tuple[Player, HandoffRequest, str, str]]) -> None:
        for agent, capacity in zip(AGENTS, capacities):
            self.backend.run(self.store.profile(agent, Profile(skills=SKILLS[agent])))
            self.backend.run(self.store.beat(agent))
            self.before = self.backend.picture()
            self.presence(agent, "online", capacity)
        for player, request, agent, guest in wanting:
            self.is_here(player)
            self.asks_for_a_person(player, request)
            talk = self.before.open_of[player.id]
            if agent:
                self.takes(agent, talk)
            if agent and guest:
                self.invite(agent, self.before.talks[talk], guest)
                self.accepts(talk, guest, at_once=True)

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.drain()
        finally:
            self._patch.stop()

    def drain(self) -> None:
        """Everybody goes but one agent, who serves whoever is left: then nothing is left."""
        run, store = self.backend.run, self.store
        run(store.profile(CLOSER, Profile(skills=dict.fromkeys(POLICY.groups, 5))))
        run(store.presence(CLOSER, "closer", Command("closer-1", "m"), "online", 20))
        for _ in range(DRAIN_ROUNDS):
            self.backend.clock.advance(3_600_000)
            run(store.beat(CLOSER))
            for player in PLAYERS:
                run(store.player_here(player.id))
            self.before = self.backend.picture()
            self.worker_passes()
            self.closer_works()
            self.bot_works()
            if not (self.before.queue or self.before.wrap_ups or self.before.pending or self.before.timers):
                break
        faults = list(drained_faults(self.before))
        assert not faults, f"after the drain: {faults}"

    def worker_passes(self) -> None:
        for orphan in self.backend.run(self.store.orphans()):
            self.requeue(orphan)
        for conversation in self.backend.run(self.store.overdue_wrap_ups()):
            self.attempt(Act("expire_wrap_up", conversation=conversation), self.store.expire_wrap_up(conversation))
        self.attempt(Act("route"), self.router.run_once())

    def closer_works(self) -> None:
        for offer in self.backend.run(self.store.offers_of(CLOSER)):
            self.take(CLOSER, offer.id)
        for talk in [talk for talk in self.before.talks.values() if talk.agent == CLOSER]:
            self.close(CLOSER, talk.id, talk.epoch)

    def bot_works(self) -> None:
        idle = 0
        while idle < 2:  # a claim looks at eight, which may all have lost their work
            turn = self.attempt(Act("claim"), self.store.claim_turn(60_000))
            idle = 0 if turn else idle + 1
            if turn is not None:
                self.finish(turn, "commit")
            if turn is not None and turn.entry is not None:
                self.backend.clock.advance(2_000)  # the summary waits until the player is silent
                self.before = self.backend.picture()


def proof(examples: int, steps: int) -> settings:
    """How long to search; always the same histories unless a long search is asked for."""
    asked = int(os.environ.get("PROOF_EXAMPLES", "0"))
    fixed = not asked or os.environ.get("PROOF_FIXED") == "yes"
    shrink = os.environ.get("PROOF_SHRINK", "yes") == "yes"
    return settings(
        max_examples=asked or examples,
        stateful_step_count=steps,
        derandomize=fixed,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, *((Phase.shrink,) if shrink else ())),
        report_multiple_bugs=False,
    )


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with closing(asyncio.new_event_loop()) as loop:
        yield loop


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    History.histories = History.steps = 0
    yield
    print(f"\n{History.histories} histories, {History.steps} steps")


def test_every_history_of_the_twin_keeps_the_invariants(loop: asyncio.AbstractEventLoop) -> None:
    run_state_machine_as_test(lambda: Engine(lambda: Twin(loop)), settings=proof(150, 40))  # type: ignore[no-untyped-call]


@pytest.fixture
def client(loop: asyncio.AbstractEventLoop, redis_url: str) -> Iterator[Redis[str]]:
    """Without a wait for the disk at every command: what is proved does not rest on it."""
    client: Redis[str] = Redis.from_url(redis_url, decode_responses=True)
    loop.run_until_complete(client.config_set("appendfsync", "no"))
    yield client
    loop.run_until_complete(client.config_set("appendfsync", "always"))
    loop.run_until_complete(client.close(close_connection_pool=True))


def test_every_history_on_redis_keeps_the_invariants(loop: asyncio.AbstractEventLoop, client: Redis[str]) -> None:
    run_state_machine_as_test(lambda: Engine(lambda: OnRedis(loop, client)), settings=proof(40, 30))  # type: ignore[no-untyped-call]
