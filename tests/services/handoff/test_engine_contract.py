"""What every `HandoffEngine` must do; run on the Redis scripts and on the memory twin."""

from __future__ import annotations

import asyncio

import pytest

from common import errors
from common.clock import FakeClock
from handoff.engine import Firing, OfferKind, OfferState, Profile
from handoff.machine import Disposition, EpisodeState, Owner
from handoff.policy import Overflow
from handoff.protocol import Episode, Note, Player, Summary
from handoff.router import EngineStore
from handoff.store import HandoffRequest, TurnResult, status_entry
from tests.services.handoff.scene import (
    ASK,
    LIN,
    SECOND,
    SU,
    cmd,
    due_kinds,
    due_timer,
    events,
    invited,
    load,
    offered,
    online,
    owned,
    pass_time,
    queued,
    reply,
    said,
)

MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE


async def episode_of(store: EngineStore, conversation: str) -> Episode:
    return (await store.episodes(conversation))[-1]


async def note_kinds(store: EngineStore, conversation: str) -> list[str]:
    return [note.kind for note in await store.notes(conversation)]


async def declined(store: EngineStore, conversation: str) -> list[str]:
    (item,) = [item for item in await store.waiting() if item.conversation == conversation]
    return list(item.declined)


async def close(store: EngineStore, conversation: str, epoch: int, agent: str = "a1") -> None:
    await store.close(agent, cmd(), conversation, epoch, Disposition.SOLVED, "")


