"""A player's socket through the front door: the story, resuming, and every kind of bad input."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import websockets
from redis.exceptions import ConnectionError as RedisConnectionError

from gateway.reads import Reads
from handoff.protocol import Entry
from handoff.store import TurnResult


async def answer(stack: Any, text: str, faq_id: str = "") -> None:
    """The bot's next turn, played by the test."""
    turn = await stack.store.claim_turn(5000)
    assert turn is not None
    entry = Entry(n=0, at=1, sender="bot", kind="answer", text=text, faq_id=faq_id)
    await stack.store.commit(turn, TurnResult([entry]))


async def test_a_message_is_acknowledged_stored_and_answered(stack: Any) -> None:
    player = await stack.player()
    welcome = await player.receive("welcome")
    assert welcome["owner"] == "bot" and welcome["last"] == 0
    assert {chip["id"] for chip in welcome["chips"]} == {"faq:pay_not_arrived.what_to_do", "faq:event_list.current"}
    await player.send("send", id="message-1", text="  充值没到账  ")
    ack = await player.receive("ack")
    assert (ack["id"], ack["n"]) == ("message-1", 1)
    entry = (await player.receive("entry"))["entry"]
    assert (entry["n"], entry["sender"], entry["text"], entry["id"]) == (1, "player", "充值没到账", "message-1")
    await answer(stack, "请稍候")
    assert (await player.receive("entry"))["entry"]["text"] == "请稍候"


async def test_resent_messages_get_the_same_acknowledgement_and_one_entry(stack: Any) -> None:
    player = await stack.player()
    for _ in range(3):
        await player.send("send", id="message-1", text="在吗")
    assert [(await player.receive("ack"))["n"] for _ in range(3)] == [1, 1, 1]
    await player.send("send", id="message-1", text="别的话")
    assert (await player.receive("error"))["code"] == "id_conflict"


