"""An agent's desk through the front door: log-in, queue, both ways live, fences, histories."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import websockets

from tests.services.gateway.conftest import PASSWORD


async def online(agent: Any, capacity: int = 3) -> None:
    await agent.receive("welcome")
    await agent.send("presence", id="presence-1", status="online", capacity=capacity)
    await agent.receive("ack")


async def waiting(stack: Any, player: str = "u1") -> tuple[Any, str]:
    """A player who asked for a person."""
    client = await stack.player(player)
    conversation = (await client.receive("welcome"))["conversation"]
    await client.send("send", id="message-1", text="充值没到账")
    await client.send("human", id="human-001")
    await client.receive("queue")
    return client, conversation


async def accepted(stack: Any) -> tuple[Any, Any, str, int]:
    player, conversation = await waiting(stack)
    agent = await stack.agent()
    await online(agent)
    await agent.send("open", conversation=conversation)
    await agent.send("accept", id="accept-01", conversation=conversation)
    while not (snapshot := await agent.receive("conversation")).get("mine"):
        pass
    return player, agent, conversation, snapshot["epoch"]


async def test_the_story_of_a_handoff(stack: Any) -> None:
    player, agent, conversation, epoch = await accepted(stack)
    await agent.send("send", id="agent-msg-1", conversation=conversation, epoch=epoch, text="您好，我是小云")
    while (entry := (await player.receive("entry"))["entry"])["sender"] != "agent":
        pass
    assert (entry["text"], entry["name"]) == ("您好，我是小云", "小云")
    await player.send("send", id="message-2", text="终于来人了")
    while (entry := (await agent.receive("entry"))["entry"]).get("text") != "终于来人了":
        pass
    await agent.send("note", id="note-0001", conversation=conversation, text="玩家着急")
    assert (await agent.receive("note"))["note"]["text"] == "玩家着急"
    await agent.send(
        "close", id="close-001", conversation=conversation, epoch=epoch, disposition="solved", comment="已补发"
    )
    while (entry := (await player.receive("entry"))["entry"]).get("event") != "closed":
        assert "玩家着急" not in str(entry)
    await player.send("rate", id="rate-0001", episode=entry["data"]["episode"], score=5, text="好")
    assert (await player.receive("ack"))["n"] > 0
    assert (await stack.store.view(conversation)).owner.value == "bot"
    assert (await stack.store.episodes(conversation))[0].score == 5


async def test_the_queue_is_live_and_says_who_waits(stack: Any) -> None:
    agent = await stack.agent()
    await online(agent)
    assert (await agent.receive("queue"))["agents_online"] in (0, 1)
    _, conversation = await waiting(stack)
    while not (items := (await agent.receive("queue"))["items"]):
        pass
    assert (items[0]["conversation"], items[0]["reason"], items[0]["preview"]) == (conversation, "button", "充值没到账")


async def test_a_second_agent_and_a_stale_epoch_are_refused_with_who_has_it(stack: Any) -> None:
    _, agent, conversation, epoch = await accepted(stack)
    other = await stack.agent("azhe")
    await online(other)
    await other.send("accept", id="accept-99", conversation=conversation)
    error = await other.receive("error")
    assert (error["code"], error["data"]["owner"], error["data"]["agent"]) == ("illegal_transition", "agent", "小云")
    await other.send("send", id="agent-msg-9", conversation=conversation, epoch=epoch, text="插话")
    error = await other.receive("error")
    assert (error["code"], error["data"]["agent"]) == ("not_owner", "小云")
    await agent.send("send", id="agent-msg-8", conversation=conversation, epoch=epoch - 1, text="旧话")
    assert (await agent.receive("error"))["code"] == "stale_epoch"


async def test_typing_crosses_over_and_is_not_stored(stack: Any) -> None:
    player, agent, conversation, _ = await accepted(stack)
    last = (await stack.store.view(conversation)).last
    await player.send("typing")
    assert (await agent.receive("typing"))["sender"] == "player"
    await agent.send("typing", conversation=conversation)
    assert (await player.receive("typing"))["sender"] == "agent"
    assert (await stack.store.view(conversation)).last == last


async def test_returning_keeps_the_slot_until_the_wrap_up(stack: Any) -> None:
    _, agent, conversation, epoch = await accepted(stack)
    await agent.send("return", id="return-01", conversation=conversation, epoch=epoch)
    while (snapshot := await agent.receive("conversation"))["owner"] != "bot":
        pass
    assert snapshot["episode"]["state"] == "wrap_up" and snapshot["mine"]
    await agent.send("wrap_up", id="wrap-0001", conversation=conversation, disposition="follow_up")
    await agent.receive("ack")
    assert await stack.store.conversations_of_agent(snapshot["agent"]) == []


async def test_a_desk_resumes_after_a_reconnect(stack: Any) -> None:
    _, agent, conversation, epoch = await accepted(stack)
    await agent.send("send", id="agent-msg-1", conversation=conversation, epoch=epoch, text="稍等")
    await agent.receive("ack")
    await agent.socket.close()
    again = await stack.agent()
    assert (await again.receive("welcome"))["mine"] == [conversation]
    last = (await stack.store.view(conversation)).last
    await again.send("open", conversation=conversation, last=last - 1)
    assert (await again.receive("entry"))["entry"]["text"] == "稍等"


async def test_without_a_log_in_the_desk_socket_closes_with_4401(stack: Any) -> None:
    client = await stack.connect("/ws/agent", cookie="desk_session=made-up")
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await client.receive()
    assert closed.value.code == 4401


async def test_the_desk_is_not_for_other_origins_even_listed_ones(stack: Any) -> None:
    cookie = await stack.log_in()
    client = await stack.connect("/ws/agent", cookie=cookie, origin="https://evil.example")
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await client.receive()
    assert closed.value.code == 4403


async def test_an_account_that_is_shut_loses_its_session(stack: Any) -> None:
    cookie = await stack.log_in()
    account = await stack.accounts.named("xiaoyun")
    async with httpx.AsyncClient(base_url=stack.base, headers={"cookie": cookie}) as http:
        assert (await http.get("/api/desk/me")).json()["agent"]["display"] == "小云"
        await stack.accounts.set_active(account.id, False)
        assert (await http.get("/api/desk/me")).status_code == 401


async def test_log_in_errors_and_lock_out(stack: Any) -> None:
    async with httpx.AsyncClient(base_url=stack.base) as http:

        async def attempt(password: str, name: str = "xiaoyun") -> httpx.Response:
            return await http.post("/api/desk/login", json={"name": name, "password": password})

        assert (await http.post("/api/desk/login", content=b"no json")).status_code == 400
        for _ in range(5):
            answer = await attempt("wrong password")
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")
        locked = await attempt(PASSWORD)
        assert locked.status_code == 429 and locked.json()["data"]["retry_after_s"] > 0
        assert (await attempt(PASSWORD, "azhe")).status_code == 200


async def test_a_device_that_is_known_is_not_locked_out_by_somebody_else(stack: Any) -> None:
    body = {"name": "xiaoyun", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=stack.base) as mine, httpx.AsyncClient(base_url=stack.base) as theirs:
        assert (await mine.post("/api/desk/login", json=body)).status_code == 200
        for _ in range(6):
            await theirs.post("/api/desk/login", json={**body, "password": "wrong password"})
        assert (await theirs.post("/api/desk/login", json=body)).status_code == 429
        assert (await mine.post("/api/desk/login", json=body)).status_code == 200


async def test_histories_need_a_log_in_and_join_live_and_archived(stack: Any) -> None:
    _, conversation = await waiting(stack)
    paths = ("/api/desk/canned", "/api/desk/players/u1/conversations", f"/api/desk/conversations/{conversation}")
    async with httpx.AsyncClient(base_url=stack.base) as http:
        for path in paths:
            assert (await http.get(path)).status_code == 401
    async with httpx.AsyncClient(base_url=stack.base, headers={"cookie": await stack.log_in()}) as http:
        canned, history, transcript = [(await http.get(path)).json() for path in paths]
        assert canned["items"][0]["title"]
        assert [(item["conversation"], item["live"]) for item in history["items"]] == [(conversation, True)]
        assert [entry["n"] for entry in transcript["entries"]] == [1, 2]
        missing = await http.get("/api/desk/conversations/nope")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_conversation")


async def test_an_agent_whose_socket_is_gone_stops_beating(stack: Any) -> None:
    _, agent, conversation, _ = await accepted(stack)
    await agent.socket.close()
    await asyncio.sleep(0.3)
    before = await stack.store._redis.zscore("gw:agents:seen", (await stack.store.view(conversation)).agent)
    await asyncio.sleep(2.5)
    after = await stack.store._redis.zscore("gw:agents:seen", (await stack.store.view(conversation)).agent)
    assert before == after
