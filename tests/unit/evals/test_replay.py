"""The replay of invented players: its world, the behaviour, the figures."""

from __future__ import annotations

import pytest
import yaml

from common.settings import ROOT
from evals import replay
from evals.document import Table
from evals.replay_run import CHANCE, DAY_ONE, METHODS, OURS, Replay, Seen
from evals.replay_world import SESSIONS, Sign, Visit, World, midnight
from suggest.decay import DAY, MINUTE
from suggest.suggest_file import load_rules


@pytest.fixture(scope="module")
def world() -> Replay:
    return Replay(ROOT, "tuning")


def test_the_world_names_only_entries_and_scenarios_of_the_library(world: Replay) -> None:
    file = yaml.safe_load((ROOT / SESSIONS).read_text(encoding="utf-8"))
    scenarios = {entry.scenario for entry in world.library.entries()}
    for item in [*file["situations"], *file["patch"]["situations"], *file["outages"]["kinds"]]:
        assert set(item["also"]) <= scenarios
        assert all(need in world.library for need in item["needs"]), item["name"]


def test_the_world_shares_no_table_with_the_model() -> None:
    rules = load_rules(ROOT)
    orders = {speaks.entries for speaks in (*rules.pages.values(), *(kind.speaks for kind in rules.events.values()))}
    file = yaml.safe_load((ROOT / SESSIONS).read_text(encoding="utf-8"))
    for item in file["situations"]:
        needs = tuple(sorted(item["needs"], key=lambda need: -item["needs"][need]))
        assert all(needs != order[: len(needs)] or len(needs) < 3 for order in orders), item["name"]


def test_a_third_of_the_players_come_with_a_need_that_nobody_can_guess(world: Replay) -> None:
    visits = world.world.day(midnight(0), 600)
    share = sum(visit.sign is Sign.NOBODY for visit in visits) / len(visits)
    assert 0.3 <= share <= 0.4
    times = [visit.at for visit in visits]
    assert times == sorted(times)
    assert midnight(0) <= visits[0].at and visits[-1].at < midnight(0) + DAY


def test_needs_hold_on_the_players_platform(world: Replay) -> None:
    for visit in world.world.day(midnight(1), 300):
        assert world.library.entry(visit.need).fits(visit.person.platform, None)


def test_the_same_seed_makes_the_same_world(world: Replay) -> None:
    one, other, third = (World(ROOT, world.library.entries(), {}, seed).day(midnight(0), 50) for seed in (5, 5, 6))
    assert one == other
    assert one != third


async def test_every_method_offers_five_that_differ_to_each_visit(world: Replay) -> None:
    seen = await world.run(world.world.day(midnight(2), 40), 10 * MINUTE)
    assert len(seen.visits) == len(seen.cards) == 40
    for name in METHODS[:-1]:
        # Recency has nothing before somebody asked.
        assert all(len(set(offered)) == len(offered) <= 5 for offered in seen.offered[name])
    assert all(len(offered) == 5 for name in (OURS, DAY_ONE, CHANCE) for offered in seen.offered[name])


async def test_what_was_learned_is_used(world: Replay) -> None:
    await world.live(world.world.day(midnight(3), 60))
    weights = await world.learn()
    assert weights.learned_from >= 60
    seen = await world.run(world.world.day(midnight(4), 40))
    assert seen.offered[OURS] != seen.offered[DAY_ONE]


def test_the_figures_of_what_is_known() -> None:
    person = None
    visits = [Visit(number, person, "", (), need, Sign.OUTAGE) for number, need in enumerate(("a", "b", "c", "d"))]  # type: ignore[arg-type]
    offered = {name: [("x",)] * 4 for name in METHODS} | {OURS: [("a", "x"), ("x", "b"), ("x",), ("d",)]}
    seen = Seen(visits, offered, [None] * 4)
    assert replay._hits(seen, OURS) == [True, True, False, True]
    assert replay._reciprocal(seen, OURS).value == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert replay._until(seen, OURS, {"b"}) == "0 s, 1"
    assert replay._until(seen, CHANCE, {"b"}) == "never"
    assert replay._variety(seen, CHANCE) == 1


async def test_a_small_replay_prints_all_its_tables(world: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "DAYS", 1)
    monkeypatch.setattr(replay, "VISITS", 40)
    monkeypatch.setattr(replay, "USUAL", 0.5)
    section = await replay._section(world)
    titles = [block.title for block in section.blocks if isinstance(block, Table)]
    assert "how soon an outage shows" in titles and "the card" in titles
    assert section.goals[0].wanted == 2
