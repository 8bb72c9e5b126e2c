"""What the router and the handoff worker do with what is due, on both stores."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone

import pytest
import structlog

from common import errors
from common.clock import FakeClock
from handoff.archive_memory import MemoryArchive
from handoff.engine import OfferState, Profile
from handoff.machine import Disposition, EpisodeState, Owner
from handoff.policy import GENERAL, Group, Opening, Overflow
from handoff.protocol import Player
from handoff.router import EngineStore, Router
from handoff.store import HandoffRequest
from handoff.worker import HandoffWorker
from tests.services.handoff.scene import (
    LIN,
    POLICY,
    SECOND,
    SU,
    cmd,
    due_kinds,
    events,
    invited,
    load,
    offered,
    online,
    owned,
    pass_time,
    queued,
    said,
)

MINUTE = 60 * SECOND


@pytest.fixture
def router(store: EngineStore, clock: FakeClock) -> Router:
    return Router(store, POLICY, clock, structlog.get_logger())


def second_router(store: EngineStore, clock: FakeClock) -> Router:
    return Router(store, POLICY, clock, structlog.get_logger())


async def run_for(
    store: EngineStore, clock: FakeClock, router: Router, seconds: int, *agents: str, step: int = 5
) -> None:
    """The router works every `step` seconds; these agents stay connected, and the player LIN stays there."""
    for _ in range(0, seconds, step):
        await pass_time(store, clock, step * SECOND, *agents)
        await store.player_here(LIN.id)
        await router.run_once()


def player(n: int) -> Player:
    return Player(id=f"p{n}", name=f"玩家{n}")


class TestViews:
    async def test_views_read_together_are_those_read_one_by_one(self, store: EngineStore) -> None:
        mine, epoch = await owned(store, "a1", SU)
        await online(store, "a2")
        await invited(store, mine, epoch, "a2")
        waiting = await queued(store)
        seen = await store.views([waiting, "gone", mine])
        assert seen == [await store.view(waiting), await store.view(mine)]
        assert [guest.id for guest in seen[1].guests] == ["a2"]
        assert await store.views([]) == []


class TestOneAgent:
    async def test_a_connected_agent_is_read_as_in_the_list_of_all(self, store: EngineStore, clock: FakeClock) -> None:
        await owned(store, "a1")
        await online(store, "a2")
        now = await store.agent_now("a1")
        assert now is not None and now in await store.agents() and now.load == 100
        assert await store.agent_now("nobody") is None
        await pass_time(store, clock, 13 * SECOND, "a2")
        assert await store.agent_now("a1") is None and await store.agent_now("a2") is not None


class TestOffers:
    async def test_what_waits_is_offered_in_order_as_far_as_there_is_room(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversations = []
        for n in range(4):
            conversations.append(await queued(store, player(n)))
            clock.advance(1)
        await online(store, "a1", capacity=2)
        assert await router.route() == 2
        assert {offer.conversation for offer in await store.offers_of("a1")} == set(conversations[:2])
        assert await router.route() == 0

    async def test_the_next_is_offered_as_soon_as_capacity_frees(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        mine, epoch = await owned(store, "a1", SU)
        await online(store, "a1", capacity=1)
        conversation = await queued(store)
        await router.run_once()
        assert await store.offers_of("a1") == []
        await store.close("a1", cmd(), mine, epoch, Disposition.SOLVED, "")
        await router.run_once()
        assert [offer.conversation for offer in await store.offers_of("a1")] == [conversation]

    async def test_an_agent_who_becomes_idle_gets_the_next(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        await owned(store, "a1", SU)
        await online(store, "a1", capacity=1)
        await pass_time(store, clock, 5 * MINUTE, "a1")
        conversation = await queued(store)
        await router.run_once()
        assert [offer.conversation for offer in await store.offers_of("a1")] == [conversation]

    async def test_two_routers_at_once_make_one_offer(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        await queued(store)
        await online(store, "a1", "a2")
        made = await asyncio.gather(router.route(), second_router(store, clock).route(), router.route())
        assert sum(made) == 1
        assert len(await store.offers_of("a1")) + len(await store.offers_of("a2")) == 1

    async def test_those_behind_many_whom_nobody_can_serve_are_found_within_seconds(
        self, store: EngineStore, clock: FakeClock, router: Router, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handoff.router.FIRST", 3)
        declined = [await queued(store, player(n)) for n in range(3)]
        await online(store, "a1", capacity=1)
        for conversation in declined:
            await store.reject("a1", cmd(), (await offered(store, conversation)).id)
        clock.advance(1)
        assert await router.route() == 0
        behind = await queued(store, player(9))
        assert await router.route() == 0  # all of them were looked at just now
        await pass_time(store, clock, 5 * SECOND, "a1")
        assert await router.route() == 1
        assert [offer.conversation for offer in await store.offers_of("a1")] == [behind]

    async def test_offers_made_together_succeed_or_fail_each_by_itself(self, store: EngineStore) -> None:
        await queued(store, player(1))
        await queued(store, player(2))
        await online(store, "a1", capacity=2)
        one, two = await store.waiting()
        assert await store.offer_many([(one, "a1"), (one, "a1"), (two, "nobody"), (two, "a1")]) == [
            True,
            False,
            False,
            True,
        ]
        assert await load(store, "a1") == 200

    async def test_a_missed_offer_goes_to_the_next_agent_and_not_back_first(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation = await queued(store)
        await online(store, "a1", "a2")
        await router.run_once()
        asked = []
        for _ in range(2):
            (agent,) = [agent for agent in ("a1", "a2") if await store.offers_of(agent)]
            asked.append(agent)
            await pass_time(store, clock, 20 * SECOND, "a1", "a2")
            await store.player_here("u1")
            await router.run_once()
        assert sorted(asked) == ["a1", "a2"]
        episode = (await store.view(conversation)).episode
        assert episode is not None and (episode.offers, episode.missed) == (3, 2)

    async def test_an_agent_who_never_answers_is_sent_into_a_break_and_asked_no_more(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        await queued(store)
        await online(store)
        await router.run_once()
        await run_for(store, clock, router, 60, "a1")
        assert (await store.presence_of("a1"))[0] == "break" and await store.offers_of("a1") == []

    async def test_the_skill_asked_for_falls_step_by_step(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        await queued(store, LIN, HandoffRequest("button", 1, group="payment"))
        for agent, skills in (("stranger", {GENERAL: 5}), ("beginner", {"payment": 1})):
            await online(store, agent)
            await store.profile(agent, Profile(skills=skills))
        asked: list[tuple[int, str]] = []
        for second in range(0, 185, 5):
            await router.run_once()
            for agent in ("stranger", "beginner"):
                for offer in await store.offers_of(agent):
                    asked.append((second, agent))
                    await store.reject(agent, cmd(), offer.id)
            await pass_time(store, clock, 5 * SECOND, "stranger", "beginner")
            await store.player_here("u1")
        firsts = {agent: second for second, agent in reversed(asked)}
        assert firsts == {"beginner": 60, "stranger": 180}

    async def test_the_last_agent_is_asked_first_within_a_day(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation, epoch = await owned(store, "a2")
        await store.close("a2", cmd(), conversation, epoch, Disposition.SOLVED, "")
        clock.advance(60 * MINUTE)
        await online(store, "a1", "a2", "a3")
        await queued(store)
        await router.run_once()
        assert len(await store.offers_of("a2")) == 1

    async def test_a_last_agent_who_is_offline_is_not_waited_for(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation, epoch = await owned(store, "a2")
        await store.close("a2", cmd(), conversation, epoch, Disposition.SOLVED, "")
        await store.presence("a2", "客服a2", cmd(), "offline", 2)
        await online(store, "a1")
        await queued(store)
        await router.run_once()
        assert len(await store.offers_of("a1")) == 1 and await store.offers_of("a2") == []

    async def test_a_transfer_to_a_group_is_offered_to_a_colleague_and_never_to_the_owner(
        self, store: EngineStore, router: Router
    ) -> None:
        conversation, epoch = await owned(store)
        await store.transfer("a1", cmd(), conversation, epoch, "", "payment", "要查账")
        await router.run_once()
        assert await store.offers_of("a1") == []
        await online(store, "a2")
        await router.run_once()
        (offer,) = await store.offers_of("a2")
        await store.take("a2", cmd(), offer.id)
        assert (await store.view(conversation)).agent == "a2"


class TestAbsentPlayers:
    async def test_one_is_called_first_and_offered_when_back(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation = await queued(store)
        await store.keep("u1", cmd())
        clock.advance(31 * SECOND)
        await online(store)
        await router.run_once()
        assert await store.offers_of("a1") == [] and (await events(store, conversation))[-1] == "your_turn"
        await store.player_here("u1")
        await router.run_once()
        assert [offer.conversation for offer in await store.offers_of("a1")] == [conversation]

    async def test_no_more_are_called_than_there_are_slots(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        for n in range(4):
            await queued(store, player(n))
            clock.advance(1)
        clock.advance(31 * SECOND)
        await online(store, "a1", capacity=2)
        for _ in range(5):
            await router.run_once()
        assert [fields["player"] for _, fields in await store.hooks()] == ["p0", "p1"]

    async def test_one_who_does_not_come_leaves_a_ticket_and_the_next_is_called(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        first = await queued(store, player(1))
        await store.append(player(1), cmd(), said("充值没到"))
        clock.advance(1)
        await queued(store, player(2))
        clock.advance(31 * SECOND)
        await online(store, capacity=1)
        await router.run_once()
        await pass_time(store, clock, 5 * MINUTE, "a1")
        await router.run_once()
        assert (await store.episodes(first))[0].end_reason == "missed"
        assert any("充值没到" in fields["data"] for _, fields in await store.outbox() if fields["event"] == "ticket")
        assert [fields["player"] for _, fields in await store.hooks()] == ["p1", "p2"]


class TestOverflow:
    async def test_those_beyond_the_limit_of_a_group_move_to_the_next(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        for n in range(3):
            await queued(store, player(n), HandoffRequest("button", 1, group="small"))
            clock.advance(1)
        await router.run_once()
        assert [(item.player, item.group) for item in (await store.queue())[0]] == [
            ("p0", "small"),
            ("p1", GENERAL),
            ("p2", GENERAL),
        ]

    async def test_those_beyond_the_limit_become_tickets_with_their_words(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        for n in range(2):
            await store.append(player(n), cmd(), said(f"第{n}个问题"))
            await queued(store, player(n), HandoffRequest("button", 1, group="tickets"))
            clock.advance(1)
        await router.run_once()
        assert [item.player for item in (await store.queue())[0]] == ["p0"]
        (ticket,) = [fields for _, fields in await store.outbox() if fields["event"] == "ticket"]
        assert ticket["player"] == "p1" and "第1个问题" in ticket["data"]

    async def test_outside_the_hours_a_request_is_held_until_the_opening(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        hours = (Opening(tuple(range(7)), 9 * 60, 18 * 60),)
        night = Group(GENERAL, "综合", hours=hours, closed=Overflow("callback"))
        policy = store.policy.__class__(groups={GENERAL: night})
        opens = round(datetime(2023, 11, 15, 1, tzinfo=timezone.utc).timestamp()) * 1000  # nine in Shanghai
        router = Router(store, policy, clock, structlog.get_logger())  # it is a quarter past six there
        conversation = await queued(store)
        await online(store)
        await router.run_once()
        last = (await store.entries(conversation))[-1]
        assert (last.event, last.data["opens_at"]) == ("group_closed", opens)
        await pass_time(store, clock, opens - clock.now_ms(), "a1")
        await store.player_here("u1")
        await router.run_once()
        assert [offer.conversation for offer in await store.offers_of("a1")] == [conversation]


class TestTimers:
    async def test_a_request_that_nobody_takes_runs_through_every_stage_once(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation = await queued(store)
        start = (await store.waiting())[0].key
        await run_for(store, clock, router, 1800, step=20)
        told = await events(store, conversation)
        # The resolution was promised for 15 minutes at the request; a raised tier does not put it off.
        assert told == ["queued", "late", "still_waiting", "late", *["still_waiting"] * 2]
        codes = [alert.code for alert in await store.alerts()][::-1]
        assert codes == ["alarm_first", "late_first", "alarm_resolution", "late_resolution"]
        view = await store.view(conversation)
        assert view.episode is not None
        assert (view.episode.tier, view.episode.late) == (3, ["first", "resolution"])
        assert view.episode.compensation == ["绑定灵玉×50", "月卡3天"]
        assert (await store.waiting())[0].key == start - 60 * SECOND  # tier 3's head start, once

    async def test_a_late_request_goes_ahead_of_one_that_came_a_little_earlier_with_a_higher_level(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        late = await queued(store, player(1))
        clock.advance(20 * SECOND)
        level = await queued(store, Player(id="v", name="贵宾", vip=1))
        assert [item.conversation for item in (await store.queue())[0]] == [level, late]
        clock.advance(5 * MINUTE - 20 * SECOND)
        await router.fire_timers()
        assert [item.conversation for item in (await store.queue())[0]] == [late, level]

    async def test_two_routers_fire_each_timer_once(self, store: EngineStore, clock: FakeClock, router: Router) -> None:
        conversation = await queued(store)
        clock.advance(11 * MINUTE)
        await asyncio.gather(router.fire_timers(), second_router(store, clock).fire_timers(), router.fire_timers())
        await router.fire_timers()
        assert sorted(await events(store, conversation)) == ["late", "queued", "still_waiting"]
        codes = [alert.code for alert in await store.alerts()]
        assert sorted(codes) == ["alarm_first", "late_first"]

    async def test_a_player_is_told_every_ten_minutes_with_place_and_estimate(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        await queued(store, SU)
        clock.advance(1)
        conversation = await queued(store, player(9))
        for _ in range(3):
            clock.advance(10 * MINUTE)
            await router.run_once()
        told = [entry for entry in await store.entries(conversation) if entry.event == "still_waiting"]
        assert len(told) == 3 and all(entry.data["position"] == 2 for entry in told)
        assert all(0 <= entry.data["p50_s"] <= entry.data["p90_s"] for entry in told)

    async def test_a_day_without_a_router_is_no_burst_of_notices(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation = await queued(store)
        clock.advance(24 * 60 * MINUTE)
        await router.run_once()
        assert (await events(store, conversation)).count("still_waiting") == 1

    async def test_a_silent_player_is_asked_then_parked_then_closed(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "还在吗")
        states = []
        for _ in range(31):
            await pass_time(store, clock, MINUTE, "a1")
            await router.run_once()
            view = await store.view(conversation)
            states.append((view.owner is Owner.AGENT, view.idle, "idle_ask" in await events(store, conversation)))
        assert states.index((True, False, True)) == 2 and states.index((True, True, True)) == 4
        assert states.index((False, False, True)) == 29
        assert (await store.episodes(conversation))[0].end_reason == "no_reply"
        assert await due_kinds(store, conversation) == []

    async def test_an_agent_who_does_not_answer_is_warned_then_reported_then_late(
        self, store: EngineStore, clock: FakeClock, router: Router
    ) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
        await store.append(LIN, cmd(), said("怎么办"))
        await run_for(store, clock, router, 180, "a1", step=4)
        assert [note.data["code"] for note in await store.notes(conversation)] == ["warn_next", "late_next"]
        assert [alert.code for alert in await store.alerts()] == ["late_next", "alarm_next"]
        assert (await events(store, conversation))[-1] == "late"


class TestWorker:
    @pytest.fixture
    def archive(self) -> MemoryArchive:
        return MemoryArchive()

    @pytest.fixture
    def worker(self, store: EngineStore, clock: FakeClock, archive: MemoryArchive) -> HandoffWorker:
        return HandoffWorker(store, archive, clock, 60_000, structlog.get_logger(), policy=POLICY)

    async def test_a_guest_who_is_gone_is_released_and_an_owner_who_is_gone_loses_it(
        self, store: EngineStore, clock: FakeClock, worker: HandoffWorker
    ) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await invited(store, conversation, epoch, "a2")
        await pass_time(store, clock, 13 * SECOND, "a1")
        await worker.requeue_orphans()
        assert (await store.view(conversation)).guests == () and (await store.view(conversation)).agent == "a1"
        clock.advance(13 * SECOND)
        await worker.requeue_orphans()
        assert (await store.view(conversation)).owner is Owner.QUEUE and await store.orphans() == []

    async def test_an_overdue_wrap_up_ends_and_the_slot_goes_to_the_next(
        self, store: EngineStore, clock: FakeClock, worker: HandoffWorker
    ) -> None:
        conversation, epoch = await owned(store, "a1", SU)
        await online(store, "a1", capacity=1)
        await store.give_back("a1", cmd(), conversation, epoch)
        await pass_time(store, clock, 3 * MINUTE, "a1")
        waiting = await queued(store)
        await worker.end_wrap_ups()
        await worker.router.run_once()
        assert (await store.view(conversation)).state is EpisodeState.NONE
        assert [offer.conversation for offer in await store.offers_of("a1")] == [waiting]

    async def test_an_event_that_the_push_service_takes_is_done_and_one_that_it_does_not_is_tried_again(
        self, store: EngineStore, clock: FakeClock, archive: MemoryArchive
    ) -> None:
        given: list[str] = []
        takes = False

        async def deliver(id: str, fields: object) -> bool:
            given.append(id)
            return takes

        worker = HandoffWorker(store, archive, clock, 60_000, structlog.get_logger(), policy=POLICY, push=deliver)
        conversation = await queued(store)
        await store.call(conversation)
        await worker.push_hooks()
        takes = True
        await worker.push_hooks()
        await worker.push_hooks()
        assert len(given) == 2 and given[0] == given[1] and await store.hooks() == []

    async def test_an_event_that_nobody_took_for_ten_minutes_is_dropped(
        self, store: EngineStore, clock: FakeClock, archive: MemoryArchive
    ) -> None:
        async def refuse(id: str, fields: object) -> bool:
            return False

        worker = HandoffWorker(store, archive, clock, 60_000, structlog.get_logger(), policy=POLICY, push=refuse)
        await store.call(await queued(store))
        clock.advance(10 * MINUTE)
        await worker.push_hooks()
        assert len(await store.hooks()) == 1
        clock.advance(1)
        await worker.push_hooks()
        assert await store.hooks() == []

    async def test_in_the_end_every_request_was_served_in_order_and_nothing_is_left(
        self, store: EngineStore, clock: FakeClock, worker: HandoffWorker
    ) -> None:
        players = [player(n) for n in range(6)]
        conversations = []
        for one in players:
            conversations.append(await queued(store, one))
            clock.advance(1)
        await online(store, "a1", "a2", capacity=1)
        served: list[str] = []
        for _ in range(10):
            for one in players:
                await store.player_here(one.id)
            await worker.router.run_once()
            offers = [offer for agent in ("a1", "a2") for offer in await store.offers_of(agent)]
            for offer in sorted(offers, key=lambda offer: conversations.index(offer.conversation)):
                taken = await store.take(offer.agent, cmd(), offer.id)
                served.append(taken.conversation)
                await store.close(offer.agent, cmd(), taken.conversation, taken.epoch, Disposition.SOLVED, "")
            await pass_time(store, clock, SECOND, "a1", "a2")
        assert served == conversations
        await worker.empty_outbox()
        assert await store.outbox() == [] and await store.waiting() == [] and (await store.queue())[1] == 0
        assert (await load(store, "a1"), await load(store, "a2")) == (0, 0)
        clock.advance(24 * 60 * MINUTE)
        assert await store.due() == []


async def test_an_offer_that_ends_while_the_router_looks_at_it_troubles_nobody(
    store: EngineStore, clock: FakeClock, router: Router
) -> None:
    conversation = await queued(store)
    await online(store)
    offer = await offered(store, conversation)
    await pass_time(store, clock, 20 * SECOND, "a1")
    await asyncio.gather(router.expire_offers(), second_router(store, clock).expire_offers())
    with pytest.raises(errors.OfferGone) as refused:
        await store.reject("a1", cmd(), offer.id)
    assert refused.value.fields["state"] == OfferState.TIMED_OUT.value
    episode = (await store.view(conversation)).episode
    assert episode is not None and episode.missed == 1