class TestOffers:
    async def test_an_offered_conversation_waits_for_one_agent_only(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        now = clock.now_ms()
        assert (offer.kind, offer.agent, offer.state) == (OfferKind.QUEUE, "a1", OfferState.PENDING)
        assert (offer.made_at, offer.expires_at) == (now, now + 20 * SECOND)
        assert await store.offers_of("a1") == [offer]
        assert await store.waiting() == []
        (item,), _ = await store.queue()
        assert item.offered_to == "客服a1"
        assert (await episode_of(store, conversation)).offers == 1

    async def test_taking_it_makes_the_agent_the_owner(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        clock.advance(5 * SECOND)
        taken = await store.take("a1", cmd(), offer.id)
        view = await store.view(conversation)
        assert (view.owner, view.agent, view.epoch, taken.epoch) == (Owner.AGENT, "a1", 2, 2)
        assert await store.offers_of("a1") == [] and await load(store, "a1") == 100
        (stay,) = (await episode_of(store, conversation)).owners
        assert (stay.agent, stay.how, stay.since, stay.until) == ("a1", "offer", clock.now_ms(), 0)
        assert (await store.waits())[0].waited_ms == 5 * SECOND
        assert (await store.entries(conversation))[-1].name == "客服a1"

    async def test_a_command_repeated_gets_the_same_answer_and_another_command_learns_who_has_it(
        self, store: EngineStore
    ) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        command = cmd()
        first = await store.take("a1", command, offer.id)
        assert await store.take("a1", command, offer.id) == first
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a1", cmd(), offer.id)
        assert refused.value.fields["state"] == "accepted"
        assert (refused.value.fields["owner"], refused.value.fields["agent"]) == ("agent", "客服a1")
        assert (await store.view(conversation)).epoch == 2

    async def test_an_offer_of_somebody_else_can_be_neither_taken_nor_refused(self, store: EngineStore) -> None:
        await online(store, "a1", "a2")
        offer = await offered(store, await queued(store))
        for answer in (store.take, store.reject):
            with pytest.raises(errors.OfferGone):
                await answer("a2", cmd(), offer.id)
        assert await store.offers_of("a1") == [offer]

    async def test_the_time_is_over_at_the_exact_millisecond(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        await pass_time(store, clock, 20 * SECOND - 1, "a1")
        assert await store.overdue_offers() == []
        with pytest.raises(errors.IllegalTransition):
            await store.expire_offer(offer.id)
        await pass_time(store, clock, 1, "a1")
        assert await store.overdue_offers() == [offer.id]
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a1", cmd(), offer.id)
        assert (refused.value.fields["state"], refused.value.fields["owner"]) == ("timed_out", "queue")
        assert await store.expire_offer(offer.id) is OfferState.TIMED_OUT
        assert await store.overdue_offers() == [] and await store.offers_of("a1") == []
        assert await declined(store, conversation) == ["a1"]
        with pytest.raises(errors.OfferGone):
            await store.expire_offer(offer.id)

    async def test_a_rejected_offer_goes_to_the_next_agent_in_the_old_place(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        await online(store, "a1", "a2")
        (before,) = await store.waiting()
        offer = await offered(store, conversation)
        clock.advance(3 * SECOND)
        await store.reject("a1", cmd(), offer.id)
        (after,) = await store.waiting()
        assert (after.key, after.requested_at, list(after.declined)) == (before.key, before.requested_at, ["a1"])
        second = await offered(store, conversation, "a2")
        await store.reject("a2", cmd(), second.id)
        third = await offered(store, conversation, "a1")
        await store.reject("a1", cmd(), third.id)
        assert await declined(store, conversation) == ["a2", "a1"]  # oldest first, each once
        ep = await episode_of(store, conversation)
        assert (ep.offers, ep.missed) == (3, 3)

    async def test_two_offers_missed_in_a_row_send_an_agent_into_a_break(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        await online(store)
        for expected in ("online", "break"):
            offer = await offered(store, conversation)
            await pass_time(store, clock, 20 * SECOND, "a1")
            await store.expire_offer(offer.id)
            assert (await store.presence_of("a1"))[0] == expected
        assert await store.agents_online() == 0
        with pytest.raises(errors.AgentUnavailable) as refused:
            await offered(store, conversation)
        assert refused.value.fields["status"] == "break"

    @pytest.mark.parametrize("between", ["take", "reject", "say", "presence"])
    async def test_any_sign_of_the_agent_between_two_misses_starts_the_count_anew(
        self, store: EngineStore, clock: FakeClock, between: str
    ) -> None:
        mine, epoch = await owned(store, "a1", SU)
        conversation = await queued(store)
        for sign in (True, False):
            offer = await offered(store, conversation)
            await pass_time(store, clock, 20 * SECOND, "a1")
            await store.expire_offer(offer.id)
            if not sign:
                continue
            if between == "take":
                other = await queued(store, Player(id="u3", name="丙"))
                await close(store, mine, epoch)
                await store.take("a1", cmd(), (await offered(store, other)).id)
            elif between == "reject":
                await store.reject("a1", cmd(), (await offered(store, conversation)).id)
            elif between == "say":
                await store.say("a1", "客服a1", cmd(), mine, epoch, "稍等")
            else:
                await online(store, "a1")
        assert (await store.presence_of("a1"))[0] == "online"

    async def test_an_agent_who_takes_it_from_the_list_rescinds_the_offer_to_a_colleague(
        self, store: EngineStore
    ) -> None:
        conversation = await queued(store)
        await online(store, "a1", "a2")
        offer = await offered(store, conversation)
        await store.accept("a2", "客服a2", cmd(), conversation)
        assert await store.offers_of("a1") == [] and await load(store, "a1") == 0
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a1", cmd(), offer.id)
        assert (refused.value.fields["state"], refused.value.fields["agent"]) == ("rescinded", "客服a2")
        assert (await episode_of(store, conversation)).owners[0].how == "pull"

    async def test_the_agent_asked_may_take_it_from_the_list_with_the_slot_that_the_offer_holds(
        self, store: EngineStore
    ) -> None:
        conversation = await queued(store)
        await online(store, capacity=1)
        offer = await offered(store, conversation)
        await store.accept("a1", "客服a1", cmd(), conversation)
        assert await load(store, "a1") == 100
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a1", cmd(), offer.id)
        assert refused.value.fields["state"] == "accepted"

    @pytest.mark.parametrize("status", ["busy", "break", "offline"])
    async def test_an_agent_who_is_no_longer_online_loses_their_offers(self, store: EngineStore, status: str) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        await store.presence("a1", "客服a1", cmd(), status, 2)
        assert await store.offers_of("a1") == []
        assert await declined(store, conversation) == ["a1"]
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a1", cmd(), offer.id)
        assert refused.value.fields["state"] == "rescinded"

    async def test_the_offer_of_an_agent_whose_connection_is_gone_is_rescinded_and_no_miss(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        clock.advance(12_001)
        assert await store.overdue_offers() == [offer.id]
        with pytest.raises(errors.AgentUnavailable):
            await store.take("a1", cmd(), offer.id)
        assert await store.expire_offer(offer.id) is OfferState.RESCINDED
        await store.beat("a1")
        offer = await offered(store, conversation)
        await pass_time(store, clock, 20 * SECOND, "a1")
        await store.expire_offer(offer.id)
        assert (await store.presence_of("a1"))[0] == "online"

    @pytest.mark.parametrize("leave", ["cancel", "ticket"])
    async def test_an_offer_is_cancelled_when_the_player_no_longer_waits(self, store: EngineStore, leave: str) -> None:
        conversation = await queued(store)
        await online(store)
        offer = await offered(store, conversation)
        await (store.cancel("u1", cmd()) if leave == "cancel" else store.ticket("u1", cmd(), "请查"))
        assert await store.offers_of("a1") == [] and await load(store, "a1") == 0
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a1", cmd(), offer.id)
        assert (refused.value.fields["state"], refused.value.fields["owner"]) == ("cancelled", "bot")

    async def test_pending_offers_count_for_the_capacity(self, store: EngineStore) -> None:
        one, two = await queued(store), await queued(store, SU)
        await online(store, capacity=1)
        await offered(store, one)
        (agent,) = await store.agents()
        assert (agent.load, agent.capacity) == (100, 100)
        with pytest.raises(errors.CapacityFull) as refused:
            await offered(store, two)
        assert (refused.value.fields["capacity"], refused.value.fields["active"]) == (1, 1)
        with pytest.raises(errors.CapacityFull):
            await store.accept("a1", "客服a1", cmd(), two)

    async def test_what_is_offered_or_gone_is_not_offered_again(self, store: EngineStore) -> None:
        conversation = await queued(store)
        await online(store, "a1", "a2")
        (item,) = await store.waiting()
        await store.offer(item, "a1")
        with pytest.raises(errors.IllegalTransition):
            await store.offer(item, "a2")
        await store.cancel("u1", cmd())
        with pytest.raises(errors.IllegalTransition) as refused:
            await store.offer(item, "a2")
        assert refused.value.fields["owner"] == "bot"
        assert (await store.view(conversation)).owner is Owner.BOT

    @pytest.mark.parametrize("status", ["offline", "busy"])
    async def test_nobody_is_offered_anything_while_not_online(self, store: EngineStore, status: str) -> None:
        conversation = await queued(store)
        await store.presence("a1", "客服a1", cmd(), status, 2)
        with pytest.raises(errors.AgentUnavailable) as refused:
            await offered(store, conversation)
        assert refused.value.fields["status"] == status

    async def test_of_twenty_who_offer_it_at_once_one_does(self, store: EngineStore) -> None:
        await queued(store)
        agents = [f"a{i}" for i in range(20)]
        await online(store, *agents)
        (item,) = await store.waiting()
        answers = await asyncio.gather(*(store.offer(item, agent) for agent in agents), return_exceptions=True)
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert [len(await store.offers_of(agent)) for agent in agents].count(1) == 1


class TestTransfer:
    async def test_the_asker_stays_the_owner_until_it_is_accepted(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "充值单在查")
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.transfer) == ("a1", epoch, "客服a2")
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "我同事马上来")
        (offer,) = await store.offers_of("a2")
        assert (offer.kind, offer.by, offer.note) == (OfferKind.TRANSFER, "客服a1", "充值单在查")
        await store.take("a2", cmd(), offer.id)
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.transfer) == ("a2", epoch + 1, "")
        assert (await load(store, "a1"), await load(store, "a2")) == (0, 100)
        with pytest.raises(errors.NotOwner) as refused:
            await store.say("a1", "客服a1", cmd(), conversation, epoch, "还有")
        assert (refused.value.fields["agent"], refused.value.fields["epoch"]) == ("客服a2", epoch + 1)

    async def test_the_note_is_kept_and_both_stays_are_recorded(self, store: EngineStore, clock: FakeClock) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        clock.advance(7 * SECOND)
        await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "充值单在查")
        (offer,) = await store.offers_of("a2")
        await store.take("a2", cmd(), offer.id)
        (note,) = [note for note in await store.notes(conversation) if note.kind == "transfer"]
        assert (note.author, note.text) == ("客服a1", "充值单在查")
        stays = (await episode_of(store, conversation)).owners
        now = clock.now_ms()
        assert [(s.agent, s.how, s.since, s.until) for s in stays] == [
            ("a1", "pull", now - 7 * SECOND, now),
            ("a2", "transfer", now, 0),
        ]
        assert await store.handled("general") == [7 * SECOND]
        last = (await store.entries(conversation))[-1]
        assert (last.event, last.name, last.data) == ("transferred", "客服a2", {"from": "客服a1"})
        assert "充值单在查" not in [entry.text for entry in await store.entries(conversation)]

    @pytest.mark.parametrize("how", ["reject", "expire", "offline", "gone"])
    async def test_it_fails_when_the_agent_asked_does_not_want_it(
        self, store: EngineStore, clock: FakeClock, how: str
    ) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "请接手")
        (offer,) = await store.offers_of("a2")
        if how == "reject":
            await store.reject("a2", cmd(), offer.id)
        elif how == "offline":
            await store.presence("a2", "客服a2", cmd(), "offline", 2)
        else:
            await pass_time(store, clock, 20 * SECOND, "a1", *(["a2"] if how == "expire" else []))
            await store.expire_offer(offer.id)
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.transfer) == ("a1", epoch, "")
        assert (await store.notes(conversation))[-1].data == {"code": "declined", "name": "客服a2"}
        assert await store.waiting() == []
        await online(store, "a2")
        await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "再请一次")

    async def test_to_a_group_it_waits_in_the_group_until_one_of_it_takes_it(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", "a3")
        await store.transfer("a1", cmd(), conversation, epoch, "", "payment", "要查账")
        (item,) = await store.waiting()
        assert (item.kind, item.group, item.owner) == (OfferKind.TRANSFER, "payment", "a1")
        assert (await store.view(conversation)).transfer == "payment"
        with pytest.raises(errors.IllegalTransition):
            await store.offer(item, "a1")
        offer = await store.offer(item, "a2")
        await store.reject("a2", cmd(), offer.id)
        (item,) = await store.waiting()
        assert item.declined == ["a2"]
        offer = await store.offer(item, "a3")
        await store.take("a3", cmd(), offer.id)
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.transfer) == ("a3", epoch + 1, "")
        assert await store.waiting() == []

    @pytest.mark.parametrize("group", [False, True])
    async def test_the_owner_takes_it_back(self, store: EngineStore, group: bool) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await store.transfer("a1", cmd(), conversation, epoch, "" if group else "a2", "payment" if group else "", "")
        with pytest.raises(errors.NotOwner):
            await store.cancel_transfer("a2", cmd(), conversation)
        await store.cancel_transfer("a1", cmd(), conversation)
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.transfer) == ("a1", epoch, "")
        assert await store.offers_of("a2") == [] and await store.waiting() == [] and await load(store, "a2") == 0
        with pytest.raises(errors.IllegalTransition):
            await store.cancel_transfer("a1", cmd(), conversation)

    @pytest.mark.parametrize("end", ["close", "return"])
    async def test_it_ends_with_the_conversation(self, store: EngineStore, end: str) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "")
        (offer,) = await store.offers_of("a2")
        await (
            close(store, conversation, epoch) if end == "close" else store.give_back("a1", cmd(), conversation, epoch)
        )
        assert await store.offers_of("a2") == [] and (await store.view(conversation)).transfer == ""
        with pytest.raises(errors.OfferGone) as refused:
            await store.take("a2", cmd(), offer.id)
        assert (refused.value.fields["state"], refused.value.fields["owner"]) == ("rescinded", "bot")

    async def test_what_can_not_be_asked_is_refused_by_name(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", capacity=1)
        cases: list[tuple[str, str, type[errors.SupportError]]] = [
            ("a1", "", errors.IllegalTransition),
            ("a2", "payment", errors.IllegalTransition),
            ("", "", errors.IllegalTransition),
            ("", "no such group", errors.UnknownGroup),
            ("a9", "", errors.AgentUnavailable),
        ]
        for agent, group, error in cases:
            with pytest.raises(error):
                await store.transfer("a1", cmd(), conversation, epoch, agent, group, "")
        with pytest.raises(errors.StaleEpoch):
            await store.transfer("a1", cmd(), conversation, epoch - 1, "a2", "", "")
        with pytest.raises(errors.NotOwner):
            await store.transfer("a2", cmd(), conversation, epoch, "a1", "", "")
        other = await queued(store, SU)
        await store.accept("a2", "客服a2", cmd(), other)
        with pytest.raises(errors.CapacityFull):
            await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "")
        await store.transfer("a1", cmd(), conversation, epoch, "", "payment", "")
        with pytest.raises(errors.IllegalTransition):
            await store.transfer("a1", cmd(), conversation, epoch, "", "general", "")
        assert (await store.view(conversation)).epoch == epoch


