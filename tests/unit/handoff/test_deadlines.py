"""Deadlines and other timers, second by second: what each does, when the next one stands, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handoff.deadlines import Deadline, Kind, Stage, act
from handoff.engine import Due, Firing
from handoff.machine import EpisodeState, Owner
from handoff.policy import Deadlines, Policy, Weights
from handoff.protocol import Episode, Player
from handoff.store import View
from handoff.waiting import Estimate

NOW = 1_700_000_000_000
SECOND = 1000
POLICY = Policy(
    weights=Weights(tier=(0, 20, 60)),
    deadlines={2: Deadlines(), 3: Deadlines(first=900, resolution=1800)},
    compensation={"first": "绑定灵玉×50"},
)
OWNERS = {
    Owner.BOT: EpisodeState.WRAP_UP,
    Owner.QUEUE: EpisodeState.QUEUED,
    Owner.AGENT: EpisodeState.ACTIVE,
}


def view_of(owner: Owner, tier: int = 2, *, asked_tier: int = 0, episode: bool = True) -> View:
    ep = Episode(
        id="e1", state="queued", reason="button", urgency=1, requested_at=NOW, tier=tier, asked_tier=asked_tier or tier
    )
    return View(
        id="c1",
        player=Player(id="u1", name="林小舟"),
        owner=owner,
        state=OWNERS[owner],
        epoch=1,
        last=1,
        notes=0,
        cursor=1,
        opened_at=NOW,
        last_at=NOW,
        episode=ep if episode else None,
    )


def fired(kind: str, view: View, at: int = NOW, now: int | None = None, policy: Policy = POLICY) -> Firing:
    return act(Due("c1", kind, at), view, policy, at if now is None else now, (3, Estimate(60, 180)), "充值没到")


@pytest.mark.parametrize("tier", [2, 3])
@pytest.mark.parametrize("name", [deadline.value for deadline in Deadline])
def test_a_deadline_warns_alarms_and_is_missed_at_its_very_second(name: str, tier: int) -> None:
    limit = getattr(POLICY.deadlines_of(tier), name)
    view = view_of(Owner.AGENT, tier)
    at = NOW + round(0.6 * limit) * SECOND  # as the transitions set it
    stages, kind = [], f"{name}.{Stage.WARN.value}"
    while kind:
        stages.append((kind.rpartition(".")[2], (at - NOW) / SECOND))
        (kind, at), *more = fired(kind, view, at).next or [("", 0)]
        assert not more
    assert stages == [("warn", 0.6 * limit), ("alarm", 0.8 * limit), ("late", limit)]


def test_the_warning_is_for_the_agent_alone() -> None:
    firing = fired("first.warn", view_of(Owner.AGENT))
    assert firing.note is not None and (firing.note.kind, firing.note.data) == ("alert", {"code": "warn_first"})
    assert (firing.entry, firing.alert, firing.late) == (None, "", "")


def test_nobody_is_warned_while_nobody_has_it() -> None:
    assert fired("first.warn", view_of(Owner.QUEUE)).note is None


def test_the_alarm_is_for_the_supervisors_alone() -> None:
    firing = fired("resolution.alarm", view_of(Owner.AGENT))
    assert (firing.alert, firing.note, firing.entry, firing.late) == ("alarm_resolution", None, None, "")


@pytest.mark.parametrize("owner", [Owner.QUEUE, Owner.AGENT])
def test_a_missed_deadline_apologises_records_raises_and_compensates(owner: Owner) -> None:
    firing = fired("first.late", view_of(owner))
    assert firing.entry is not None and firing.entry.event == "late"
    assert firing.entry.data == {"kind": "first", "compensation": "绑定灵玉×50"}
    assert (firing.late, firing.compensation, firing.alert) == ("first", "绑定灵玉×50", "late_first")
    assert (firing.tier, firing.gain) == (3, 40 * SECOND)
    assert firing.next == ()


def test_what_the_policy_gives_nothing_for_compensates_nothing() -> None:
    firing = fired("next.late", view_of(Owner.AGENT))
    assert firing.compensation == "" and firing.entry is not None and firing.entry.data["compensation"] == ""


def test_the_highest_tier_is_not_raised() -> None:
    firing = fired("resolution.late", view_of(Owner.QUEUE, tier=3))
    assert (firing.tier, firing.gain) == (3, 0)


@pytest.mark.parametrize("kind", ["next.warn", "next.alarm", "next.late"])
@pytest.mark.parametrize("owner", [Owner.QUEUE, Owner.BOT])
def test_no_agent_owes_an_answer_to_a_conversation_that_is_not_theirs(kind: str, owner: Owner) -> None:
    assert fired(kind, view_of(owner)) == Firing()


@pytest.mark.parametrize("name", [deadline.value for deadline in Deadline])
@pytest.mark.parametrize("stage", [stage.value for stage in Stage])
def test_an_episode_that_is_gone_owes_nothing(name: str, stage: str) -> None:
    assert fired(f"{name}.{stage}", view_of(Owner.AGENT, episode=False)) == Firing()


def test_a_clock_that_jumped_forward_lets_the_stages_follow_at_once_in_order() -> None:
    now, at, kind, told = NOW + 86_400_000, NOW + 180 * SECOND, "first.warn", []
    while at and at <= now:
        told.append(kind)
        (kind, at), *_ = fired(kind, view_of(Owner.AGENT), at, now).next or [("", 0)]
    assert told == ["first.warn", "first.alarm", "first.late"]


def test_a_waiting_player_is_told_where_they_stand_every_ten_minutes() -> None:
    at = NOW + 600 * SECOND
    for n in range(1, 7):
        assert at == NOW + 600 * SECOND * n
        firing = fired("notice", view_of(Owner.QUEUE), at, at + 400)  # the worker is a little late
        assert firing.entry is not None and firing.entry.event == "still_waiting"
        assert firing.entry.data == {"position": 3, "p50_s": 60, "p90_s": 180}
        ((kind, at),) = firing.next
        assert kind == "notice"


def test_after_a_jump_the_player_gets_one_notice_and_not_a_burst() -> None:
    now = NOW + 5000 * SECOND
    assert fired("notice", view_of(Owner.QUEUE), NOW, now).next == [("notice", now + 600 * SECOND)]


def test_an_idle_conversation_is_parked() -> None:
    assert fired("idle", view_of(Owner.AGENT)) == Firing(park=True)


def test_a_silent_player_is_asked_after_three_minutes_and_closed_after_thirty() -> None:
    spoke = NOW - 180 * SECOND
    firing = fired("ask", view_of(Owner.AGENT))
    assert firing.entry is not None and firing.entry.event == "idle_ask"
    assert firing.next == [("close", spoke + 1800 * SECOND)]
    closing = fired("close", view_of(Owner.AGENT), spoke + 1800 * SECOND)
    assert closing.stop == "no_reply"
    assert closing.entry is not None and (closing.entry.event, closing.entry.data) == (
        "idle_closed",
        {"episode": "@EPISODE@"},
    )


def test_a_late_question_still_leaves_its_time_to_answer() -> None:
    now = NOW + 86_400 * SECOND
    assert fired("ask", view_of(Owner.AGENT), NOW, now).next == [("close", now + 1620 * SECOND)]


def test_a_missed_call_leaves_a_ticket_with_the_players_words() -> None:
    firing = fired("call", view_of(Owner.QUEUE))
    assert (firing.stop, firing.text) == ("missed", "充值没到")
    assert firing.entry is not None and firing.entry.event == "missed_turn"


def test_a_held_request_wants_an_agent_when_the_group_opens() -> None:
    assert fired("open", view_of(Owner.QUEUE)) == Firing(resume=True)


@pytest.mark.parametrize("kind", [Kind.IDLE, Kind.ASK, Kind.CLOSE])
@pytest.mark.parametrize("owner", [Owner.BOT, Owner.QUEUE])
def test_timers_of_a_conversation_with_an_agent_do_nothing_without_one(kind: Kind, owner: Owner) -> None:
    assert fired(kind.value, view_of(owner)) == Firing()


@pytest.mark.parametrize("kind", [Kind.NOTICE, Kind.CALL, Kind.OPEN])
@pytest.mark.parametrize("owner", [Owner.BOT, Owner.AGENT])
def test_timers_of_a_waiting_player_do_nothing_when_nobody_waits(kind: Kind, owner: Owner) -> None:
    assert fired(kind.value, view_of(owner)) == Firing()


def test_the_operators_times_are_the_ones_that_count() -> None:
    policy = replace(
        POLICY, times=replace(POLICY.times, notice=60, ask=10, close=100), warn_agent=0.5, warn_supervisor=0.75
    )
    assert fired("notice", view_of(Owner.QUEUE), policy=policy).next == [("notice", NOW + 60 * SECOND)]
    assert fired("ask", view_of(Owner.AGENT), policy=policy).next == [("close", NOW + 90 * SECOND)]
    warned = fired("first.warn", view_of(Owner.AGENT), NOW + 150 * SECOND, policy=policy)
    assert warned.next == [("first.alarm", NOW + 225 * SECOND)]


def test_what_was_promised_at_the_request_holds_when_the_tier_was_raised() -> None:
    at = NOW + 540 * SECOND
    raised = view_of(Owner.QUEUE, tier=3, asked_tier=2)
    ((kind, at),) = fired("resolution.warn", raised, at).next
    assert (kind, at) == ("resolution.alarm", NOW + 720 * SECOND)
    assert fired(kind, raised, at).next == [("resolution.late", NOW + 900 * SECOND)]
