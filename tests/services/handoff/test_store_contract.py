"""What every `ConversationStore` must do; run on the Redis scripts and on the memory twin."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from common import errors
from common.clock import FakeClock
from common.keys import Keys
from handoff.engine import Firing
from handoff.machine import Disposition, EpisodeState, Event, Owner, Ownership, apply
from handoff.memory_store import MemoryStore
from handoff.protocol import Entry, Player, Summary, SummaryLine
from handoff.redis_store import RedisStore
from handoff.router import EngineStore as Store
from handoff.store import Command, ConversationStore, HandoffRequest, TurnResult, status_entry

LIN = Player(id="u1", name="林小舟", vip=3)
ASK = HandoffRequest(reason="button", urgency=1)
SUMMARY = Summary(lines=[SummaryLine(kind="quote", refs=[1], text="充值没到")], upto=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Store:
    if request.param == "memory":
        return MemoryStore(clock)
    return RedisStore(request.getfixturevalue("redis"), clock, Keys("test:"))


_counter = 0


def cmd(id: str = "", mac: str = "m") -> Command:
    global _counter
    _counter += 1
    return Command(id or f"command-{_counter}", mac)


def said(text: str) -> Entry:
    return Entry(n=0, at=1, sender="player", kind="text", text=text)


def reply(text: str) -> Entry:
    return Entry(n=0, at=1, sender="bot", kind="answer", text=text)


async def online(store: ConversationStore, agent: str = "a1", capacity: int = 2) -> None:
    await store.presence(agent, f"客服{agent}", cmd(), "online", capacity)


async def queued(store: ConversationStore, player: Player = LIN, request: HandoffRequest = ASK) -> str:
    return (await store.request(player, cmd(), request)).conversation


async def active(store: ConversationStore) -> tuple[str, int]:
    conversation = await queued(store)
    await online(store)
    stored = await store.accept("a1", "", cmd(), conversation)
    return conversation, stored.epoch


class TestLog:
    async def test_entries_are_numbered_without_gaps_and_resume_from_any_number(self, store: ConversationStore) -> None:
        for text in ("一", "二", "三"):
            stored = await store.append(LIN, cmd(), said(text))
        entries = await store.entries(stored.conversation, after=1)
        assert [(e.n, e.text) for e in entries] == [(2, "二"), (3, "三")]
        assert await store.entries(stored.conversation, after=3) == []

    async def test_the_same_id_again_gets_the_same_answer_and_no_second_entry(self, store: ConversationStore) -> None:
        first = await store.append(LIN, cmd("same-id"), said("充值"))
        again = await store.append(LIN, cmd("same-id"), said("充值"))
        assert again == first
        assert len(await store.entries(first.conversation)) == 1

    async def test_the_same_id_with_another_body_is_refused(self, store: ConversationStore) -> None:
        first = await store.append(LIN, cmd("same-id", "x"), said("充值"))
        with pytest.raises(errors.IdConflict):
            await store.append(LIN, cmd("same-id", "y"), said("退款"))
        assert len(await store.entries(first.conversation)) == 1

    async def test_two_players_may_use_the_same_id(self, store: ConversationStore) -> None:
        one = await store.append(LIN, cmd("same-id", "x"), said("一"))
        two = await store.append(Player(id="u2", name="乙"), cmd("same-id", "y"), said("二"))
        assert one.conversation != two.conversation

    async def test_a_flood_is_refused_and_welcome_again_after_the_time_it_names(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        for _ in range(8):
            await store.append(LIN, cmd(), said("刷"))
        with pytest.raises(errors.RateLimited) as refused:
            await store.append(LIN, cmd(), said("刷"))
        wait = refused.value.fields["retry_after_ms"]
        assert 0 < wait <= 1000
        clock.advance(wait)
        if isinstance(store, RedisStore):
            await asyncio.sleep(wait / 1000 + 0.02)
        await store.append(LIN, cmd(), said("好了"))

    async def test_a_player_has_one_open_conversation(self, store: ConversationStore) -> None:
        view = await store.open(LIN)
        assert (await store.append(LIN, cmd(), said("在吗"))).conversation == view.id
        assert (await store.open(LIN)).id == view.id
        assert await store.conversation_of("u1") == view.id


class TestTurns:
    async def test_a_message_is_handed_to_one_worker_and_committed_once(self, store: ConversationStore) -> None:
        stored = await store.append(LIN, cmd(), said("充值没到"))
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is not None
        assert (turn.entry.n, turn.entry.text, turn.attempts, turn.tracker) == (1, "充值没到", 1, None)
        assert await store.claim_turn(1000) is None
        await store.commit(turn, TurnResult([reply("请稍候")], tracker="{}", understanding={"intent": "x"}))
        entries = await store.entries(stored.conversation)
        assert [(e.n, e.sender, e.text) for e in entries] == [(1, "player", "充值没到"), (2, "bot", "请稍候")]
        assert await store.understanding(stored.conversation) == {1: {"intent": "x"}}
        with pytest.raises(errors.LeaseLost):
            await store.commit(turn, TurnResult([reply("再来一次")]))
        assert await store.claim_turn(1000) is None

    async def test_a_dead_workers_turn_goes_to_another_and_the_late_commit_is_refused(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        stored = await store.append(LIN, cmd(), said("在吗"))
        frozen = await store.claim_turn(1000)
        clock.advance(1001)
        other = await store.claim_turn(1000)
        assert frozen is not None and other is not None and other.attempts == 2
        with pytest.raises(errors.LeaseLost):
            await store.commit(frozen, TurnResult([reply("迟到")]))
        with pytest.raises(errors.LeaseLost):
            await store.renew(frozen, 1000)
        await store.commit(other, TurnResult([reply("在的")]))
        assert [e.text for e in await store.entries(stored.conversation)] == ["在吗", "在的"]

    async def test_a_renewed_lease_holds(self, store: ConversationStore, clock: FakeClock) -> None:
        await store.append(LIN, cmd(), said("在吗"))
        turn = await store.claim_turn(1000)
        assert turn is not None
        clock.advance(900)
        await store.renew(turn, 1000)
        clock.advance(900)
        assert await store.claim_turn(1000) is None

    async def test_messages_that_arrive_during_a_turn_are_answered_next_in_order(
        self, store: ConversationStore
    ) -> None:
        stored = await store.append(LIN, cmd(), said("一"))
        first = await store.claim_turn(1000)
        await store.append(LIN, cmd(), said("二"))
        await store.append(LIN, cmd(), said("三"))
        assert first is not None
        await store.commit(first, TurnResult([reply("答一")], tracker="t1"))
        for expected in ("二", "三"):
            turn = await store.claim_turn(1000)
            assert turn is not None and turn.entry is not None
            assert (turn.entry.text, turn.tracker) == (expected, "t1")
            await store.commit(turn, TurnResult([reply("答" + expected)]))
        assert await store.claim_turn(1000) is None
        texts = [e.text for e in await store.entries(stored.conversation)]
        assert texts == ["一", "二", "三", "答一", "答二", "答三"]

    async def test_conversations_are_claimed_in_the_order_in_which_they_began_to_wait(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        for id in ("b", "a", "c"):
            await store.append(Player(id=id, name=id), cmd(), said(id))
            clock.advance(1)
        turns = [await store.claim_turn(1000) for _ in range(3)]
        assert [turn.view.player.id for turn in turns if turn] == ["b", "a", "c"]

    async def test_a_turn_that_asks_for_a_person_queues_the_conversation_in_the_same_commit(
        self, store: ConversationStore
    ) -> None:
        stored = await store.append(LIN, cmd(), said("转人工"))
        turn = await store.claim_turn(1000)
        assert turn is not None
        request = HandoffRequest(reason="asked", urgency=1, scenario="service_human")
        await store.commit(turn, TurnResult([reply("好的")], request=request))
        view = await store.view(stored.conversation)
        assert (view.owner, view.state, view.epoch) == (Owner.QUEUE, EpisodeState.QUEUED, 1)
        assert view.episode is not None and (view.episode.reason, view.episode.urgency) == ("asked", 1)
        assert [e.event for e in await store.entries(stored.conversation, after=2)] == ["queued"]
        job = await store.claim_turn(1000)
        assert job is not None and job.entry is None and job.summary_due == view.episode.id


class TestQueue:
    async def test_the_button_queues_at_once_and_the_summary_follows(self, store: ConversationStore) -> None:
        conversation = await queued(store)
        items, total = await store.queue()
        assert total == 1 and items[0].conversation == conversation and not items[0].summary
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is None
        assert turn.summary_due == (await store.view(conversation)).episode.id  # type: ignore[union-attr]
        await store.set_summary(turn, SUMMARY)
        items, _ = await store.queue()
        assert items[0].summary
        assert await store.claim_turn(1000) is None

    async def test_a_summary_that_fails_does_not_count_against_the_next_message(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        await queued(store)
        for _ in range(5):
            job = await store.claim_turn(1000)
            assert job is not None and job.entry is None and job.attempts == 0
            clock.advance(1001)
        await store.append(LIN, cmd(), said("在吗"))
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is not None and turn.attempts == 1

    async def test_the_summary_comes_even_when_an_agent_was_faster(self, store: ConversationStore) -> None:
        conversation, _ = await active(store)
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is None
        await store.set_summary(turn, SUMMARY)
        view = await store.view(conversation)
        assert view.episode is not None and view.episode.summary == SUMMARY

    async def test_order_is_urgency_then_vip_then_waiting_time(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        for id, urgency, vip in (("d", 0, 0), ("c", 1, 0), ("b2", 1, 5), ("b1", 1, 9), ("a", 3, 0), ("c2", 1, 0)):
            await queued(store, Player(id=id, name=id, vip=vip), HandoffRequest("button", urgency))
            clock.advance(1000)
        items, total = await store.queue()
        assert [item.player for item in items] == ["a", "b1", "b2", "c", "c2", "d"] and total == 6
        assert [await store.position(item.conversation) for item in items] == [1, 2, 3, 4, 5, 6]

    async def test_a_second_wish_while_waiting_is_refused(self, store: ConversationStore) -> None:
        await queued(store)
        with pytest.raises(errors.IllegalTransition) as refused:
            await store.request(LIN, cmd(), ASK)
        assert refused.value.fields["owner"] == "queue"
        assert (await store.queue())[1] == 1

    async def test_the_bot_still_answers_while_the_player_waits_and_the_summary_follows_when_they_pause(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        job = await store.claim_turn(1000)
        assert job is not None
        await store.set_summary(job, SUMMARY)
        await store.append(LIN, cmd(), said("还有个问题"))
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is not None
        await store.commit(turn, TurnResult([reply("这样做")]))
        assert await store.claim_turn(1000) is None
        clock.advance(1400)
        await store.append(LIN, cmd(), said("还有一个"))
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is not None and turn.entry.text == "还有一个"
        await store.commit(turn, TurnResult([reply("那样做")]))
        clock.advance(1500)
        again = await store.claim_turn(1000)
        assert again is not None and again.entry is None and again.summary_due
        assert [e.sender for e in await store.entries(conversation)] == ["system", *["player", "bot"] * 2]

    async def test_cancelling_ends_the_episode(self, store: ConversationStore) -> None:
        conversation = await queued(store)
        await store.cancel("u1", cmd())
        view = await store.view(conversation)
        assert (view.owner, view.state) == (Owner.BOT, EpisodeState.NONE)
        assert (await store.queue())[1] == 0
        assert (await store.episodes(conversation))[0].end_reason == "cancelled"
        with pytest.raises(errors.IllegalTransition):
            await store.cancel("u1", cmd())

    async def test_a_ticket_ends_the_wait_and_has_a_number(self, store: ConversationStore) -> None:
        conversation = await queued(store)
        stored = await store.ticket("u1", cmd(), "充值没到，请查")
        assert stored.number.startswith("T2023") and stored.number.endswith("-0001")
        last = (await store.entries(conversation))[-1]
        assert (last.event, last.data) == ("ticket", {"number": stored.number, "text": "充值没到，请查"})
        assert (await store.episodes(conversation))[0].end_reason == "ticket"
        event = (await store.outbox())[-1][1]
        told = {"number": stored.number, "text": "充值没到，请查", "group": "general"}
        assert json.loads(event["data"]) == told


class TestAgents:
    async def test_accepting_moves_the_conversation_and_raises_the_epoch(self, store: ConversationStore) -> None:
        conversation, epoch = await active(store)
        view = await store.view(conversation)
        assert (view.owner, view.agent, view.epoch, epoch) == (Owner.AGENT, "a1", 2, 2)
        assert (await store.queue())[1] == 0 and await store.position(conversation) == 0
        assert await store.conversations_of_agent("a1") == [conversation]

    async def test_a_second_agent_cannot_claim(self, store: ConversationStore) -> None:
        conversation, _ = await active(store)
        await online(store, "a2")
        with pytest.raises(errors.IllegalTransition) as refused:
            await store.accept("a2", "", cmd(), conversation)
        assert refused.value.fields["owner"] == "agent"
        assert await store.conversations_of_agent("a2") == []

    async def test_fifty_agents_claim_at_once_and_one_gets_it(self, store: ConversationStore) -> None:
        conversation = await queued(store)
        agents = [f"a{i}" for i in range(50)]
        for agent in agents:
            await online(store, agent)
        answers = await asyncio.gather(
            *(store.accept(agent, "", cmd(), conversation) for agent in agents), return_exceptions=True
        )
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert all(isinstance(a, errors.IllegalTransition) for a in answers if isinstance(a, Exception))

    async def test_nobody_claims_above_capacity_or_while_not_online(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        one, two = await queued(store), await queued(store, Player(id="u2", name="乙"))
        with pytest.raises(errors.AgentUnavailable):
            await store.accept("a1", "", cmd(), one)
        await online(store, capacity=1)
        await store.accept("a1", "", cmd(), one)
        with pytest.raises(errors.CapacityFull):
            await store.accept("a1", "", cmd(), two)
        await store.presence("a2", "乙", cmd(), "busy", 3)
        with pytest.raises(errors.AgentUnavailable):
            await store.accept("a2", "", cmd(), two)
        await online(store, "a3")
        clock.advance(13_000)
        with pytest.raises(errors.AgentUnavailable):
            await store.accept("a3", "", cmd(), two)
        assert (await store.queue())[1] == 1

    async def test_the_bot_is_silent_once_a_person_accepted(self, store: ConversationStore) -> None:
        conversation = await queued(store)
        job = await store.claim_turn(1000)
        assert job is not None
        await store.set_summary(job, SUMMARY)
        await store.append(LIN, cmd(), said("在吗"))
        turn = await store.claim_turn(1000)
        await online(store)
        await store.accept("a1", "", cmd(), conversation)
        assert turn is not None
        with pytest.raises((errors.LeaseLost, errors.NotOwner)):
            await store.commit(turn, TurnResult([reply("迟到的回答")], tracker="late"))
        await store.append(LIN, cmd(), said("您好"))
        assert await store.claim_turn(1000) is None
        assert "迟到的回答" not in [e.text for e in await store.entries(conversation)]

    async def test_messages_go_both_ways_and_a_stale_epoch_is_refused(self, store: ConversationStore) -> None:
        conversation, epoch = await active(store)
        await store.say("a1", "小云", cmd(), conversation, epoch, "您好")
        await store.append(LIN, cmd(), said("终于来人了"))
        with pytest.raises(errors.StaleEpoch):
            await store.say("a1", "小云", cmd(), conversation, epoch - 1, "旧话")
        with pytest.raises(errors.NotOwner):
            await store.say("a2", "乙", cmd(), conversation, epoch, "插话")
        texts = [(e.sender, e.text) for e in await store.entries(conversation) if e.kind == "text"]
        assert texts == [("agent", "您好"), ("player", "终于来人了")]

    async def test_the_bot_answers_again_after_closing_but_not_what_the_agent_was_told(
        self, store: ConversationStore
    ) -> None:
        conversation, epoch = await active(store)
        job = await store.claim_turn(1000)
        assert job is not None
        await store.set_summary(job, SUMMARY)
        await store.append(LIN, cmd(), said("对客服说的"))
        await store.close("a1", cmd(), conversation, epoch, Disposition.SOLVED, "已补发")
        assert await store.claim_turn(1000) is None
        await store.append(LIN, cmd(), said("新问题"))
        turn = await store.claim_turn(1000)
        assert turn is not None and turn.entry is not None and turn.entry.text == "新问题"
        episode = (await store.episodes(conversation))[0]
        assert (episode.end_reason, episode.disposition, episode.comment) == ("closed", "solved", "已补发")
        assert await store.conversations_of_agent("a1") == []

    async def test_a_returned_conversation_is_the_bots_while_the_slot_waits_for_the_wrap_up(
        self, store: ConversationStore
    ) -> None:
        conversation, epoch = await active(store)
        await store.give_back("a1", cmd(), conversation, epoch)
        view = await store.view(conversation)
        assert (view.owner, view.state) == (Owner.BOT, EpisodeState.WRAP_UP)
        assert await store.conversations_of_agent("a1") == [conversation]
        with pytest.raises(errors.NotOwner):
            await store.wrap_up("a2", cmd(), conversation, Disposition.SOLVED, "")
        await store.wrap_up("a1", cmd(), conversation, Disposition.FOLLOW_UP, "明天回访")
        assert (await store.view(conversation)).state is EpisodeState.NONE
        assert await store.conversations_of_agent("a1") == []
        assert (await store.episodes(conversation))[0].end_reason == "returned"

    async def test_a_wrap_up_ends_by_the_clock(self, store: ConversationStore, clock: FakeClock) -> None:
        conversation, epoch = await active(store)
        await store.give_back("a1", cmd(), conversation, epoch)
        assert await store.overdue_wrap_ups() == []
        with pytest.raises(errors.IllegalTransition):
            await store.expire_wrap_up(conversation)
        clock.advance(180_000)
        assert await store.overdue_wrap_ups() == [conversation]
        await store.expire_wrap_up(conversation)
        assert (await store.episodes(conversation))[0].end_reason == "expired"
        assert await store.overdue_wrap_ups() == [] and await store.conversations_of_agent("a1") == []

    async def test_a_new_wish_during_the_wrap_up_starts_a_new_episode(self, store: ConversationStore) -> None:
        conversation, epoch = await active(store)
        await store.give_back("a1", cmd(), conversation, epoch)
        await queued(store)
        states = [episode.state for episode in await store.episodes(conversation)]
        assert states == ["ended", "queued"]
        assert await store.conversations_of_agent("a1") == []

    async def test_notes_have_a_log_of_their_own(self, store: ConversationStore) -> None:
        conversation, _ = await active(store)
        before = await store.entries(conversation)
        await store.note("小云", "a1", cmd(), conversation, "玩家很急")
        assert await store.entries(conversation) == before
        assert [(n.n, n.text, n.author) for n in await store.notes(conversation)] == [(1, "玩家很急", "小云")]

    async def test_a_repeated_command_returns_the_stored_result(self, store: ConversationStore) -> None:
        conversation = await queued(store)
        await online(store)
        first = await store.accept("a1", "", cmd("accept-1"), conversation)
        assert await store.accept("a1", "", cmd("accept-1"), conversation) == first
        close = await store.close("a1", cmd("close-1"), conversation, first.epoch, Disposition.SOLVED, "")
        assert await store.close("a1", cmd("close-1"), conversation, first.epoch, Disposition.SOLVED, "") == close


class TestLostAgents:
    async def test_an_agent_who_is_gone_loses_the_conversation_to_its_old_place(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await active(store)
        clock.advance(1000)
        other = await queued(store, Player(id="u2", name="乙", vip=3))
        clock.advance(11_000)
        assert [orphan.conversation for orphan in await store.orphans()] == []
        clock.advance(1)
        (orphan,) = await store.orphans()
        await store.requeue(orphan)
        items, _ = await store.queue()
        assert [item.conversation for item in items] == [conversation, other]
        assert (await store.view(conversation)).epoch == epoch + 1
        with pytest.raises(errors.NotOwner):
            await store.say("a1", "", cmd(), conversation, epoch, "我回来了")
        with pytest.raises(errors.StaleEpoch):
            await store.requeue(orphan)

    async def test_an_agent_who_came_back_in_time_keeps_it(self, store: ConversationStore, clock: FakeClock) -> None:
        conversation, _ = await active(store)
        clock.advance(13_000)
        (orphan,) = await store.orphans()
        await store.beat("a1")
        with pytest.raises(errors.IllegalTransition):
            await store.requeue(orphan)
        assert (await store.view(conversation)).owner is Owner.AGENT

    async def test_only_online_agents_count(self, store: ConversationStore, clock: FakeClock) -> None:
        await online(store, "a1")
        await store.presence("a2", "乙", cmd(), "busy", 1)
        assert await store.agents_online() == 1
        clock.advance(13_000)
        assert await store.agents_online() == 0
        await store.beat("a1")
        await store.beat("a2")
        assert await store.agents_online() == 1


class TestRating:
    async def test_an_ended_episode_is_rated_once(self, store: ConversationStore) -> None:
        conversation, epoch = await active(store)
        await store.close("a1", cmd(), conversation, epoch, Disposition.SOLVED, "")
        due = (await store.view(conversation)).rate_due
        assert due
        await store.rate("u1", cmd(), due, 5, "很快")
        episode = (await store.episodes(conversation))[0]
        assert (episode.score, episode.rating_text) == (5, "很快")
        assert (await store.view(conversation)).rate_due == ""
        with pytest.raises(errors.IllegalTransition):
            await store.rate("u1", cmd(), due, 1, "")

    async def test_a_foreign_episode_is_refused(self, store: ConversationStore) -> None:
        conversation, epoch = await active(store)
        await store.close("a1", cmd(), conversation, epoch, Disposition.SOLVED, "")
        with pytest.raises(errors.IllegalTransition):
            await store.rate("u1", cmd(), "another", 5, "")


class TestArchiving:
    async def test_a_quiet_conversation_is_forgotten_only_if_nothing_moved(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        stored = await store.append(LIN, cmd(), said("在吗"))
        turn = await store.claim_turn(1000)
        assert turn is not None
        await store.commit(turn, TurnResult([reply("在的")]))
        clock.advance(60_000)
        (view,) = await store.quiet(clock.now_ms() - 1000)
        await store.append(LIN, cmd(), said("还在吗"))
        assert not await store.forget(view)
        turn = await store.claim_turn(1000)
        assert turn is not None
        await store.commit(turn, TurnResult([reply("在的")]))
        assert await store.forget(await store.view(stored.conversation))
        with pytest.raises(errors.UnknownConversation):
            await store.view(stored.conversation)
        assert (await store.append(LIN, cmd(), said("第二天"))).conversation != stored.conversation

    async def test_waiting_and_active_conversations_are_never_quiet(
        self, store: ConversationStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        clock.advance(10_000_000)
        assert await store.quiet(clock.now_ms()) == []
        assert not await store.forget(await store.view(conversation))

    async def test_every_transition_leaves_a_record_with_the_episode_as_it_became(
        self, store: ConversationStore
    ) -> None:
        conversation, epoch = await active(store)
        await store.close("a1", cmd(), conversation, epoch, Disposition.SOLVED, "好")
        events = await store.outbox()
        assert [fields["event"] for _, fields in events] == ["request", "presence", "accept", "close"]
        last = json.loads(events[-1][1]["episode"])
        assert (last["state"], last["end_reason"], last["disposition"]) == ("ended", "closed", "solved")
        await store.outbox_done([id for id, _ in events])
        assert await store.outbox() == []


async def _transfer(store: Store, conversation: str, epoch: int) -> None:
    await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "请接手")
    (offer,) = await store.offers_of("a2")
    await store.take("a2", cmd(), offer.id)


async def _fire(store: Store, clock: FakeClock, conversation: str, kind: str, firing: Firing) -> None:
    """Let a timer of the conversation act; refused when it has no such timer."""
    clock.advance(store.policy.times.close * 1000)
    for agent in ("a1", "a2"):
        await store.beat(agent)
    for due in await store.due():
        if (due.conversation, due.kind) == (conversation, kind) and await store.fire(due, firing):
            return
    raise errors.IllegalTransition(f"no timer {kind}")


async def _no_reply(store: Store, clock: FakeClock, conversation: str, epoch: int) -> None:
    if (await store.view(conversation)).owner is Owner.AGENT:
        await store.say("a1", "", cmd(), conversation, epoch, "在吗")
        await _fire(store, clock, conversation, "ask", Firing(next=[("close", clock.now_ms())]))
    await _fire(store, clock, conversation, "close", Firing(entry=status_entry(0, "idle_closed"), stop="no_reply"))


async def _missed(store: Store, clock: FakeClock, conversation: str) -> None:
    await store.call(conversation)
    entry = status_entry(0, "missed_turn", {"number": "@NUMBER@"})
    await _fire(store, clock, conversation, "call", Firing(entry=entry, stop="missed", text="充值没到"))


async def _do(store: Store, event: Event, conversation: str, clock: FakeClock) -> None:
    view = await store.view(conversation)
    actions: dict[Event, Any] = {
        Event.REQUEST: lambda: store.request(LIN, cmd(), ASK),
        Event.CANCEL: lambda: store.cancel("u1", cmd()),
        Event.TICKET: lambda: store.ticket("u1", cmd(), "留言"),
        Event.ACCEPT: lambda: store.accept("a1", "", cmd(), conversation),
        Event.RETURN: lambda: store.give_back("a1", cmd(), conversation, view.epoch),
        Event.CLOSE: lambda: store.close("a1", cmd(), conversation, view.epoch, Disposition.SOLVED, ""),
        Event.WRAPPED: lambda: store.wrap_up("a1", cmd(), conversation, Disposition.SOLVED, ""),
        Event.TRANSFER: lambda: _transfer(store, conversation, view.epoch),
        Event.TAKE_OVER: lambda: store.take_over("a2", "主管", cmd(), conversation, ""),
        Event.NO_REPLY: lambda: _no_reply(store, clock, conversation, view.epoch),
        Event.MISSED: lambda: _missed(store, clock, conversation),
    }
    await actions[event]()


PATHS: dict[tuple[Owner, EpisodeState], list[Event]] = {
    (Owner.BOT, EpisodeState.NONE): [],
    (Owner.QUEUE, EpisodeState.QUEUED): [Event.REQUEST],
    (Owner.AGENT, EpisodeState.ACTIVE): [Event.REQUEST, Event.ACCEPT],
    (Owner.BOT, EpisodeState.WRAP_UP): [Event.REQUEST, Event.ACCEPT, Event.RETURN],
}
# A ticket may also be left without waiting; it is then no transition.
DRIVEN = [event for event in Event if event is not Event.REQUEUE]
CASES = [(path, event) for path in PATHS for event in DRIVEN if (path[0], event) != (Owner.BOT, Event.TICKET)]


@pytest.mark.parametrize(("start", "event"), CASES, ids=lambda value: str(value))
async def test_the_store_moves_exactly_as_the_state_machine_says(
    store: Store, clock: FakeClock, start: tuple[Owner, EpisodeState], event: Event
) -> None:
    await online(store)
    await online(store, "a2")
    conversation = (await store.open(LIN)).id
    state = Ownership()
    for step in PATHS[start]:
        await _do(store, step, conversation, clock)
        state = apply(state, step)
    try:
        expected = apply(state, event)
    except errors.IllegalTransition:
        with pytest.raises((errors.IllegalTransition, errors.NotOwner)):
            await _do(store, event, conversation, clock)
        expected = state
    else:
        await _do(store, event, conversation, clock)
    view = await store.view(conversation)
    assert Ownership(view.owner, view.state, view.epoch) == expected


def test_a_status_entry_has_no_number_of_its_own() -> None:
    assert status_entry(5, "queued").n == 0
