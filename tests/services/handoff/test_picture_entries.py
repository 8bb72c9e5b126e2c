"""A picture is a message of the player like any other: for the bot, for deadlines, for the archive."""

from __future__ import annotations

from common.clock import FakeClock
from handoff.archive import Archive, ConversationRecord
from handoff.protocol import Entry, Image
from handoff.router import EngineStore
from handoff.store import TurnResult
from tests.services.handoff.scene import LIN, SECOND, cmd, due_kinds, owned, pass_time, reply

IMAGE = Image(id="a" * 32, width=640, height=480)


def picture() -> Entry:
    return Entry(n=0, at=1, sender="player", kind="image", image=IMAGE)


async def test_a_picture_wakes_the_bot_as_words_do(store: EngineStore) -> None:
    stored = await store.append(LIN, cmd(), picture())
    turn = await store.claim_turn(5 * SECOND)
    assert turn is not None and turn.entry is not None
    assert (turn.entry.n, turn.entry.kind, turn.entry.image) == (stored.n, "image", IMAGE)
    await store.commit(turn, TurnResult([reply("图片收到了")]))
    assert await store.claim_turn(5 * SECOND) is None


async def test_the_same_picture_again_makes_no_second_entry(store: EngineStore) -> None:
    command = cmd()
    first = await store.append(LIN, command, picture())
    assert await store.append(LIN, command, picture()) == first
    (entry,) = await store.entries(first.conversation)
    assert entry.image == IMAGE and entry.text == ""


async def test_a_picture_to_an_agent_starts_the_next_deadline(store: EngineStore, clock: FakeClock) -> None:
    conversation, epoch = await owned(store)
    await store.say("a1", "客服a1", cmd(), conversation, epoch, "您好")
    await store.append(LIN, cmd(), picture())
    await pass_time(store, clock, 3600 * SECOND, "a1")
    assert any(kind.startswith("next.") for kind in await due_kinds(store, conversation))


async def test_a_picture_goes_into_the_archive_and_comes_back(archive: Archive) -> None:
    entries = [Entry(n=1, at=5, sender="player", kind="image", id="image-0001", image=IMAGE)]
    await archive.save_conversation(ConversationRecord("c1", LIN, 1, 9, entries, [], {}))
    record = await archive.conversation("c1")
    assert record is not None and record.entries == entries
    (listed,) = await archive.conversations_of(LIN.id)
    assert (listed.last, listed.preview) == (1, "")
