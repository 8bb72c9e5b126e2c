"""Working together at the desk: transfers, guests, whispers, take-overs, promises, tickets, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.protocol import Entry, Summary, SummaryLine
from handoff.store import TurnResult
from tests.services.gateway.test_offers import desk, offered, waiting


async def owned(stack: Any, capacity: int = 3) -> tuple[Any, Any, str, int]:
    """A player, the agent who has their conversation, its id and its epoch."""
    player, conversation = await waiting(stack)
    agent = await desk(stack, capacity=capacity)
    await agent.send("open", conversation=conversation)
    await agent.send("accept", id="accept-01", conversation=conversation)
    snapshot = await snapshot_with(agent, mine=True)
    return player, agent, conversation, snapshot["epoch"]


async def snapshot_with(agent: Any, **fields: Any) -> dict[str, Any]:
    """The next snapshot in which these fields have these values."""
    while True:
        frame = await agent.receive("conversation")
        if all(frame.get(name) == value for name, value in fields.items()):
            return dict(frame)


async def event(player: Any, name: str) -> dict[str, Any]:
    while (entry := (await player.receive("entry"))["entry"]).get("event") != name:
        pass
    return dict(entry)


async def id_of(stack: Any, name: str) -> str:
    return str((await stack.accounts.named(name)).id)


async def test_a_transfer_stays_with_its_owner_until_the_colleague_accepts(stack: Any) -> None:
    player, agent, conversation, epoch = await owned(stack)
    other = await desk(stack, "azhe")
    await agent.send(
        "transfer", id="transfer1", conversation=conversation, epoch=epoch, agent=await id_of(stack, "azhe"),
        note="请查支付，电话13812345678",
    )  # fmt: skip
    assert (await snapshot_with(agent, transfer="阿哲"))["mine"]
    offer = (await offered(other))["items"][0]
    assert (offer["kind"], offer["by"], offer["note"]) == ("transfer", "小云", "请查支付，电话[phone:****5678]")
    await agent.send("send", id="agent-m-1", conversation=conversation, epoch=epoch, text="正在为您转接")
    await other.send("take", id="take-0001", offer=offer["id"])
    moved = await event(player, "transferred")
    assert (moved["name"], moved["data"]["from"]) == ("阿哲", "小云")
    assert (await snapshot_with(agent, agent_name="阿哲")).get("mine", False) is False
    await agent.send("send", id="agent-m-2", conversation=conversation, epoch=epoch, text="还在吗")
    assert (await agent.receive("error"))["code"] == "not_owner"


async def test_a_transfer_can_be_taken_back_and_the_offer_is_gone(stack: Any) -> None:
    _, agent, conversation, epoch = await owned(stack)
    other = await desk(stack, "azhe")
    where = {"conversation": conversation, "epoch": epoch, "agent": await id_of(stack, "azhe"), "note": "请接"}
    await agent.send("transfer", id="transfer1", **where)
    offer = (await offered(other))["items"][0]["id"]
    await agent.send("cancel_transfer", id="cancel-t1", conversation=conversation)
    await offered(other, 0)
    await other.send("take", id="take-0001", offer=offer)
    error = await other.receive("error")
    assert (error["code"], error["data"]["state"], error["data"]["agent"]) == ("offer_gone", "rescinded", "小云")


async def test_a_transfer_to_a_group_is_offered_to_who_knows_it(stack: Any) -> None:
    await stack.profiles.change(await id_of(stack, "azhe"), skills={"payment": 4})
    _, agent, conversation, epoch = await owned(stack)
    other = await desk(stack, "azhe")
    await agent.send("transfer", id="transfer1", conversation=conversation, epoch=epoch, group="payment", note="查流水")
    await agent.receive("ack")
    await stack.router.run_once()
    assert (await offered(other))["items"][0]["kind"] == "transfer"


async def test_transfers_that_lead_nowhere_are_refused_with_what_was_wrong(stack: Any) -> None:
    _, agent, conversation, epoch = await owned(stack)
    where = {"conversation": conversation, "epoch": epoch, "note": "请接"}
    me = (await stack.store.view(conversation)).agent
    attempts = (
        ({"group": "cooking"}, "unknown_group"), ({"agent": me}, "illegal_transition"), ({}, "illegal_transition"),
        ({"agent": await id_of(stack, "azhe")}, "agent_unavailable"), ({"group": "payment", "note": " "}, "bad_text"),
    )  # fmt: skip
    for number, (to, code) in enumerate(attempts):
        await agent.send("transfer", id=f"transfer{number}", **{**where, **to})
        error = await agent.receive("error")
        assert error["code"] == code
    assert (await stack.store.view(conversation)).transfer == ""


async def test_a_guest_joins_writes_and_leaves(stack: Any) -> None:
    player, agent, conversation, epoch = await owned(stack)
    guest = await desk(stack, "azhe", capacity=1)
    azhe = await id_of(stack, "azhe")
    await agent.send("invite", id="invite-01", conversation=conversation, epoch=epoch, agent=azhe, note="一起看")
    await guest.send("take", id="take-0001", offer=(await offered(guest))["items"][0]["id"])
    assert (await event(player, "joined"))["name"] == "阿哲"
    assert (await offered(guest, 0))["load"] == 50
    await snapshot_with(agent, guests=[{"id": azhe, "display": "阿哲"}])
    await guest.send("send", id="guest-m-1", conversation=conversation, epoch=epoch, text="我来看安全问题")
    while (entry := (await player.receive("entry"))["entry"])["sender"] != "agent":
        pass
    assert (entry["name"], entry["text"]) == ("阿哲", "我来看安全问题")
    await guest.send("typing", conversation=conversation)
    assert (await player.receive("typing"))["sender"] == "agent"
    await agent.send("dismiss", id="dismiss-1", conversation=conversation, agent=azhe)
    assert (await event(player, "left"))["name"] == "阿哲"
    await guest.send("send", id="guest-m-2", conversation=conversation, epoch=epoch, text="还有")
    assert (await guest.receive("error"))["code"] == "not_owner"


async def test_a_supervisor_whispers_to_the_agent_and_the_player_never_learns_it(stack: Any) -> None:
    player, agent, conversation, epoch = await owned(stack)
    supervisor = await desk(stack, "lin")
    await supervisor.send("whisper", id="whisper-1", conversation=conversation, text="先补发")
    note = (await agent.receive("note"))["note"]
    assert (note["kind"], note["author"], note["text"]) == ("whisper", "林主管", "先补发")
    await agent.send("send", id="agent-m-1", conversation=conversation, epoch=epoch, text="好的")
    while (frame := await player.receive())["type"] != "entry" or frame["entry"]["sender"] != "agent":
        assert "先补发" not in str(frame)


async def test_a_supervisor_takes_over(stack: Any) -> None:
    player, agent, conversation, _ = await owned(stack)
    supervisor = await desk(stack, "lin")
    await supervisor.send("take_over", id="takeover1", conversation=conversation, note="由我处理")
    assert (await supervisor.receive("ack"))["conversation"] == conversation
    taken = await event(player, "taken_over")
    assert (taken["name"], taken["data"]["from"]) == ("林主管", "小云")
    assert (await snapshot_with(agent, agent_name="林主管")).get("mine", False) is False


@pytest.mark.parametrize(("type", "words"), [("whisper", {"text": "嘘"}), ("take_over", {})])
async def test_an_agent_may_do_neither(stack: Any, type: str, words: dict[str, str]) -> None:
    _, _, conversation, _ = await owned(stack)
    other = await desk(stack, "azhe")
    await other.send(type, id="forbidden1", conversation=conversation, **words)
    error = await other.receive("error")
    assert (error["code"], error["data"]) == ("forbidden", {"role": "agent"})
    assert (await stack.store.view(conversation)).agent_name == "小云"
    assert await stack.store.notes(conversation) == []


async def test_a_promise_is_kept_for_the_next_time_and_masked(stack: Any) -> None:
    _, agent, conversation, epoch = await owned(stack)
    promise = "24小时内补发，电话13812345678通知您"
    await agent.send("return", id="return-01", conversation=conversation, epoch=epoch, promise=promise)
    kept = "24小时内补发，电话[phone:****5678]通知您"
    assert (await snapshot_with(agent, owner="bot"))["promises"] == [kept]
    assert (await stack.store.episodes(conversation))[0].promise == kept


async def test_an_agents_ticket_is_shown_to_the_player(stack: Any) -> None:
    player, agent, conversation, _ = await owned(stack)
    await agent.send("ticket", id="ticket-01", conversation=conversation, text="核对流水")
    entry = await event(player, "ticket")
    assert entry["data"]["number"].startswith("T") and entry["name"] == "小云"
    assert (await stack.store.view(conversation)).owner.value == "agent"


async def test_asking_again_for_what_the_summary_holds_is_counted(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("human", id="human-001")
    await player.receive("queue")
    turn = await stack.store.claim_turn(5000)
    fact = SummaryLine(kind="fact", refs=[1], data={"kind": "order_number", "value": "YL20261120083512"})
    await stack.store.set_summary(turn, Summary(lines=[fact], upto=1))
    agent = await desk(stack)
    await agent.send("accept", id="accept-01", conversation=conversation)
    await agent.receive("ack")
    epoch = (await stack.store.view(conversation)).epoch
    for number, text in enumerate(("您好", "麻烦提供一下订单号")):
        await agent.send("send", id=f"agent-m-{number}", conversation=conversation, epoch=epoch, text=text)
        await agent.receive("ack")
    assert (await stack.store.view(conversation)).episode.reasked == 1


async def test_the_button_says_what_the_bot_knows(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("send", id="message-1", text="充了钱没到账")
    await player.receive("ack")
    turn = await stack.store.claim_turn(5000)
    understood = {
        "scenario_ranking": [{"name": "pay_not_arrived", "confidence": 0.9}], "decision": "answer", "emotion": "angry",
    }  # fmt: skip
    reply = Entry(n=0, at=1, sender="bot", kind="answer", text="请稍候")
    await stack.store.commit(turn, TurnResult([reply], understanding=understood))
    await player.send("human", id="human-001")
    await player.receive("queue")
    episode = (await stack.store.view(conversation)).episode
    assert (episode.reason, episode.scenario, episode.group) == ("button", "pay_not_arrived", "payment")
    assert (await stack.store.queue())[0][0].group == "payment"
