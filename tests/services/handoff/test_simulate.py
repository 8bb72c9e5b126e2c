"""The simulated day: its oracle holds under faults, sees planted bugs, and a seed replays exactly."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from common import errors
from common.clock import FakeClock
from handoff import simulate
from handoff.engine import Due, Firing
from handoff.memory_state import Agent, Conversation
from handoff.memory_store import MemoryStore
from handoff.policy_file import PATH, read_policy
from handoff.protocol import Entry
from handoff.simulation.day import HOUR, Burst, Settings, staff, visits
from handoff.simulation.faults import FAULTS, Fault, Level
from handoff.simulation.kernel import Kernel, Signal, sleep
from handoff.simulation.run import Result
from handoff.simulation.run import simulate as run
from handoff.store import Command, Orphan, Stored

SMALL = Settings(seed=1, hours=0.5, players=40, agents=6, faults=FAULTS[Level.HEAVY])


ARGUMENTS = ["--hours", "0.5", "--players", "40", "--agents", "6", "--faults", "heavy"]


def day(settings: Settings, store: type[MemoryStore] = MemoryStore) -> Result:
    return run(settings, read_policy(PATH), store)


# ---- the command -----------------------------------------------------------------------------------------------


def test_every_invariant_holds_under_heavy_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--seeds", "3", "--first-seed", "5", *ARGUMENTS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines if line.startswith("seed")] == [f"seed {n}: ok" for n in (5, 6, 7)]
    assert lines[-1].startswith("simulated 3 runs") and lines[-1].endswith("all invariants held")


def test_one_run_prints_the_whole_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--seed", "2", *ARGUMENTS]) == 0
    printed = capsys.readouterr().out
    for part in (
        "urgency",
        "bound s",
        "VIP",
        "within P90",
        "utilisation",
        "offers",
        "missed and acted on once",
        "injected",
    ):
        assert part in printed


def test_a_broken_invariant_names_the_seed_the_step_and_the_last_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--seed", "1", *ARGUMENTS], store=FiresAgain) == 1
    lines = capsys.readouterr().out.splitlines()
    (said,) = [line for line in lines if line.startswith("seed 1: BROKEN at step ")]
    step = int(said.split("step ")[1].split(":")[0])
    journal = [line for line in lines if line.startswith("step ")]
    assert len(journal) == 30 and journal[-1].startswith(f"step {step} at ")
    assert lines[-1].endswith("broken: seeds 1")


# ---- runs ------------------------------------------------------------------------------------------------------


def test_a_seed_replays_exactly() -> None:
    first, again = day(SMALL), day(SMALL)
    assert first.failure is None and first.steps == again.steps
    assert first.world.tally.waits == again.world.tally.waits
    assert first.episodes == again.episodes
    assert first.world.injected.counts == again.world.injected.counts


def test_heavy_faults_are_injected_and_felt() -> None:
    counts = day(replace(SMALL, seed=3)).world.injected.counts
    for fault in (
        Fault.ROUTER_KILLED,
        Fault.ROUTER_FROZEN,
        Fault.REQUEST_LOST,
        Fault.ACK_LOST,
        Fault.DUPLICATED,
        Fault.BOT_LATE,
    ):
        assert counts[fault] > 0, fault


def test_nothing_goes_wrong_without_faults() -> None:
    result = day(replace(SMALL, faults=FAULTS[Level.NONE]))
    assert result.failure is None and not result.world.injected.counts
    assert result.episodes and all(episode.state == "ended" for episode in result.episodes)
    assert max(result.world.tally.late_ms) <= 5_000


# ---- planted bugs ----------------------------------------------------------------------------------------------


class RaisesNoEpoch(MemoryStore):
    """Gives a conversation to an agent under the old epoch."""

    def _hand_to(self, c: Conversation, agent: str, how: Any, actor: str) -> int:
        n = super()._hand_to(c, agent, how, actor)
        c.ownership = replace(c.ownership, epoch=c.ownership.epoch - 1)
        return n


class LosesTheRequeued(MemoryStore):
    """Takes a conversation from an agent who is gone, and puts it nowhere."""

    async def requeue(self, orphan: Orphan) -> None:
        await super().requeue(orphan)
        self._queue.pop(orphan.conversation, None)


class ForgetsCommands(MemoryStore):
    """Does a repeated command again."""

    def _remember(self, actor: str, command: Command, stored: Stored) -> Stored:
        return stored


class DropsMessages(MemoryStore):
    """Acknowledges a player's message without storing it, now and then."""

    def _append(self, c: Conversation, entry: Entry) -> int:
        n = super()._append(c, entry)
        if entry.sender == "player" and n % 10 == 0:
            c.log.pop()
        return n


class TellsThePlayer(MemoryStore):
    """Puts the note of a transfer or an invitation where the player reads it."""

    def _note(self, c: Conversation, kind: Any, author: str, text: str, id: str = "", **data: Any) -> int:
        self._tell(c, "noted", {"text": text})
        return super()._note(c, kind, author, text, id, **data)


