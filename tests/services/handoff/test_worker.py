"""The handoff worker's duties, on both stores and a real archive twin."""

from __future__ import annotations

import structlog

from common.clock import FakeClock
from handoff.archive_memory import MemoryArchive
from handoff.machine import Disposition, Owner
from handoff.memory_store import MemoryStore
from handoff.protocol import Entry, Player
from handoff.store import Command, HandoffRequest, TurnResult
from handoff.worker import HandoffWorker

LIN = Player(id="u1", name="林小舟")


def build() -> tuple[MemoryStore, MemoryArchive, FakeClock, HandoffWorker]:
    clock = FakeClock()
    store, archive = MemoryStore(clock), MemoryArchive()
    return store, archive, clock, HandoffWorker(store, archive, clock, 60_000, structlog.get_logger())


async def closed(store: MemoryStore) -> str:
    conversation = (await store.request(LIN, Command("r1", "m"), HandoffRequest("button", 1))).conversation
    await store.presence("a1", "小云", Command("p1", "m"), "online", 2)
    epoch = (await store.accept("a1", "小云", Command("a1", "m"), conversation)).epoch
    await store.close("a1", Command("c1", "m"), conversation, epoch, Disposition.SOLVED, "好")
    return conversation


async def test_orphans_return_to_the_queue() -> None:
    store, _, clock, worker = build()
    conversation = (await store.request(LIN, Command("r1", "m"), HandoffRequest("button", 1))).conversation
    await store.presence("a1", "小云", Command("p1", "m"), "online", 2)
    await store.accept("a1", "小云", Command("a1", "m"), conversation)
    clock.advance(12_001)
    await worker.requeue_orphans()
    assert (await store.view(conversation)).owner is Owner.QUEUE


async def test_events_reach_the_archive_once_and_leave_the_outbox() -> None:
    store, archive, _, worker = build()
    conversation = await closed(store)
    events = await store.outbox()
    await worker.empty_outbox()
    assert await store.outbox() == []
    store._outbox = events  # as after a crash between the two steps
    await worker.empty_outbox()
    assert await store.outbox() == []
    await archive.save_conversation(await worker._record(await store.view(conversation)))
    record = await archive.conversation(conversation)
    assert record is not None and [e.end_reason for e in record.episodes] == ["closed"]


async def test_an_event_that_can_never_be_stored_is_set_aside_and_the_others_are_kept() -> None:
    store, _, _, worker = build()
    conversation = await closed(store)
    store._record("ticket", "p:u1", store._get(conversation), {"number": "", "text": "坏"})
    await worker.empty_outbox()
    assert await store.outbox() == []
    assert [fields["event"] for _, fields in store.refused] == ["ticket"]


async def test_quiet_conversations_move_to_the_archive_whole() -> None:
    store, archive, clock, worker = build()
    entry = Entry(n=0, at=1, sender="player", kind="text", text="在吗")
    conversation = (await store.append(LIN, Command("m1", "m"), entry)).conversation
    turn = await store.claim_turn(1000)
    assert turn is not None
    await store.commit(
        turn, TurnResult([Entry(n=0, at=2, sender="bot", kind="answer", text="在的")], understanding={"x": 1})
    )
    await store.note("小云", "a1", Command("n1", "m"), conversation, "备注")
    await worker.archive_quiet()
    assert await archive.conversation(conversation) is None
    clock.advance(60_001)
    await worker.archive_quiet()
    record = await archive.conversation(conversation)
    assert record is not None
    assert [e.text for e in record.entries] == ["在吗", "在的"] and [n.text for n in record.notes] == ["备注"]
    assert record.understanding == {1: {"x": 1}}
    assert await store.conversation_of("u1") == ""


async def test_an_unanswered_message_keeps_a_conversation_open() -> None:
    store, _, clock, worker = build()
    entry = Entry(n=0, at=1, sender="player", kind="text", text="在吗")
    conversation = (await store.append(LIN, Command("m1", "m"), entry)).conversation
    clock.advance(60_001)
    await worker.archive_quiet()
    assert await store.conversation_of("u1") == conversation


async def test_overdue_wrap_ups_end() -> None:
    store, _, clock, worker = build()
    conversation = (await store.request(LIN, Command("r1", "m"), HandoffRequest("button", 1))).conversation
    await store.presence("a1", "小云", Command("p1", "m"), "online", 2)
    epoch = (await store.accept("a1", "小云", Command("a1", "m"), conversation)).epoch
    await store.give_back("a1", Command("b1", "m"), conversation, epoch)
    clock.advance(180_001)
    await worker.end_wrap_ups()
    assert await store.conversations_of_agent("a1") == []
