"""Offers at the desk: pushed to whom routing chooses, taken, rejected, missed, with what the agent has beside them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from handoff.machine import Owner


async def desk(stack: Any, name: str = "xiaoyun", capacity: int = 3, status: str = "online") -> Any:
    agent = await stack.agent(name)
    await agent.receive("welcome")
    await agent.send("presence", id="presence-1", status=status, capacity=capacity)
    await agent.receive("ack")
    return agent


async def waiting(stack: Any, player: str = "u1") -> tuple[Any, str]:
    client = await stack.player(player)
    conversation = (await client.receive("welcome"))["conversation"]
    await client.send("human", id="human-001")
    await client.receive("queue")
    return client, conversation


async def offered(agent: Any, count: int = 1) -> dict[str, Any]:
    """The next list with so many offers."""
    while len((frame := await agent.receive("offers")).get("items", [])) != count:
        pass
    return dict(frame)


async def test_a_waiting_conversation_is_pushed_to_an_agent_and_taken(stack: Any) -> None:
    agent = await desk(stack)
    player, conversation = await waiting(stack)
    await stack.router.run_once()
    frame = await offered(agent)
    offer = frame["items"][0]
    assert (offer["kind"], offer["conversation"], offer["item"]["name"]) == ("queue", conversation, "玩家u1")
    assert offer["expires_at"] - offer["made_at"] == 20_000
    assert (frame["status"], frame["capacity"], frame["load"]) == ("online", 3, 100)  # the offer holds a slot
    await agent.send("take", id="take-0001", offer=offer["id"])
    ack = await agent.receive("ack")
    assert ack["conversation"] == conversation
    assert (await offered(agent, 0))["load"] == 100
    while (await player.receive("entry"))["entry"].get("event") != "accepted":
        pass
    assert (await stack.store.view(conversation)).agent_name == "小云"


async def test_a_rejected_offer_goes_to_the_colleague_and_is_gone_for_the_first(stack: Any) -> None:
    one, two = await desk(stack, "xiaoyun"), await desk(stack, "azhe")
    _, conversation = await waiting(stack)
    await stack.router.run_once()
    first, second = (one, two) if (await stack.store.queue())[0][0].offered_to == "小云" else (two, one)
    offer = (await offered(first))["items"][0]["id"]
    await first.send("reject", id="reject-01", offer=offer)
    await first.receive("ack")
    await stack.router.run_once()
    await second.send("take", id="take-0002", offer=(await offered(second))["items"][0]["id"])
    await second.receive("ack")
    await first.send("take", id="take-0003", offer=offer)
    error = await first.receive("error")
    owner = (await stack.store.view(conversation)).agent_name
    assert (error["code"], error["data"]["state"], error["data"]["agent"]) == ("offer_gone", "rejected", owner)


async def test_two_missed_offers_send_the_agent_into_a_break_and_the_desk_learns_it(stack: Any) -> None:
    quick = replace(stack.store.policy, times=replace(stack.store.policy.times, accept=0))
    stack.store.policy = stack.router._policy = quick
    stack.store._always["times"]["accept"] = 1
    agent = await desk(stack)
    await waiting(stack, "u1")
    deadline = time.monotonic() + 5
    while (await stack.store.presence_of((await stack.accounts.named("xiaoyun")).id))[0] == "online":
        assert time.monotonic() < deadline
        await stack.router.run_once()
        await asyncio.sleep(0.01)
    while (frame := await agent.receive("offers"))["status"] != "break":
        pass
    assert frame.get("items", []) == [] and frame["load"] == 0


async def test_the_offer_of_an_agent_who_goes_offline_is_taken_back(stack: Any) -> None:
    agent = await desk(stack)
    await waiting(stack)
    await stack.router.run_once()
    await offered(agent)
    await agent.send("presence", id="presence-2", status="offline", capacity=3)
    frame = await offered(agent, 0)
    assert frame["status"] == "offline"
    assert (await stack.store.queue())[0][0].offered_to == ""


async def test_routing_knows_the_skills_that_the_account_has(stack: Any) -> None:
    account = await stack.accounts.named("azhe")
    await stack.profiles.change(account.id, skills={"payment": 5}, languages=["zh", "en"], players=["u9"])
    await desk(stack, "xiaoyun")
    await desk(stack, "azhe")
    profiles = {agent.display: agent.profile for agent in await stack.store.agents()}
    assert (profiles["小云"].role, profiles["小云"].skills) == ("agent", {"general": 3})
    assert (profiles["阿哲"].skills, tuple(profiles["阿哲"].players)) == ({"payment": 5}, ("u9",))
    assert tuple(profiles["阿哲"].languages) == ("zh", "en")


async def test_the_list_says_who_is_asked_right_now(stack: Any) -> None:
    await desk(stack, "xiaoyun")
    looker = await desk(stack, "azhe", status="busy")
    await waiting(stack)
    await stack.router.run_once()
    while not (items := (await looker.receive("queue"))["items"]) or not items[0].get("offered_to"):
        pass
    assert items[0]["offered_to"] == "小云"


@pytest.mark.parametrize("type", ["take", "reject"])
async def test_an_offer_that_never_was_is_refused(stack: Any, type: str) -> None:
    agent = await desk(stack)
    await agent.send(type, id="command-1", offer="nothing")
    error = await agent.receive("error")
    assert (error["code"], error["id"], error["data"]["state"]) == ("offer_gone", "command-1", "unknown")


async def test_an_agent_is_told_of_offers_only_when_they_change(stack: Any) -> None:
    agent = await desk(stack)
    await offered(agent, 0)
    other = await desk(stack, "azhe", status="busy")
    await waiting(stack, "u1")  # moves the queue, and nothing of this agent's
    await agent.nothing("offers")
    await other.receive("offers")
    assert (await stack.store.view(await stack.store.conversation_of("u1"))).owner is Owner.QUEUE