class FiresAgain(MemoryStore):
    """Leaves a timer where it was after acting on it."""

    async def fire(self, due: Due, firing: Firing) -> bool:
        fired = await super().fire(due, firing)
        if fired and due.kind.endswith(".warn"):
            self._timers[(due.conversation, due.kind)] = due.at
        return fired


class ForgetsTimers(MemoryStore):
    """Never says that a deadline's timer is due."""

    async def due(self, limit: int = 200) -> list[Due]:
        return [due for due in await super().due(limit) if "." not in due.kind]


class KnowsNoCapacity(MemoryStore):
    """Gives an agent whatever they are asked to take."""

    def _available(self, agent: str, units: int) -> Agent:
        try:
            return super()._available(agent, units)
        except errors.CapacityFull:
            return self._agents[agent]


class LetsAnybodyWrite(MemoryStore):
    """Takes an agent's words under any epoch."""

    def _owned(self, agent: str, conversation: str, epoch: int, *, guests: bool = False) -> Conversation:
        return self._get(conversation)


class KeepsTheSlot(MemoryStore):
    """Doesn't free the slot of a conversation that is closed."""

    def _leave_slot(self, agent: str, c: Conversation) -> None:
        self._agents[agent].changed_at = self._clock.now_ms()


@pytest.mark.parametrize(
    ("plant", "invariant"),
    [
        (RaisesNoEpoch, "the epoch rises by one at each change of owner and never else"),
        (LosesTheRequeued, "exactly one of bot, queue, agent"),
        (ForgetsCommands, "a repeated command gives the stored answer"),
        (DropsMessages, "an acknowledged message is in the log"),
        (TellsThePlayer, "internal notes never reach the player"),
        (FiresAgain, "a timer acts once"),
        (ForgetsTimers, "what is due is done in time"),
        (KnowsNoCapacity, "nobody is above capacity at a claim"),
        (LetsAnybodyWrite, "only the owner writes, under the present epoch"),
        (KeepsTheSlot, "slots belong to owner and guests"),
    ],
)  # fmt: skip
def test_the_oracle_sees_a_planted_bug(plant: type[MemoryStore], invariant: str) -> None:
    settings = replace(SMALL, hours=1, players=60, faults=replace(SMALL.faults, socket_cuts=4))
    failure = day(settings, plant).failure
    assert failure is not None and failure.invariant == invariant


# ---- parts -----------------------------------------------------------------------------------------------------


def test_a_killed_task_stops_where_it_waits_and_a_frozen_one_goes_on_late() -> None:
    kernel, seen = Kernel(FakeClock(0)), []

    async def walk(name: str) -> None:
        for _ in range(3):
            await sleep(10)
            seen.append((name, kernel.now))

    killed, frozen = kernel.spawn(walk("killed"), "killed"), kernel.spawn(walk("frozen"), "frozen")
    kernel.run(15)
    kernel.kill(killed)
    kernel.freeze(frozen, 100)
    kernel.run(1_000)
    assert seen == [("killed", 10), ("frozen", 10), ("frozen", 115), ("frozen", 125)]


def test_a_closed_kernel_leaves_nothing_under_way() -> None:
    kernel, ended = Kernel(FakeClock(0)), []

    async def work(name: str) -> None:
        try:
            await sleep(1_000)
        finally:
            ended.append(name)

    kernel.spawn(work("started"), "started")
    kernel.run(10)
    never = kernel.spawn(work("never started"), "never started")
    kernel.close()
    kernel.run(5_000)
    assert ended == ["started"] and never.done


def test_a_signal_wakes_its_waiter_once_and_is_kept_until_somebody_waits() -> None:
    kernel, woken = Kernel(FakeClock(0)), []
    signal = Signal(kernel)

    async def wait() -> None:
        for _ in range(3):
            woken.append((await signal.wait(50), kernel.now))

    signal.ring()
    kernel.spawn(wait(), "waiter")
    kernel.run(20)
    signal.ring()
    kernel.run(1_000)
    assert woken == [(True, 0), (True, 20), (False, 70)]


def test_the_clock_may_jump_while_virtual_time_goes_on() -> None:
    clock = FakeClock(1_000_000)
    kernel = Kernel(clock)
    kernel.run(500)
    clock.advance(-60_000)
    kernel.run(700)
    assert (kernel.now, clock.now_ms()) == (700, 940_700)


def test_most_players_come_in_the_evening_and_a_burst_brings_more() -> None:
    settings = Settings(players=2000)
    found = visits(settings, Random(7))
    by_hour = [sum(int(visit.at // HOUR) == hour for visit in found) for hour in range(24)]
    assert max(by_hour) in by_hour[20:22] and min(by_hour) in by_hour[2:7]
    outage = visits(replace(settings, burst=Burst.OUTAGE), Random(7))
    assert len(outage) == 2500
    assert [visit.at for visit in outage] == sorted(visit.at for visit in outage)


def test_a_few_agents_cover_every_shift_and_group() -> None:
    found = staff(Settings(agents=60), Random(7))
    for hour in range(24):
        assert any(one.shift.begins <= hour * HOUR + HOUR / 2 < one.shift.ends for one in found), hour
    known = {group for one in found for group in one.profile.skills}
    assert known == set(read_policy(PATH).groups)