class TestGuests:
    async def test_a_guest_writes_under_the_owners_epoch_and_takes_half_a_slot(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", "a3")
        await invited(store, conversation, epoch, "a2")
        view = await store.view(conversation)
        assert [(guest.id, guest.display) for guest in view.guests] == [("a2", "客服a2")]
        assert (view.agent, view.epoch) == ("a1", epoch) and await load(store, "a2") == 50
        await store.say("a2", "客服a2", cmd(), conversation, epoch, "我看看账单")
        with pytest.raises(errors.StaleEpoch):
            await store.say("a2", "客服a2", cmd(), conversation, epoch - 1, "旧话")
        with pytest.raises(errors.NotOwner):
            await store.say("a3", "客服a3", cmd(), conversation, epoch, "插话")
        with pytest.raises(errors.NotOwner):
            await close(store, conversation, epoch, "a2")
        assert (await events(store, conversation))[-1] == "joined"

    @pytest.mark.parametrize("by", ["a1", "a2"])
    async def test_a_guest_leaves_or_is_let_go(self, store: EngineStore, by: str) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", "a3")
        await invited(store, conversation, epoch, "a2")
        with pytest.raises(errors.NotOwner):
            await store.dismiss("a3", cmd(), conversation, "a2")
        await store.dismiss(by, cmd(), conversation, "a2")
        assert (await store.view(conversation)).guests == () and await load(store, "a2") == 0
        left = (await store.entries(conversation))[-1]
        assert (left.event, left.name) == ("left", "客服a2")
        with pytest.raises(errors.NotOwner):
            await store.say("a2", "客服a2", cmd(), conversation, epoch, "还有")
        with pytest.raises(errors.IllegalTransition):
            await store.dismiss(by, cmd(), conversation, "a2")

    async def test_nobody_is_invited_twice_and_the_owner_not_at_all(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", "a3", capacity=1)
        await store.invite("a1", cmd(), conversation, epoch, "a2", "")
        for colleague in ("a1", "a2"):
            with pytest.raises(errors.IllegalTransition):
                await store.invite("a1", cmd(), conversation, epoch, colleague, "")
        (offer,) = await store.offers_of("a2")
        await store.take("a2", cmd(), offer.id)
        with pytest.raises(errors.IllegalTransition):
            await store.invite("a1", cmd(), conversation, epoch, "a2", "")
        other = await queued(store, SU)
        await store.accept("a3", "客服a3", cmd(), other)
        with pytest.raises(errors.CapacityFull):
            await store.invite("a1", cmd(), conversation, epoch, "a3", "")
        with pytest.raises(errors.AgentUnavailable):
            await store.invite("a1", cmd(), conversation, epoch, "a9", "")

    async def test_an_invitation_turned_down_is_told_to_the_owner_and_changes_nothing_else(
        self, store: EngineStore
    ) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await store.invite("a1", cmd(), conversation, epoch, "a2", "一起看")
        (offer,) = await store.offers_of("a2")
        await store.reject("a2", cmd(), offer.id)
        assert await note_kinds(store, conversation) == ["invite", "alert"]
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.guests) == ("a1", epoch, ())
        assert (await episode_of(store, conversation)).missed == 0

    @pytest.mark.parametrize("end", ["close", "return", "lost"])
    async def test_guests_and_invitations_go_with_the_episode(
        self, store: EngineStore, clock: FakeClock, end: str
    ) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", "a3")
        await invited(store, conversation, epoch, "a2")
        await store.invite("a1", cmd(), conversation, epoch, "a3", "")
        if end == "close":
            await close(store, conversation, epoch)
        elif end == "return":
            await store.give_back("a1", cmd(), conversation, epoch)
        else:
            await pass_time(store, clock, 13 * SECOND, "a2", "a3")
            (orphan,) = await store.orphans()
            await store.requeue(orphan)
        assert (await store.view(conversation)).guests == ()
        assert await store.offers_of("a3") == []
        assert (await load(store, "a2"), await load(store, "a3")) == (0, 0)

    async def test_a_guest_whose_connection_is_gone_is_released_and_the_owner_stays(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await invited(store, conversation, epoch, "a2")
        await pass_time(store, clock, 13 * SECOND, "a1")
        (orphan,) = await store.orphans()
        assert orphan.guest == "a2"
        await store.beat("a2")
        with pytest.raises(errors.IllegalTransition):
            await store.requeue(orphan)
        await pass_time(store, clock, 13 * SECOND, "a1")
        await store.requeue(orphan)
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.guests) == ("a1", epoch, ())
        assert await store.conversations_of_agent("a2") == []

    async def test_a_guest_who_takes_over_is_no_guest_any_more(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2")
        await invited(store, conversation, epoch, "a2")
        await store.transfer("a1", cmd(), conversation, epoch, "a2", "", "")
        (offer,) = await store.offers_of("a2")
        await store.take("a2", cmd(), offer.id)
        view = await store.view(conversation)
        assert (view.agent, view.epoch, view.guests) == ("a2", epoch + 1, ())
        assert (await load(store, "a1"), await load(store, "a2")) == (0, 100)


class TestSupervisors:
    async def test_a_whisper_is_a_note_and_never_in_the_players_log(self, store: EngineStore) -> None:
        conversation, _ = await owned(store)
        before = await store.entries(conversation)
        await store.whisper("主管", "boss", cmd(), conversation, "先道歉")
        assert await store.entries(conversation) == before
        (note,) = await store.notes(conversation)
        assert (note.kind, note.author, note.text) == ("whisper", "主管", "先道歉")

    async def test_taking_over_needs_nobodys_consent_and_is_recorded(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "boss", capacity=1)
        taken = await store.take_over("boss", "客服boss", cmd(), conversation, "我来处理")
        view = await store.view(conversation)
        assert (view.agent, view.agent_name, view.epoch, taken.epoch) == ("boss", "客服boss", epoch + 1, epoch + 1)
        assert (await load(store, "a1"), await load(store, "boss")) == (0, 100)
        assert [stay.how for stay in (await episode_of(store, conversation)).owners] == ["pull", "takeover"]
        last = (await store.entries(conversation))[-1]
        assert (last.event, last.name, last.data) == ("taken_over", "客服boss", {"from": "客服a1"})
        assert (await store.notes(conversation))[-1].text == "我来处理"
        with pytest.raises(errors.IllegalTransition):
            await store.take_over("boss", "客服boss", cmd(), conversation, "")

    async def test_a_guest_may_take_over_with_the_half_slot_that_they_hold(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "boss", capacity=1)
        await invited(store, conversation, epoch, "boss")
        await store.take_over("boss", "客服boss", cmd(), conversation, "")
        assert await load(store, "boss") == 100 and (await store.view(conversation)).guests == ()

    async def test_only_a_colleagues_conversation_can_be_taken_over(self, store: EngineStore) -> None:
        conversation = await queued(store)
        await online(store, "boss")
        with pytest.raises(errors.IllegalTransition) as refused:
            await store.take_over("boss", "客服boss", cmd(), conversation, "")
        assert refused.value.fields["owner"] == "queue"

    async def test_owner_and_guest_open_tickets_and_nobody_else(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await online(store, "a2", "a3")
        await invited(store, conversation, epoch, "a2")
        numbers = [
            (await store.agent_ticket(agent, "客服", cmd(), conversation, "要查账")).number for agent in ("a1", "a2")
        ]
        assert numbers[0].endswith("-0001") and numbers[1].endswith("-0002")
        assert (await store.entries(conversation))[-1].data == {"number": numbers[1], "text": "要查账"}
        assert (await store.view(conversation)).owner is Owner.AGENT
        with pytest.raises(errors.NotOwner):
            await store.agent_ticket("a3", "客服", cmd(), conversation, "")


class TestWaitingPlayers:
    async def test_a_player_who_leaves_keeps_the_place_and_may_leave_again(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        await store.keep("u1", cmd())
        clock.advance(31 * SECOND)
        assert (await store.view(conversation)).kept and await store.position(conversation) == 1
        (item,), _ = await store.queue()
        assert item.away and not (await store.waiting())[0].present
        await store.player_here("u1")
        await store.keep("u1", cmd())
        assert (await store.view(conversation)).kept

    async def test_who_does_not_wait_keeps_nothing(self, store: EngineStore) -> None:
        await store.append(LIN, cmd(), said("在吗"))
        with pytest.raises(errors.IllegalTransition):
            await store.keep("u1", cmd())

    async def test_presence_is_a_sign_within_thirty_seconds(self, store: EngineStore, clock: FakeClock) -> None:
        await queued(store)
        clock.advance(30 * SECOND)
        assert (await store.waiting())[0].present
        clock.advance(1)
        assert not (await store.waiting())[0].present

    async def test_a_call_tells_the_player_and_the_push_service_and_shuts_the_request_to_offers(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        await online(store)
        (item,) = await store.waiting()
        await store.call(conversation)
        until = clock.now_ms() + 5 * MINUTE
        last = (await store.entries(conversation))[-1]
        assert (last.event, last.data) == ("your_turn", {"until": until})
        ((id, fields),) = await store.hooks()
        assert (fields["event"], fields["player"], fields["conversation"]) == ("your_turn", "u1", conversation)
        (called,) = await store.waiting()  # still there, so that routing counts the call
        assert called.called_at == clock.now_ms()
        for step in (
            store.offer(item, "a1"),
            store.call(conversation),
            store.overflow(conversation, Overflow("ticket")),
        ):
            with pytest.raises(errors.IllegalTransition):
                await step
        await store.hooks_done([id])
        assert await store.hooks() == []

    async def test_a_called_player_who_comes_back_is_offered_at_once_at_the_old_place(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        clock.advance(1)
        await queued(store, SU)
        await online(store)
        await store.call(conversation)
        clock.advance(4 * MINUTE)
        await store.beat("a1")
        await store.player_here("u1")
        assert (await store.waiting())[0].conversation == conversation
        await offered(store, conversation)
        clock.advance(2 * MINUTE)
        assert "call" not in await due_kinds(store, conversation)

    async def test_a_missed_call_ends_in_a_ticket_with_the_players_words(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        await store.call(conversation)
        clock.advance(5 * MINUTE)
        due = await due_timer(store, conversation, "call")
        entry = status_entry(clock.now_ms(), "missed_turn", {"number": "@NUMBER@"})
        assert await store.fire(due, Firing(entry=entry, stop="missed", text="充值没到"))
        ep = await episode_of(store, conversation)
        assert (ep.state, ep.end_reason) == ("ended", "missed")
        assert (await store.entries(conversation))[-1].data["number"].startswith("T")
        assert (await store.view(conversation)).owner is Owner.BOT and (await store.queue())[1] == 0
        assert "充值没到" in (await store.outbox())[-1][1]["data"]

    async def test_a_request_is_held_until_the_group_opens(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        await online(store)
        (item,) = await store.waiting()
        opens = clock.now_ms() + 8 * 60 * MINUTE
        await store.overflow(conversation, Overflow("callback"), "", opens)
        assert await store.waiting() == [] and await store.position(conversation) == 1
        last = (await store.entries(conversation))[-1]
        assert (last.event, last.data["opens_at"]) == ("group_closed", opens)
        with pytest.raises(errors.IllegalTransition):
            await store.offer(item, "a1")
        with pytest.raises(errors.IllegalTransition):
            await store.overflow(conversation, Overflow("callback"), "", opens)
        clock.advance(8 * 60 * MINUTE)
        assert await store.fire(await due_timer(store, conversation, "open"), Firing(resume=True))
        (again,) = await store.waiting()
        assert again.key == item.key

    @pytest.mark.parametrize(("start", "to"), [("general", "payment"), ("payment", "general")])
    async def test_a_request_moves_to_another_group_with_its_key(self, store: EngineStore, start: str, to: str) -> None:
        conversation = await queued(store, LIN, HandoffRequest("button", 1, group=start))
        (before,) = await store.waiting()
        await store.overflow(conversation, Overflow("group", to))
        (after,) = await store.waiting()
        assert (after.group, after.key, after.requested_at) == (to, before.key, before.requested_at)
        assert (await episode_of(store, conversation)).group == to and await store.position(conversation) == 1

    async def test_a_request_becomes_a_ticket(self, store: EngineStore) -> None:
        conversation = await queued(store)
        await store.overflow(conversation, Overflow("ticket"), "充值没到")
        last = (await store.entries(conversation))[-1]
        assert last.event == "group_closed" and last.data["number"].endswith("-0001")
        assert (await episode_of(store, conversation)).end_reason == "ticket"

    async def test_an_offered_request_is_not_moved(self, store: EngineStore) -> None:
        conversation = await queued(store)
        await online(store)
        await offered(store, conversation)
        for step in (store.overflow(conversation, Overflow("group", "payment")), store.call(conversation)):
            with pytest.raises(errors.IllegalTransition):
                await step

    async def test_a_line_from_outside_is_told_once_even_without_an_open_conversation(self, store: EngineStore) -> None:
        entry = status_entry(1, "ticket_update", {"number": "T1", "state": "done", "text": "已补发"})
        command = cmd()
        first = await store.tell(LIN, command, entry)
        assert await store.tell(LIN, command, entry) == first
        assert await events(store, first.conversation) == ["ticket_update"]
        assert [fields["event"] for _, fields in await store.hooks()] == ["ticket_update"]

    async def test_the_first_p90_that_was_shown_is_remembered(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        for shown in (0, 90_000, 30_000):
            await store.told(conversation, shown)
        clock.advance(5 * SECOND)
        await online(store)
        await store.accept("a1", "客服a1", cmd(), conversation)
        (wait,) = await store.waits()
        assert (wait.group, wait.waited_ms, wait.told_p90_ms) == ("general", 5 * SECOND, 90_000)


class TestTimers:
    async def test_a_request_starts_its_deadlines_and_notices(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        clock.advance(3 * MINUTE - 1)
        assert await due_kinds(store, conversation) == []
        clock.advance(1)
        assert await due_kinds(store, conversation) == ["first.warn"]  # 60 % of five minutes
        clock.advance(7 * MINUTE)
        assert await due_kinds(store, conversation) == ["first.warn", "resolution.warn", "notice"]

    async def test_the_first_answer_keeps_the_first_deadline(self, store: EngineStore, clock: FakeClock) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
        clock.advance(10 * MINUTE)
        assert not {"first.warn", "notice"} & set(await due_kinds(store, conversation))
        assert (await episode_of(store, conversation)).responded_at == clock.now_ms() - 10 * MINUTE

    async def test_a_players_word_starts_the_next_deadline_and_the_agents_keeps_it(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
        await store.append(LIN, cmd(), said("一"))
        clock.advance(MINUTE)
        await store.append(LIN, cmd(), said("二"))  # doesn't start it anew
        clock.advance(48 * SECOND)
        assert await due_kinds(store, conversation) == ["next.warn"]
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "在查")
        assert await due_kinds(store, conversation) == []

    @pytest.mark.parametrize("end", ["cancel", "ticket", "close", "return"])
    async def test_the_end_of_an_episode_clears_every_timer(
        self, store: EngineStore, clock: FakeClock, end: str
    ) -> None:
        if end in ("cancel", "ticket"):
            conversation = await queued(store)
            await (store.cancel("u1", cmd()) if end == "cancel" else store.ticket("u1", cmd(), "请查"))
        else:
            conversation, epoch = await owned(store)
            await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
            await store.append(LIN, cmd(), said("好"))
            if end == "return":
                await store.give_back("a1", cmd(), conversation, epoch)
            else:
                await close(store, conversation, epoch)
        clock.advance(DAY)
        assert await due_kinds(store, conversation) == []

    async def test_a_lost_agent_keeps_the_resolution_deadline_running_and_drops_their_own(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
        await store.append(LIN, cmd(), said("好"))
        clock.advance(13 * SECOND)
        (orphan,) = await store.orphans()
        await store.requeue(orphan)
        clock.advance(30 * MINUTE)
        assert set(await due_kinds(store, conversation)) == {"resolution.warn", "notice"}

    async def test_a_timer_acts_once_however_many_routers_see_it(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        clock.advance(3 * MINUTE)
        due = await due_timer(store, conversation, "first.warn")
        note = Note(n=0, at=0, author="system", text="warn", kind="alert")
        fired = await asyncio.gather(*(store.fire(due, Firing(note=note)) for _ in range(5)))
        assert sorted(fired) == [False] * 4 + [True]
        assert await note_kinds(store, conversation) == ["alert"]

    async def test_a_timer_that_moved_or_was_cleared_does_nothing(self, store: EngineStore, clock: FakeClock) -> None:
        conversation, epoch = await owned(store)
        clock.advance(5 * MINUTE)
        await store.beat("a1")
        moved = await due_timer(store, conversation, "idle")
        cleared = await due_timer(store, conversation, "first.warn")
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
        assert not await store.fire(moved, Firing(park=True))
        assert not await store.fire(cleared, Firing(late="first"))
        assert not (await store.view(conversation)).idle and (await episode_of(store, conversation)).late == []

    async def test_a_timer_that_moved_does_nothing_at_its_old_time_though_it_is_due_again(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await pass_time(store, clock, 5 * MINUTE, "a1")
        moved = await due_timer(store, conversation, "idle")
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
        await pass_time(store, clock, 5 * MINUTE, "a1")
        assert not await store.fire(moved, Firing(park=True))
        assert not (await store.view(conversation)).idle
        assert await store.fire(await due_timer(store, conversation, "idle"), Firing(park=True))

    async def test_a_clock_that_jumps_back_keeps_timers_and_one_that_jumps_forward_loses_none(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        clock.advance(3 * MINUTE)
        due = await due_timer(store, conversation, "first.warn")
        clock.advance(-MINUTE)
        assert await store.due() == [] and not await store.fire(due, Firing(alert="early"))
        clock.advance(DAY)
        assert await store.fire(due, Firing(alert="late"))
        assert [alert.code for alert in await store.alerts()] == ["late"]

    async def test_an_idle_conversation_frees_its_slot_and_a_word_takes_it_back(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        clock.advance(5 * MINUTE)
        await store.beat("a1")
        assert await store.fire(await due_timer(store, conversation, "idle"), Firing(park=True))
        assert (await store.view(conversation)).idle and await load(store, "a1") == 0
        assert await store.conversations_of_agent("a1") == [conversation]
        for word in ("player", "agent"):
            if word == "player":
                await store.append(LIN, cmd(), said("我回来了"))
            else:
                await store.say("a1", "客服a1", cmd(), conversation, epoch, "还在吗")
            assert not (await store.view(conversation)).idle and await load(store, "a1") == 100
            clock.advance(5 * MINUTE)
            await store.beat("a1")
            assert await store.fire(await due_timer(store, conversation, "idle"), Firing(park=True))

    async def test_a_silent_player_is_asked_and_a_word_stops_it(self, store: EngineStore, clock: FakeClock) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "还在吗")
        await pass_time(store, clock, 3 * MINUTE, "a1")
        ask = await due_timer(store, conversation, "ask")
        close_at = clock.now_ms() + 27 * MINUTE
        assert await store.fire(ask, Firing(entry=status_entry(0, "idle_ask"), next=[("close", close_at)]))
        await store.append(LIN, cmd(), said("在"))
        await pass_time(store, clock, 27 * MINUTE, "a1")
        assert not {"ask", "close"} & set(await due_kinds(store, conversation))

    async def test_a_player_who_stays_silent_ends_the_episode_with_its_reason(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "还在吗")
        await pass_time(store, clock, 3 * MINUTE, "a1")
        ask = await due_timer(store, conversation, "ask")
        await store.fire(ask, Firing(next=[("close", clock.now_ms())]))
        entry = status_entry(clock.now_ms(), "idle_closed", {"episode": "@EPISODE@"})
        assert await store.fire(await due_timer(store, conversation, "close"), Firing(entry=entry, stop="no_reply"))
        ep = await episode_of(store, conversation)
        assert (ep.state, ep.end_reason, ep.disposition) == ("ended", "no_reply", "no_reply")
        view = await store.view(conversation)
        assert (view.owner, view.state, view.rate_due) == (Owner.BOT, EpisodeState.NONE, ep.id)
        assert (await store.entries(conversation))[-1].data == {"episode": ep.id}
        assert await store.conversations_of_agent("a1") == []

    async def test_a_missed_deadline_raises_tier_and_place_and_is_recorded(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        first = await queued(store, SU)
        clock.advance(30 * SECOND)
        late = await queued(store)
        clock.advance(3 * MINUTE)
        due = await due_timer(store, late, "first.warn")
        before = {item.conversation: item.key for item in await store.waiting()}
        firing = Firing(
            entry=status_entry(0, "late", {"kind": "first"}),
            note=Note(n=0, at=0, author="system", text="late_first", kind="alert"),
            alert="late_first",
            late="first",
            compensation="绑定灵玉×50",
            tier=3,
            gain=60 * SECOND,
        )
        assert await store.fire(due, firing)
        after = {item.conversation: item.key for item in await store.waiting()}
        assert after == {first: before[first], late: before[late] - 60 * SECOND}
        assert [item.conversation for item in (await store.queue())[0]] == [late, first]
        ep = await episode_of(store, late)
        assert (ep.tier, ep.late, ep.compensation) == (3, ["first"], ["绑定灵玉×50"])
        assert (await events(store, late))[-1] == "late" and await note_kinds(store, late) == ["alert"]
        assert [(alert.code, alert.conversation) for alert in await store.alerts()] == [("late_first", late)]


class TestPriority:
    async def _say(self, store: EngineStore, request: HandoffRequest) -> None:
        await store.append(LIN, cmd(), said("还有"))
        for _ in range(5):
            turn = await store.claim_turn(1)
            assert turn is not None
            if turn.entry is not None:
                await store.commit(turn, TurnResult([reply("好")], request=request))
                return

    async def test_a_graver_matter_while_waiting_raises_and_a_lighter_one_never_lowers(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation = await queued(store)
        (start,) = await store.waiting()
        await self._say(store, HandoffRequest("asked", 3, group="payment", tier=3))
        (raised,) = await store.waiting()
        assert raised.key < start.key and raised.requested_at == start.requested_at and raised.group == "payment"
        clock.advance(2000)
        await self._say(store, HandoffRequest("asked", 0, tier=2))
        (lowered,) = await store.waiting()
        assert (lowered.key, lowered.group) == (raised.key, "payment")
        ep = await episode_of(store, conversation)
        assert (ep.urgency, ep.tier) == (3, 3)

    async def test_a_flood_of_messages_and_wishes_changes_nothing(self, store: EngineStore) -> None:
        await queued(store)
        (before,) = await store.waiting()
        for _ in range(30):
            await store.append(LIN, cmd(), said("快点"))
            with pytest.raises(errors.IllegalTransition):
                await store.request(LIN, cmd(), HandoffRequest("button", 3))
        assert (await store.waiting())[0].key == before.key and (await store.queue())[1] == 1

    async def test_a_lost_conversation_returns_with_its_old_key(self, store: EngineStore, clock: FakeClock) -> None:
        conversation = await queued(store)
        (before,) = await store.waiting()
        await online(store)
        await store.accept("a1", "客服a1", cmd(), conversation)
        clock.advance(13 * SECOND)
        (orphan,) = await store.orphans()
        await store.requeue(orphan)
        (after,) = await store.waiting()
        assert (after.key, after.requested_at) == (before.key, before.requested_at)
        await online(store, "a2")
        await store.accept("a2", "客服a2", cmd(), conversation)
        ep = await episode_of(store, conversation)
        assert [stay.agent for stay in ep.owners] == ["a1", "a2"] and ep.accepted_at == ep.requested_at
        assert len(await store.waits()) == 1  # the wait clock starts once

    async def test_a_player_back_within_a_day_is_meant_for_the_last_agent(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await close(store, conversation, epoch)
        first = await episode_of(store, conversation)
        clock.advance(DAY)
        await queued(store)
        (item,) = await store.waiting()
        assert item.last_agent == "a1" and (await episode_of(store, conversation)).reopens == first.id
        assert item.key == clock.now_ms() - (1200 + 3 * 60 + 45) * SECOND
        await store.cancel("u1", cmd())
        clock.advance(DAY + 1)
        await queued(store)
        assert (await store.waiting())[0].last_agent == ""

    async def test_a_new_wish_during_the_wrap_up_reopens_the_episode_that_it_ends(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        first = await episode_of(store, conversation)
        await store.give_back("a1", cmd(), conversation, epoch)
        await queued(store)
        (item,) = await store.waiting()
        assert item.last_agent == "a1" and (await episode_of(store, conversation)).reopens == first.id

    async def test_a_low_rating_given_during_the_wrap_up_still_counts_at_the_next_request(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await store.give_back("a1", cmd(), conversation, epoch)
        await store.rate("u1", cmd(), (await store.view(conversation)).rate_due, 1, "没解决")
        await store.wrap_up("a1", cmd(), conversation, Disposition.FOLLOW_UP, "")
        await queued(store)
        assert (await store.waiting())[0].key == clock.now_ms() - (1200 + 3 * 60 + 45 + 30) * SECOND


class TestOutcome:
    async def test_the_record_of_an_episode_is_whole(self, store: EngineStore, clock: FakeClock) -> None:
        start = clock.now_ms()
        conversation = await queued(store, LIN, HandoffRequest("asked", 2, "pay_not_arrived", "payment", 3))
        await online(store, "a1", "a2")
        await store.reject("a2", cmd(), (await offered(store, conversation, "a2")).id)
        clock.advance(SECOND)
        epoch = (await store.take("a1", cmd(), (await offered(store, conversation)).id)).epoch
        clock.advance(SECOND)
        await store.say("a1", "客服a1", cmd(), conversation, epoch, "订单号是？", 2)
        clock.advance(SECOND)
        await store.close("a1", cmd(), conversation, epoch, Disposition.FOLLOW_UP, "已转查账")
        ep = await episode_of(store, conversation)
        assert (ep.reason, ep.urgency, ep.scenario, ep.group, ep.tier) == ("asked", 2, "pay_not_arrived", "payment", 3)
        assert (ep.requested_at, ep.accepted_at) == (start, start + SECOND)
        assert (ep.responded_at, ep.ended_at) == (start + 2 * SECOND, start + 3 * SECOND)
        assert (ep.offers, ep.missed, ep.reasked, ep.reopens) == (2, 1, 2, "")
        assert (ep.end_reason, ep.disposition, ep.comment) == ("closed", "follow_up", "已转查账")
        assert [(s.agent, s.since, s.until) for s in ep.owners] == [("a1", start + SECOND, start + 3 * SECOND)]
        assert await store.handled("payment") == [2 * SECOND]

    async def test_a_promise_is_kept_for_the_agents_and_told_to_the_player_once_they_come_back(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        conversation, epoch = await owned(store)
        await store.give_back("a1", cmd(), conversation, epoch, "明天补发灵玉")
        (note,) = await store.notes(conversation)
        assert (note.kind, note.author, note.text) == ("promise", "客服a1", "明天补发灵玉")
        await store.append(LIN, cmd(), said("谢谢"))
        assert "promised" not in await events(store, conversation)  # they have just heard it
        assert list((await store.view(conversation)).promises) == ["明天补发灵玉"]
        clock.advance(DAY)
        await store.append(LIN, cmd(), said("到了吗"))
        await store.append(LIN, cmd(), said("喂"))
        told = [entry for entry in await store.entries(conversation) if entry.event == "promised"]
        assert [entry.data for entry in told] == [{"text": "明天补发灵玉", "agent": "客服a1"}]
        assert list((await store.view(conversation)).promises) == []
        assert (await episode_of(store, conversation)).promise == "明天补发灵玉"

    async def test_a_rating_in_all_five_dimensions_is_weighted(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await close(store, conversation, epoch)
        due = (await store.view(conversation)).rate_due
        ratings = {"professional": 5, "solved": 4, "feeling": 3, "technology": 2, "personal": 1}
        await store.rate("u1", cmd(), due, 4, "还行", ratings)
        ep = await episode_of(store, conversation)
        assert (ep.score, ep.ratings, ep.weighted) == (4, ratings, 3.45)

    async def test_a_rating_in_some_dimensions_has_no_weighted_figure(self, store: EngineStore) -> None:
        conversation, epoch = await owned(store)
        await close(store, conversation, epoch)
        await store.rate("u1", cmd(), (await store.view(conversation)).rate_due, 2, "", {"solved": 1})
        ep = await episode_of(store, conversation)
        assert (ep.score, ep.ratings, ep.weighted) == (2, {"solved": 1}, 0.0)

    async def test_routing_sees_what_an_agent_can_and_since_when_they_are_free(
        self, store: EngineStore, clock: FakeClock
    ) -> None:
        profile = Profile("supervisor", {"payment": 5}, ["zh", "en"], ["u1"])
        conversation, epoch = await owned(store)
        await store.profile("a1", profile)
        clock.advance(SECOND)
        await close(store, conversation, epoch)
        (agent,) = await store.agents()
        assert (agent.display, agent.status, agent.capacity, agent.load) == ("客服a1", "online", 200, 0)
        assert agent.free_since == clock.now_ms()
        assert (agent.profile.role, dict(agent.profile.skills)) == ("supervisor", {"payment": 5})
        assert (list(agent.profile.languages), list(agent.profile.players)) == (["zh", "en"], ["u1"])

    async def test_the_summary_of_a_new_episode_is_not_lost_with_an_older_ones(self, store: EngineStore) -> None:
        conversation = await queued(store)
        old = await store.claim_turn(60_000)
        assert old is not None
        await store.cancel("u1", cmd())
        await store.request(LIN, cmd(), ASK)
        await store.set_summary(old, Summary(lines=[], upto=1))
        new = await store.claim_turn(60_000)
        assert new is not None and new.summary_due == (await episode_of(store, conversation)).id != old.summary_due
