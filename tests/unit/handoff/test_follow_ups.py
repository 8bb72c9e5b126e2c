"""Follow-up tasks: one way through, and no step without what it is about."""

from __future__ import annotations

import pytest

from common.errors import BadText, IllegalTransition
from handoff.follow_ups import FollowUpEvent, FollowUpState, apply, follow_up_of, is_low, moved
from handoff.protocol import Episode
from handoff.store import Command
from handoff.tickets import Move, Outdated

RATED = Episode(
    id="e1", state="ended", reason="button", urgency=1, requested_at=0, agent="a1", score=2, rating_text="等太久"
)
TASK = follow_up_of(RATED, "c1", "p1", at=5)
LEGAL = {("received", "analyse"): "analysing", ("analysing", "resolve"): "resolved",
         ("resolved", "call_back"): "called_back"}  # fmt: skip


@pytest.mark.parametrize("state", FollowUpState)
@pytest.mark.parametrize("event", FollowUpEvent)
def test_every_pair_of_state_and_event_is_decided(state: FollowUpState, event: FollowUpEvent) -> None:
    target = LEGAL.get((state.value, event.value))
    if target is None:
        with pytest.raises(IllegalTransition):
            apply(state, event)
    else:
        assert apply(state, event).value == target


def test_a_step_is_written_down() -> None:
    task = moved(TASK, FollowUpEvent.ANALYSE, Move(Command("id", "m"), "s1", 9, 1, "看录音"))
    assert (task.state, task.by, task.version) == (FollowUpState.ANALYSING, "s1", 2)
    assert [(line.at, line.by, line.event, line.text) for line in task.history] == [(9, "a:s1", "analyse", "看录音")]


def test_a_stale_version_is_refused() -> None:
    task = moved(TASK, FollowUpEvent.ANALYSE, Move(Command("id", "m"), "s1", 9, 1))
    with pytest.raises(Outdated):
        moved(task, FollowUpEvent.RESOLVE, Move(Command("id", "m"), "s2", 9, 1, "好"))


def test_resolving_without_a_word_is_refused() -> None:
    task = moved(TASK, FollowUpEvent.ANALYSE, Move(Command("id", "m"), "s1", 9, 1))
    with pytest.raises(BadText):
        moved(task, FollowUpEvent.RESOLVE, Move(Command("id", "m"), "s1", 9, 2))


def test_an_unrated_episode_is_not_low() -> None:
    assert is_low(RATED, 3.0)
    assert not is_low(Episode(id="e1", state="ended", reason="button", urgency=1, requested_at=0), 3.0)
