"""A turn commits once: failing actions, dying, frozen and competing workers, on real Redis with the real model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis

from bot.worker import LeaseKeeper, Worker
from common.clock import SystemClock
from common.errors import SupportError
from common.keys import Keys
from handoff.machine import Owner
from handoff.protocol import Entry, Player
from handoff.redis_store import RedisStore
from handoff.store import Command, HandoffRequest, Turn, TurnResult

LIN = Player(id="u1", name="林小舟")
LEASE_MS = 600


class Killed(BaseException):
    """Stands for `kill -9`: nothing after it runs."""


@pytest.fixture
def store(redis: Redis[str]) -> RedisStore:
    return RedisStore(redis, SystemClock(), Keys("test:"))


def worker(store: Any, engine: Any, keep: bool = True) -> Worker:
    def renew(turn: Turn) -> None:
        if not keep:
            raise SupportError("a frozen worker renews nothing")

    keeper = LeaseKeeper(renew, LEASE_MS)
    return Worker(store, engine, SystemClock(), keeper, structlog.get_logger(), lease_ms=LEASE_MS, concurrency=4)


async def said(store: RedisStore, text: str, id: str = "message-1") -> str:
    entry = Entry(n=0, at=1, sender="player", kind="text", text=text, id=id)
    return (await store.append(LIN, Command(id, "m"), entry)).conversation


async def replies(store: RedisStore, conversation: str) -> list[Entry]:
    return [e for e in await store.entries(conversation) if e.sender == "bot"]


async def until_answered(store: RedisStore, conversation: str, count: int, within: float = 8.0) -> list[Entry]:
    deadline = asyncio.get_running_loop().time() + within
    while len(found := await replies(store, conversation)) < count:
        assert asyncio.get_running_loop().time() < deadline, f"{len(found)} of {count} replies"
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)  # time for one too many
    return await replies(store, conversation)


async def serve(*workers: Worker) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(w.run()) for w in workers]


async def finish(tasks: list[asyncio.Task[None]], *workers: Worker) -> None:
    for w in workers:
        w.stop()
    await asyncio.gather(*tasks, return_exceptions=True)


class DiesAt:
    """A store whose worker dies once at a given call."""

    def __init__(self, store: RedisStore, call: str, after: bool) -> None:
        self._store, self._call, self._after, self.died = store, call, after, False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != self._call or self.died:
            return method

        async def dying(*args: Any, **kwargs: Any) -> Any:
            self.died = True
            if self._after:
                await method(*args, **kwargs)
            raise Killed

        return dying


@pytest.mark.parametrize(("call", "after"), [("claim_turn", True), ("commit", False), ("commit", True)])
async def test_a_worker_that_dies_anywhere_in_a_turn_leaves_one_reply(
    store: RedisStore, engine: Any, call: str, after: bool
) -> None:
    conversation = await said(store, "你好")
    turn = await DiesAtStep(store, engine, call, after).run()
    assert turn
    healthy = worker(store, engine)
    tasks = await serve(healthy)
    found = await until_answered(store, conversation, 1)
    await finish(tasks, healthy)
    assert len(found) == 1
    assert (await store.view(conversation)).cursor == 1


class DiesAtStep:
    """Runs one turn by hand and stops dead at a step, as a killed process does."""

    def __init__(self, store: RedisStore, engine: Any, call: str, after: bool) -> None:
        self._store, self._engine = store, engine
        self._dying = DiesAt(store, call, after)

    async def run(self) -> bool:
        try:
            turn = await self._dying.claim_turn(LEASE_MS)
            output = await self._engine.run(turn.view.id, turn.entry, turn.tracker, "bot")
            answer = Entry(n=0, at=1, sender="bot", kind="answer", text=output.text)
            await self._dying.commit(turn, TurnResult([answer], output.tracker))
        except Killed:
            return True
        return False


async def test_a_frozen_workers_late_commit_is_refused(store: RedisStore, engine: Any) -> None:
    conversation = await said(store, "你好")
    frozen = await store.claim_turn(LEASE_MS)
    assert frozen is not None and frozen.entry is not None
    output = await engine.run(conversation, frozen.entry, frozen.tracker, "bot")
    healthy = worker(store, engine)
    tasks = await serve(healthy)
    await until_answered(store, conversation, 1)
    with pytest.raises(SupportError) as refused:
        late = Entry(n=0, at=1, sender="bot", kind="answer", text="迟到")
        await store.commit(frozen, TurnResult([late], output.tracker))
    await finish(tasks, healthy)
    assert refused.value.code == "lease_lost"
    assert [e.text for e in await replies(store, conversation)].count("迟到") == 0


async def test_a_failing_action_never_passes_for_an_answer(store: RedisStore, engine: Any, monkeypatch: Any) -> None:
    async def broken(*args: Any) -> Any:
        raise RuntimeError("the backend is away")

    before = await said(store, "你好", "message-0")
    healthy = worker(store, engine)
    tasks = await serve(healthy)
    await until_answered(store, before, 1)
    tracker = await store._redis.get(f"test:c:{before}:tracker")
    monkeypatch.setitem(engine._executor.actions, "action_handoff", broken)
    await said(store, "转人工", "message-1")
    found = await until_answered(store, before, 2)
    assert found[1].text == engine.apology()
    view = await store.view(before)
    assert view.owner is Owner.BOT
    assert await store._redis.get(f"test:c:{before}:tracker") == tracker
    monkeypatch.undo()
    await said(store, "转人工", "message-2")
    await until_answered(store, before, 3)
    await finish(tasks, healthy)
    assert (await store.view(before)).owner is Owner.QUEUE


async def test_a_response_that_does_not_exist_is_a_failure_too(
    store: RedisStore, engine: Any, monkeypatch: Any
) -> None:
    async def silent(*args: Any) -> Any:
        return []

    monkeypatch.setitem(engine._executor.actions, "action_handoff", silent)
    conversation = await said(store, "转人工")
    healthy = worker(store, engine)
    tasks = await serve(healthy)
    (found,) = await until_answered(store, conversation, 1)
    await finish(tasks, healthy)
    assert found.text == engine.apology()


async def test_a_message_that_no_worker_survives_gets_the_apology(store: RedisStore, engine: Any) -> None:
    conversation = await said(store, "你好")
    for _ in range(3):
        assert await store.claim_turn(1) is not None
        await asyncio.sleep(0.01)
    healthy = worker(store, engine)
    tasks = await serve(healthy)
    (found,) = await until_answered(store, conversation, 1)
    await finish(tasks, healthy)
    assert found.text == engine.apology()


async def test_two_workers_answer_a_crowd_once_each_and_in_order(store: RedisStore, engine: Any) -> None:
    players = [Player(id=f"p{i}", name=f"玩家{i}") for i in range(10)]
    conversations = []
    for n in range(3):
        for player in players:
            entry = Entry(n=0, at=1, sender="player", kind="pick", text=f"第{n}问", chip="faq:event_list.current")
            stored = await store.append(player, Command(f"message-{n}", "m"), entry)
            conversations.append(stored.conversation)
    workers = worker(store, engine), worker(store, engine)
    tasks = await serve(*workers)
    for conversation in set(conversations):
        found = await until_answered(store, conversation, 3, within=30)
        assert len(found) == 3
        assert (await store.view(conversation)).cursor == 3
    await finish(tasks, *workers)


async def test_the_button_gets_its_summary_with_facts_and_references(store: RedisStore, engine: Any) -> None:
    conversation = await said(store, "昨晚8点充了648元没到账，订单YL20261120083512")
    healthy = worker(store, engine)
    tasks = await serve(healthy)
    await until_answered(store, conversation, 1)
    await store.request(LIN, Command("human-001", "m"), HandoffRequest("button", 1))
    while (episode := (await store.view(conversation)).episode) is None or episode.summary is None:
        await asyncio.sleep(0.02)
    await finish(tasks, healthy)
    lines = episode.summary.lines
    facts = {line.data["kind"]: (line.data["value"], line.refs) for line in lines if line.kind == "fact"}
    assert facts["order_number"] == ("YL20261120083512", [1])
    assert facts["amount"][1] == [1] and "648" in facts["amount"][0]
    assert facts["time"][1] == [1]
    assert [line.text for line in lines if line.kind == "quote"] == ["昨晚8点充了648元没到账，订单YL20261120083512"]
    assert [line.data["code"] for line in lines if line.kind == "reason"] == ["button"]
