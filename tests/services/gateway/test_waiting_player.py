"""A waiting player: the place, the expected wait, leaving with the place kept, being called, rating in five dimensions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway import player as player_socket
from tests.services.gateway.test_offers import desk, waiting
from tests.services.gateway.test_teamwork import event, owned


async def test_the_wait_is_told_and_the_first_p90_is_remembered(stack: Any) -> None:
    agent = await desk(stack, capacity=1)
    client = await stack.player()
    conversation = (await client.receive("welcome"))["conversation"]
    await client.send("human", id="human-001")
    frame = await client.receive("queue")
    assert frame["position"] == 1 and 0 < frame["p50_s"] <= frame["p90_s"] <= 20  # somebody is free: one offer's time
    await agent.send("accept", id="accept-01", conversation=conversation)
    await agent.receive("ack")
    assert (await stack.store.waits())[0].told_p90_ms == frame["p90_s"] * 1000


async def test_behind_a_busy_agent_the_wait_grows_with_the_place(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player_socket, "HERE_EVERY_S", 0.5)
    agent = await desk(stack, capacity=1)
    _, first = await waiting(stack, "u1")
    await agent.send("accept", id="accept-01", conversation=first)
    await agent.receive("ack")
    waits = []
    for number in (2, 3):
        client = await stack.player(f"u{number}")
        await client.receive("welcome")
        await client.send("human", id="human-001")
        while (frame := await client.receive("queue"))["p90_s"] <= 20:
            pass  # figures from before the agent was busy, at most two seconds old
        assert frame["position"] == number - 1
        waits.append(frame["p90_s"])
    assert waits[0] < waits[1]


async def test_nothing_false_is_told_while_nobody_is_there(stack: Any) -> None:
    client = await stack.player()
    await client.receive("welcome")
    await client.send("human", id="human-001")
    frame = await client.receive("queue")
    assert frame["position"] == 1 and "p50_s" not in frame and "p90_s" not in frame


async def test_a_place_is_kept_also_when_it_is_asked_for_again(stack: Any) -> None:
    client, conversation = await waiting(stack)
    await client.send("keep", id="keep-0001")
    while not (frame := await client.receive("queue")).get("kept"):
        pass
    assert frame["position"] == 1
    await client.send("keep", id="keep-0002")
    while (await client.receive("ack"))["id"] != "keep-0002":
        pass
    assert (await stack.store.view(conversation)).kept


async def test_whoever_does_not_wait_keeps_no_place(stack: Any) -> None:
    client = await stack.player()
    await client.receive("welcome")
    await client.send("send", id="message-1", text="在吗")
    await client.send("keep", id="keep-0001")
    error = await client.receive("error")
    assert (error["code"], error["id"]) == ("illegal_transition", "keep-0001")


async def test_a_player_counts_as_there_from_hello_on_and_for_as_long_as_the_socket_lives(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player_socket, "HERE_EVERY_S", 0.05)
    client, _ = await waiting(stack)
    seen = await stack.store._redis.zscore("gw:players:seen", "u1")
    await asyncio.sleep(0.3)
    later = await stack.store._redis.zscore("gw:players:seen", "u1")
    assert later > seen > 0
    await client.socket.close()
    await asyncio.sleep(0.2)
    gone = await stack.store._redis.zscore("gw:players:seen", "u1")
    await asyncio.sleep(0.2)
    assert await stack.store._redis.zscore("gw:players:seen", "u1") == gone


async def test_an_absent_player_is_called_and_comes_back_by_connecting(stack: Any) -> None:
    client, conversation = await waiting(stack)
    await client.send("keep", id="keep-0001")
    await client.socket.close()
    await asyncio.sleep(0.1)
    await stack.store._redis.zadd("gw:players:seen", {"u1": 1})  # long ago
    await desk(stack)
    await stack.router.run_once()
    again = await stack.player(conversation=conversation)
    assert (await event(again, "your_turn"))["data"]["until"] > 0
    await stack.router.run_once()
    assert (await stack.store.queue())[0][0].offered_to == "小云"


async def test_a_rating_in_five_dimensions_is_stored(stack: Any) -> None:
    client, agent, conversation, epoch = await owned(stack)
    await agent.send("close", id="close-001", conversation=conversation, epoch=epoch, disposition="solved")
    ended = await event(client, "closed")
    stars = {"professional": 5, "solved": 4, "feeling": 5, "technology": 3, "personal": 5}
    await client.send("rate", id="rate-0001", episode=ended["data"]["episode"], score=5, ratings={"cooking": 5})
    assert (await client.receive("error"))["code"] == "bad_frame"
    await client.send("rate", id="rate-0002", episode=ended["data"]["episode"], score=5, ratings=stars)
    await event(client, "rated")
    episode = (await stack.store.episodes(conversation))[0]
    assert (episode.ratings, episode.score) == (stars, 5)
    assert episode.weighted == pytest.approx((25 * 5 + 30 * 4 + 20 * 5 + 15 * 3 + 10 * 5) / 100)


async def test_the_place_goes_when_somebody_takes_over_by_any_way(stack: Any) -> None:
    client, conversation = await waiting(stack)
    agent = await desk(stack)
    await agent.send("accept", id="accept-01", conversation=conversation)
    while (await client.receive("queue"))["position"]:
        pass
