"""Suggestions through the front door: chips of the moment, what is learned from them, what the game may tell."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from common.clock import SystemClock
from common.keys import Keys
from handoff.protocol import Entry
from handoff.store import TurnResult
from suggest.redis_store import RedisSuggestStore
from tests.services.gateway.conftest import running

PENDING = "pay_not_arrived.what_to_do"
EVENTS = "event_list.current"
SECRET = "the game's own secret"


@pytest.fixture
def memory(redis: Redis[str]) -> RedisSuggestStore:
    """What the gateway of the test remembers."""
    return RedisSuggestStore(redis, Keys("gw:"))


async def soon(check: Any) -> Any:
    """What `check` comes to once it is true; statistics are written a moment later."""
    for _ in range(100):
        if found := await check():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


async def tell(stack: Any, path: str = "/api/demo/events", headers: Any = None, **event: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=stack.base) as http:
        return await http.post(path, content=json.dumps(event), headers=headers)


def signed(event: dict[str, Any], secret: str = SECRET) -> dict[str, str]:
    return {"x-support-signature": hmac.new(secret.encode(), json.dumps(event).encode(), hashlib.sha256).hexdigest()}


async def answer(stack: Any, faq_id: str) -> None:
    """The bot's next turn, played by the test."""
    turn = await stack.store.claim_turn(5000)
    assert turn is not None
    entry = Entry(n=0, at=SystemClock().now_ms(), sender="bot", kind="answer", text="请稍候", faq_id=faq_id)
    await stack.store.commit(turn, TurnResult([entry]))


async def test_every_chip_says_why_it_is_shown(stack: Any) -> None:
    player = await stack.player()
    chips = (await player.receive("welcome"))["chips"]
    assert {chip["id"] for chip in chips} == {f"faq:{PENDING}", f"faq:{EVENTS}"}
    assert all(chip["why"] for chip in chips)


async def test_an_order_that_is_pending_makes_a_card(stack: Any) -> None:
    told = await tell(stack, player="u1", kind="order_pending", data={"order_tail": "1234"})
    assert told.status_code == 202
    player = await stack.player()
    card = (await player.receive("welcome"))["card"]
    assert (card["id"], card["why"], card["data"]) == (f"faq:{PENDING}", "order_pending", {"order_tail": "1234"})
    other = await stack.player("u2")
    assert "card" not in await other.receive("welcome")


async def test_another_page_brings_other_suggestions(stack: Any) -> None:
    player = await stack.player()
    await player.receive("welcome")
    await player.send("page", page="event")
    chips = {chip["id"]: chip["why"] for chip in (await player.receive("suggestions"))["chips"]}
    assert chips[f"faq:{EVENTS}"] == "page"


async def test_a_pick_is_learned_as_such_and_the_rest_as_passed_over(stack: Any, memory: RedisSuggestStore) -> None:
    player = await stack.player()
    chips = [chip["id"] for chip in (await player.receive("welcome"))["chips"]]
    await player.send("shown", place="opening", chips=chips)
    await player.send("pick", id="pick-0001", chip=f"faq:{EVENTS}", place="opening")
    await player.receive("ack")
    (impression,) = await soon(memory.impressions)
    assert (impression.asked, impression.is_picked) == (EVENTS, True)
    assert list(await soon(lambda: memory.passed("u1", SystemClock().now_ms()))) == [PENDING]


async def test_what_a_player_typed_instead_is_learned_by_its_answer(stack: Any, memory: RedisSuggestStore) -> None:
    player = await stack.player()
    chips = [chip["id"] for chip in (await player.receive("welcome"))["chips"]]
    await player.send("shown", place="opening", chips=chips)
    await player.send("send", id="message-1", text="有什么活动")
    await player.receive("ack")
    await answer(stack, EVENTS)
    while (await player.receive("entry"))["entry"]["sender"] != "bot":
        pass
    (impression,) = await soon(memory.impressions)
    assert (impression.asked, impression.is_picked) == (EVENTS, False)
    counts = await memory.counts(SystemClock().now_ms())
    assert counts.week[EVENTS] == pytest.approx(1, abs=0.01)
    talk = await soon(lambda: memory.last_talk("u1", SystemClock().now_ms()))
    assert (talk.entry, talk.scenario, talk.is_solved) == (EVENTS, "event_list", False)


async def test_a_player_who_saw_nothing_teaches_nothing(stack: Any, memory: RedisSuggestStore) -> None:
    player = await stack.player()
    await player.receive("welcome")
    await player.socket.close()
    await asyncio.sleep(0.3)
    assert await memory.impressions() == []