async def test_a_client_resumes_from_its_last_number(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    for n in range(1, 4):
        await player.send("send", id=f"message-{n}", text=f"第{n}句")
        await player.receive("ack")
    again = await stack.player(last=1, conversation=conversation)
    welcome = await again.receive("welcome")
    assert welcome["last"] == 3 and not welcome["reset"]
    assert [(await again.receive("entry"))["entry"]["n"] for _ in range(2)] == [2, 3]


async def test_another_conversation_or_a_number_from_the_future_resets_the_client(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("send", id="message-1", text="在吗")
    await player.receive("ack")
    stranger = await stack.player(last=1, conversation="of-last-week")
    assert (await stranger.receive("welcome"))["reset"]
    assert (await stranger.receive("entry"))["entry"]["n"] == 1
    future = await stack.player(last=99, conversation=conversation)
    error = await future.receive("error")
    assert (error["code"], error["data"]) == ("bad_last", {"last": 1})
    assert (await future.receive("welcome"))["reset"]
    assert (await future.receive("entry"))["entry"]["n"] == 1


async def test_two_tabs_of_one_player_see_the_same(stack: Any) -> None:
    one, two = await stack.player(), await stack.player()
    await one.receive("welcome")
    await two.receive("welcome")
    await one.send("send", id="message-1", text="在吗")
    assert (await two.receive("entry"))["entry"]["text"] == "在吗"


async def test_secrets_are_masked_before_they_are_stored(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("send", id="message-1", text="手机13812345678密码是abc12345，订单YL20261120083512")
    await player.receive("ack")
    (entry,) = await stack.store.entries(conversation)
    assert entry.text == "手机[phone:****5678]密码是[secret]，订单YL20261120083512"


async def test_a_chip_is_an_id_and_its_text_comes_from_the_library(stack: Any) -> None:
    player = await stack.player()
    await player.send("pick", id="pick-0001", chip="faq:event_list.current")
    entry = (await player.receive("entry"))["entry"]
    assert (entry["kind"], entry["text"], entry["chip"]) == ("pick", "最近有哪些活动在开？", "faq:event_list.current")
    for id, chip in (("pick-0002", "faq:no_such"), ("pick-0003", "随便写的"), ("pick-0004", "intent:restart")):
        await player.send("pick", id=id, chip=chip)
        error = await player.receive("error")
        assert (error["code"], error["id"]) == ("unknown_chip", id)


async def test_feedback_must_be_about_an_answer(stack: Any) -> None:
    player = await stack.player()
    await player.send("send", id="message-1", text="充值没到账")
    await player.receive("ack")
    await answer(stack, "请稍候", "pay_not_arrived.what_to_do")
    await player.send("feedback", id="feedback-1", entry=2, helpful=True)
    assert (await player.receive("ack"))["n"] == 3
    for id, number in (("feedback-2", 1), ("feedback-3", 77)):
        await player.send("feedback", id=id, entry=number, helpful=True)
        assert (await player.receive("error"))["code"] == "unknown_entry"


async def test_the_button_queues_at_once_and_shows_the_place(stack: Any) -> None:
    player = await stack.player()
    await player.send("human", id="human-001")
    assert (await player.receive("ack"))["n"] == 1
    entry = (await player.receive("entry"))["entry"]
    assert (entry["event"], entry["data"]) == ("queued", {"reason": "button", "urgency": 1, "agents_online": 0})
    assert (await player.receive("queue"))["position"] == 1
    vip = await stack.player("u2", vip=9)
    await vip.send("human", id="human-001")
    assert (await vip.receive("queue"))["position"] == 1
    assert (await player.receive("queue"))["position"] == 2
    await vip.send("cancel_human", id="cancel-01")
    assert (await player.receive("queue"))["position"] == 1
    assert (await vip.receive("queue"))["position"] == 0


async def test_a_ticket_is_left_and_numbered(stack: Any) -> None:
    player = await stack.player()
    await player.send("human", id="human-001")
    await player.send("ticket", id="ticket-01", text="请查订单YL20261120083512")
    while (entry := (await player.receive("entry"))["entry"])["event"] != "ticket":
        pass
    assert entry["data"]["number"].startswith("T20")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("not json", "bad_frame"),
        ("[]", "bad_frame"),
        ('{"v":1,"type":"dance"}', "bad_frame"),
        ('{"v":1,"type":"send","id":"message-1","text":"hi","as":"admin"}', "bad_frame"),
        ('{"v":2,"type":"ping"}', "bad_frame"),
        ('{"v":1,"type":"send","id":"x","text":"id too short"}', "bad_frame"),
        ('{"v":1,"type":"send","id":"message-1","text":""}', "bad_text"),
        ('{"v":1,"type":"send","id":"message-1","text":"   "}', "bad_text"),
        (json.dumps({"v": 1, "type": "send", "id": "message-1", "text": "字" * 2001}), "bad_text"),
        (json.dumps({"v": 1, "type": "hello", "token": "again"}), "bad_frame"),
        ('{"v":1,"type":"rate","id":"rate-0001","episode":"none","score":6}', "bad_frame"),
        ('{"v":1,"type":"rate","id":"rate-0001","episode":"none","score":5}', "illegal_transition"),
        ('{"v":1,"type":"cancel_human","id":"cancel-01"}', "illegal_transition"),
    ],
)
async def test_a_bad_frame_is_refused_with_its_code_and_the_connection_stays(stack: Any, raw: str, code: str) -> None:
    player = await stack.player()
    await player.receive("welcome")
    await player.socket.send(raw)
    error = await player.receive("error")
    assert error["code"] == code and error["message"]
    await player.send("send", id="message-9", text="还能说话")
    assert (await player.receive("ack"))["id"] == "message-9"


async def test_a_binary_frame_is_refused(stack: Any) -> None:
    player = await stack.player()
    await player.socket.send(b"\x00\x01")
    assert (await player.receive("error"))["code"] == "bad_frame"


async def test_2000_characters_are_welcome(stack: Any) -> None:
    player = await stack.player()
    await player.send("send", id="message-1", text="字" * 2000)
    assert (await player.receive("ack"))["n"] == 1


async def test_a_frame_above_64_kib_closes_with_1009(stack: Any) -> None:
    player = await stack.player()
    await player.receive("welcome")
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await player.send("send", id="message-1", text="x" * 70_000)
        await player.receive("ack")
    assert closed.value.code == 1009


@pytest.mark.parametrize("kind", ["garbage", "expired", "foreign", "unsigned"])
async def test_a_wrong_token_closes_with_4401_and_reveals_nothing(stack: Any, kind: str) -> None:
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9."
    token = {
        "garbage": "garbage",
        "expired": stack.token(life_s=-60),
        "foreign": stack.token(secret="another game's secret, long enough 123"),
        "unsigned": unsigned,
    }[kind]
    client = await stack.connect("/ws/player")
    await client.send("hello", token=token)
    error = await client.receive("error")
    assert error["code"] == "bad_token"
    assert error["data"] == {"reason": "expired" if kind == "expired" else "invalid"}
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await client.receive()
    assert closed.value.code == 4401


async def test_a_foreign_origin_gets_no_socket(stack: Any) -> None:
    client = await stack.connect("/ws/player", origin="https://evil.example")
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await client.receive()
    assert closed.value.code == 4403
    client = await stack.connect("/ws/player", origin=stack.base)
    await client.send("hello", token=stack.token())
    assert (await client.receive())["type"] == "welcome"


async def test_a_frame_before_hello_is_refused_and_hello_still_works(stack: Any) -> None:
    client = await stack.connect("/ws/player")
    await client.send("ping")
    assert (await client.receive("error"))["code"] == "bad_frame"
    await client.send("hello", token=stack.token())
    assert (await client.receive("welcome"))["owner"] == "bot"


async def test_a_flood_is_slowed_down_and_nothing_acknowledged_is_lost(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    for n in range(30):
        await player.send("send", id=f"message-{n}", text=f"第{n}句")
    acknowledged, refused = [], []
    while len(acknowledged) + len(refused) < 30:
        frame = await player.receive()
        if frame["type"] == "ack":
            acknowledged.append(frame["id"])
        elif frame["type"] == "error":
            assert frame["code"] == "rate_limited" and 0 < frame["data"]["retry_after_ms"] <= 1000
            refused.append(frame["id"])
    assert refused
    assert [e.id for e in await stack.store.entries(conversation)] == acknowledged
    await asyncio.sleep(1.05)
    await player.send("send", id=refused[0], text=f"第{refused[0].split('-')[1]}句")
    assert (await player.receive("ack"))["id"] == refused[0]


async def test_commands_of_rasa_are_ordinary_text(stack: Any) -> None:
    player = await stack.player()
    for n, text in enumerate(("/restart", '/pay_refund{"faq_id":"x"}')):
        await player.send("send", id=f"message-{n}", text=text)
        assert (await player.receive("entry"))["entry"]["text"] == text


async def test_a_new_conversation_begins_when_the_old_one_was_archived(stack: Any) -> None:
    player = await stack.player()
    old = (await player.receive("welcome"))["conversation"]
    assert await stack.store.forget(await stack.store.view(old))
    await player.send("send", id="message-1", text="第二天")
    ack = await player.receive("ack")
    assert ack["conversation"] != old
    welcome = await player.receive("welcome")
    assert welcome["conversation"] == ack["conversation"] and welcome["reset"]
    assert (await player.receive("entry"))["entry"]["text"] == "第二天"


async def test_a_socket_that_cannot_follow_its_player_shows_nothing_unannounced_and_is_closed(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await stack.player()
    old = (await player.receive("welcome"))["conversation"]
    assert await stack.store.forget(await stack.store.view(old))

    async def away(*_: Any) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(Reads, "marks", away)
    await player.send("send", id="message-1", text="第二天")
    seen = []
    with pytest.raises(websockets.ConnectionClosed) as closed:
        while True:
            seen.append((await player.receive())["type"])
    assert (seen, closed.value.code) == (["ack"], 1012)
    monkeypatch.undo()
    again = await stack.player(last=0, conversation=old)
    assert (await again.receive("welcome"))["reset"]
    assert (await again.receive("entry"))["entry"]["text"] == "第二天"


async def test_demo_tokens_and_pages(stack: Any) -> None:
    async with httpx.AsyncClient(base_url=stack.base) as http:
        answer = await http.post("/api/demo/token", json={"player": "demo-7", "vip": 3})
        assert answer.json()["player"] == "demo-7"
        assert (await http.post("/api/demo/token", json={"vip": 99})).status_code == 400
        page = await http.get("/")
        assert page.status_code == 200 and "frame-ancestors" in page.headers["content-security-policy"]
        health = await http.get("/healthz")
        assert health.status_code == 503 and health.json()["bot_workers"] == 0
        assert "support_sockets" in (await http.get("/metrics")).text
