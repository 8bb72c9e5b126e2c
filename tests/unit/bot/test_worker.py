"""What the worker commits for an action that asked for a person."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import structlog

from bot.worker import LeaseKeeper, Worker
from common.clock import FakeClock
from handoff.machine import Owner
from handoff.memory_store import MemoryStore
from handoff.policy import Group, Policy
from handoff.protocol import Entry, Player
from handoff.store import Command, HandoffRequest, TurnResult

LIN = Player(id="u1", name="林小舟")
POLICY = Policy(groups={name: Group(name, name) for name in ("general", "payment")})


class Asks:
    """An engine whose turn asks for a person; notes what it was shown of the conversation."""

    def __init__(self, request: HandoffRequest | None) -> None:
        self._request = request
        self.seen: list[tuple[list[int], dict[int, Any]]] = []

    async def run(self, *_: Any) -> Any:
        return SimpleNamespace(
            text="请稍候", chips=[], faq_id="", tracker="{}", understanding={"urgency": 2}, request=self._request
        )

    def request(self, asked: HandoffRequest, understanding: dict[int, Any], entries: list[Entry]) -> HandoffRequest:
        self.seen.append(([entry.n for entry in entries], understanding))
        return replace(asked, group="payment", failed=3)


async def committed(engine: Asks) -> MemoryStore:
    store = MemoryStore(FakeClock(), policy=POLICY)
    keeper = LeaseKeeper(lambda turn: None, 5000)
    worker = Worker(store, engine, FakeClock(), keeper, structlog.get_logger(), lease_ms=5000, concurrency=1)
    for number in (1, 2):
        entry = Entry(n=0, at=1, sender="player", kind="text", text="没到账")
        await store.append(LIN, Command(f"message-{number}", "m"), entry)
        turn = await store.claim_turn(5000)
        assert turn is not None and turn.entry is not None
        if number == 1:
            reply = Entry(n=0, at=1, sender="bot", kind="answer", text="请先刷新")
            await store.commit(turn, TurnResult([reply], understanding={"urgency": 1}))
        else:
            await worker._answer(turn, turn.entry)
    keeper.stop()
    return store


async def test_the_request_is_made_with_the_whole_conversation_this_turn_included() -> None:
    engine = Asks(HandoffRequest("asked", 1))
    store = await committed(engine)
    assert engine.seen == [([1, 2, 3], {1: {"urgency": 1}, 3: {"urgency": 2}})]
    view = await store.view(await store.conversation_of("u1"))
    assert view.owner is Owner.QUEUE and view.episode is not None
    assert (view.episode.reason, view.episode.group) == ("asked", "payment")


async def test_a_turn_without_a_wish_reads_nothing_more() -> None:
    engine = Asks(None)
    store = await committed(engine)
    assert engine.seen == []
    assert (await store.view(await store.conversation_of("u1"))).owner is Owner.BOT