async def test_what_follows_an_answer_is_counted(stack: Any, memory: RedisSuggestStore) -> None:
    player = await stack.player()
    await player.receive("welcome")
    for n, faq_id in enumerate((PENDING, EVENTS), 1):
        await player.send("pick", id=f"pick-000{n}", chip=f"faq:{faq_id}", place="answer")
        await player.receive("ack")
        await answer(stack, faq_id)
        while (await player.receive("entry"))["entry"]["sender"] != "bot":
            pass
    after = await soon(lambda: memory.transitions(PENDING, SystemClock().now_ms()))
    assert list(after) == [EVENTS]


async def test_the_game_tells_with_a_signature(redis: Redis[str], redis_url: str, tmp_path: Path) -> None:
    event = {"player": "u1", "kind": "order_pending", "data": {"order_tail": "1234"}}
    async with running(redis, redis_url, tmp_path, GAME_EVENTS_SECRET=SECRET) as stack:
        told = await tell(stack, "/api/game/events", signed(event), **event)
        forged = await tell(stack, "/api/game/events", signed(event, "another secret"), **event)
        unsigned = await tell(stack, "/api/game/events", **event)
    assert [told.status_code, forged.status_code, unsigned.status_code] == [202, 403, 403]


async def test_without_a_secret_the_game_may_tell_nothing(stack: Any) -> None:
    assert (await tell(stack, "/api/game/events", player="u1", kind="ban")).status_code == 404


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"player": "u1", "kind": "eclipse"}, "unknown_event"),
        ({"player": "u1"}, "bad_frame"),
        ({"player": "", "kind": "ban"}, "bad_frame"),
        ({"player": "u1", "kind": "ban", "at": 99}, "bad_frame"),
        ({"player": "u1", "kind": "ban", "data": {"why": "x" * 65}}, "bad_frame"),
        ({"player": "u1", "kind": "ban", "data": {"why": "x" * 20_000}}, "bad_frame"),
    ],
)
async def test_a_wrong_event_is_refused_with_what_was_expected(stack: Any, event: dict[str, Any], code: str) -> None:
    told = await tell(stack, **event)
    assert told.status_code == 400
    assert told.json()["code"] == code and told.json()["message"]


@pytest.mark.parametrize("typed", ["到账", "没", "dao zhang", "dz", "到zhang", "灵玉没到", "到帐"])
async def test_what_is_typed_is_completed(stack: Any, typed: str) -> None:
    player = await stack.player()
    await player.send("complete", seq=1, prefix=typed)
    completions = await player.receive("completions")
    assert (completions["seq"], completions["items"][0]["id"]) == (1, f"faq:{PENDING}")


async def test_of_a_burst_of_keystrokes_only_some_are_answered_and_the_newest_always(stack: Any) -> None:
    player = await stack.player()
    for seq in range(100):
        await player.send("complete", seq=seq, prefix="到账"[: seq % 2 + 1])
    answered = [(await player.receive("completions"))["seq"]]
    while answered[-1] != 99:
        answered.append((await player.receive("completions"))["seq"])
    assert answered == sorted(set(answered)) and len(answered) < 50
    await player.nothing("completions")


@pytest.mark.parametrize(
    "typed", ["", " ", "到" * 65, "到账" * 250, "\u0000\u0007", "🙂🙂", "???", "\u202e", "%_*", "{{"]
)
async def test_what_is_no_beginning_of_a_question_has_no_completions(stack: Any, typed: str) -> None:
    player = await stack.player()
    await player.send("complete", seq=3, prefix=typed)
    assert await player.receive("completions") == {"type": "completions", "v": 1, "seq": 3, "items": []}


async def test_a_player_who_speaks_with_an_agent_gets_no_completions(stack: Any) -> None:
    player = await stack.player()
    conversation = (await player.receive("welcome"))["conversation"]
    await player.send("human", id="human-001")
    await player.receive("queue")
    agent = await stack.agent()
    await agent.receive("welcome")
    await agent.send("presence", id="presence-1", status="online", capacity=3)
    await agent.send("accept", id="accept-01", conversation=conversation)
    while (await player.receive("entry"))["entry"].get("event") != "accepted":
        pass
    await asyncio.sleep(0.2)
    await player.send("complete", seq=1, prefix="到账")
    assert (await player.receive("completions"))["items"] == []
