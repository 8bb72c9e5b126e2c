"""The archive's contract, on the twin, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import random
import traceback
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from common.errors import StorageError
from handoff.archive import Archive, ConversationRecord, OutboxEvent, RefusedEvent
from handoff.protocol import Chip, Entry, Episode, Note, Player, Stay, Summary, SummaryLine
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import reading
from handoff.sql.tables import audit, conversations, entries
from handoff.tickets import Change, Ticket, TicketState

HOUR = 3_600_000
T0 = 1_790_000_000_000
PLAYER = Player(id="p1", name="云中鹤", vip=7, server="天枢", platform="ios")


def said(n: int, text: str, sender: Any = "player") -> Entry:
    return Entry(n=n, at=T0 + n, sender=sender, kind="text", text=text)


def record(id: str = "c1", upto: int = 3, player: Player = PLAYER, **changes: Any) -> ConversationRecord:
    base = ConversationRecord(
        id=id,
        player=player,
        opened_at=T0,
        closed_at=T0 + upto,
        entries=[said(n, f"第{n}句") for n in range(1, upto + 1)],
    )
    return msgspec.structs.replace(base, **changes)


def event(number: int, kind: str = "request", **changes: Any) -> OutboxEvent:
    base = OutboxEvent(
        id=f"{T0 + number}-0", at=T0 + number, event=kind, actor="p:p1", conversation="c1", player="p1", epoch=number
    )
    return msgspec.structs.replace(base, **changes)


def episode(state: Any = "queued", id: str = "e1", **changes: Any) -> Episode:
    return msgspec.structs.replace(Episode(id=id, state=state, reason="button", urgency=2, requested_at=T0), **changes)


def ticket(number: int, name: str, **changes: Any) -> OutboxEvent:
    return event(number, "ticket", data={"number": name, "text": f"请联系我 {name}"}, **changes)


STORY = [
    event(1, "request", episode=episode("queued")),
    event(2, "accept", episode=episode("active", agent="a1", accepted_at=T0 + 2)),
    event(3, "requeue", episode=episode("queued")),
    event(4, "accept", episode=episode("active", agent="a2", accepted_at=T0 + 4)),
    event(5, "return", episode=episode("wrap_up", agent="a2", accepted_at=T0 + 4)),
    event(6, "wrapped", episode=episode("ended", agent="a2", end_reason="returned", disposition="solved")),
    event(7, "rated", episode=episode("ended", agent="a2", end_reason="returned", disposition="solved", score=5)),
]


async def episodes(archive: Archive) -> list[Episode]:
    await archive.save_conversation(record())
    found = await archive.conversation("c1")
    assert found is not None
    return found.episodes


class TestConversations:
    async def test_comes_back_as_it_was(self, archive: Archive) -> None:
        stored = record(
            entries=[
                said(1, "昨晚8点充了648元没到账"),
                Entry(
                    n=2, at=T0 + 2, sender="bot", kind="answer", text="**请稍候**", id="t1:0", faq_id="pay-12",
                    chips=[Chip("faq:pay-13", "怎么退款"), Chip("intent:refund", "退款")],
                ),
                Entry(n=3, at=T0 + 3, sender="player", kind="feedback", entry=2, helpful=True, id="m3"),
                Entry(n=4, at=T0 + 4, sender="player", kind="pick", text="怎么退款", chip="faq:pay-13"),
                Entry(n=5, at=T0 + 5, sender="system", kind="status", event="queued", data={"position": 3, "x": [1.5]}),
                Entry(n=6, at=T0 + 6, sender="agent", kind="text", text="您好", name="客服小云"),
            ],
            notes=[
                Note(1, T0 + 6, "小云", "已核对订单", "n1"),
                Note(2, T0 + 7, "小云", ""),
                Note(3, T0 + 8, "", "", kind="alert", data={"code": "first.warn"}),
            ],
            understanding={1: {"intent": {"name": "pay_missing", "confidence": 0.91}, "entities": []}},
        )  # fmt: skip
        await archive.save_conversation(stored)
        assert await archive.conversation("c1") == stored

    async def test_one_that_was_never_stored_is_none(self, archive: Archive) -> None:
        assert await archive.conversation("c1") is None

    async def test_saving_again_is_harmless(self, archive: Archive) -> None:
        for _ in range(3):
            await archive.save_conversation(record(notes=[Note(1, T0, "小云", "记")], understanding={1: {"a": 1}}))
        assert await archive.conversation("c1") == record(
            notes=[Note(1, T0, "小云", "记")], understanding={1: {"a": 1}}
        )

    async def test_more_entries_extend_it(self, archive: Archive) -> None:
        await archive.save_conversation(record(upto=2))
        await archive.save_conversation(record(upto=5, notes=[Note(1, T0, "小云", "记")]))
        assert await archive.conversation("c1") == record(upto=5, notes=[Note(1, T0, "小云", "记")])
        (line,) = await archive.conversations_of("p1")
        assert (line.last, line.preview, line.closed_at) == (5, "第5句", T0 + 5)

    async def test_an_older_copy_that_comes_late_takes_nothing_away(self, archive: Archive) -> None:
        newest = record(upto=5, understanding={4: {"a": 1}})
        await archive.save_conversation(newest)
        await archive.save_conversation(record(upto=2, player=Player(id="p1", name="旧名")))
        assert await archive.conversation("c1") == newest
        (line,) = await archive.conversations_of("p1")
        assert (line.last, line.preview) == (5, "第5句")

    async def test_an_annotation_may_follow_and_change(self, archive: Archive) -> None:
        await archive.save_conversation(record(understanding={1: {"a": 1}, 2: {"a": 2}}))
        await archive.save_conversation(record(understanding={2: {"b": 3}}))
        await archive.save_conversation(record(entries=[], understanding={3: {"c": 4}}))
        assert await archive.conversation("c1") == record(understanding={1: {"a": 1}, 2: {"b": 3}, 3: {"c": 4}})

    async def test_an_annotation_without_its_entry_is_dropped(self, archive: Archive) -> None:
        await archive.save_conversation(record(understanding={9: {"a": 1}}))
        assert await archive.conversation("c1") == record()

    async def test_no_character_keeps_a_conversation_out(self, archive: Archive) -> None:
        odd = "a\x00b\ud83dc 😀 '); DROP TABLE entries; -- \u202e%s :x"
        await archive.save_conversation(
            record(
                entries=[said(1, odd), Entry(n=2, at=T0, sender="system", kind="status", data={"k\x00": [odd]})],
                notes=[Note(1, T0, "小云", odd)],
                understanding={1: {"text": odd}},
            )
        )
        found = await archive.conversation("c1")
        assert found is not None
        clean = odd.replace("\x00", "\ufffd").replace("\ud83d", "?")
        assert [found.entries[0].text, found.notes[0].text, found.understanding[1]["text"]] == [clean] * 3
        assert found.entries[1].data == {"k\ufffd": [clean]}

    async def test_an_id_that_no_database_can_hold_is_not_found(self, archive: Archive) -> None:
        assert await archive.conversation("\x00") is None
        assert await archive.conversations_of("\x00") == []
        assert await archive.tickets_of("\ud800") == []

    async def test_many_at_once_all_arrive(self, archive: Archive) -> None:
        await asyncio.gather(*(archive.save_conversation(record(f"c{i % 4}", upto=i + 1)) for i in range(12)))
        assert await archive.conversation("c3") == record("c3", upto=12)
        assert len(await archive.conversations_of("p1")) == 4

    async def test_a_very_long_one_fits(self, archive: Archive) -> None:
        long = record(upto=3000, understanding={n: {"n": n} for n in range(1, 3001)})
        await archive.save_conversation(long)
        assert await archive.conversation("c1") == long


class TestHistory:
    async def test_newest_first_and_only_the_players_own(self, archive: Archive) -> None:
        for i in (2, 0, 3, 1):
            await archive.save_conversation(record(f"c{i}", opened_at=T0 + i))
        await archive.save_conversation(record("other", player=Player(id="p2", name="别人")))
        assert [line.conversation for line in await archive.conversations_of("p1")] == ["c3", "c2", "c1", "c0"]
        assert [line.conversation for line in await archive.conversations_of("p1", limit=2)] == ["c3", "c2"]
        assert await archive.conversations_of("nobody") == []

    async def test_those_opened_at_once_sort_by_id(self, archive: Archive) -> None:
        for id in ("a-1", "B-2", "_3", "a_1"):
            await archive.save_conversation(record(id))
        assert [line.conversation for line in await archive.conversations_of("p1")] == ["a_1", "a-1", "_3", "B-2"]

    async def test_the_preview_is_the_players_last_text_on_one_short_line(self, archive: Archive) -> None:
        last = "我的号\n被盗了 " + "急" * 100
        feedback = Entry(n=4, at=T0, sender="player", kind="feedback", entry=3)
        await archive.save_conversation(
            record(entries=[said(1, "先前"), said(2, last), said(3, "您好", sender="agent"), feedback])
        )
        (line,) = await archive.conversations_of("p1")
        assert line.preview == "我的号 被盗了 " + "急" * 72
        assert (len(line.preview), line.last) == (80, 4)

    async def test_an_empty_conversation_has_an_empty_preview(self, archive: Archive) -> None:
        await archive.save_conversation(record(upto=0))
        (line,) = await archive.conversations_of("p1")
        assert (line.last, line.preview, line.episodes) == (0, "", [])

    async def test_each_line_has_its_own_episodes(self, archive: Archive) -> None:
        await archive.apply(
            [
                event(1, episode=episode(id="e2", requested_at=T0 + 9)),
                event(2, episode=episode(id="e1")),
                event(3, episode=episode(id="e3"), conversation="c2"),
            ]
        )
        for id in ("c1", "c2", "c3"):
            await archive.save_conversation(record(id))
        found = {line.conversation: [e.id for e in line.episodes] for line in await archive.conversations_of("p1")}
        assert found == {"c1": ["e1", "e2"], "c2": ["e3"], "c3": []}


class TestEvents:
    async def test_an_episode_comes_back_whole(self, archive: Archive) -> None:
        whole = episode(
            "ended", scenario="account_stolen", agent="a1", accepted_at=T0 + 5, ended_at=T0 + 9, end_reason="closed",
            disposition="solved", comment="已找回", score=4, rating_text="谢谢",
            summary=Summary([SummaryLine("fact", [1, 3], "648元", {"amount": 648.5})], upto=3),
            ratings={"solved": 4, "feeling": 5}, weighted=4.35, group="security", tier=3, offers=3, missed=2,
            owners=[Stay("a2", "阿哲", T0 + 2, "offer", T0 + 4), Stay("a1", "小云", T0 + 4, "transfer")],
            responded_at=T0 + 6, late=["first", "resolution"], compensation=["gift"], reasked=1, reopens="e0",
            promise="明天回电",
        )  # fmt: skip
        await archive.apply([event(1, "rated", episode=whole)])
        assert await episodes(archive) == [whole]

    async def test_saving_a_conversation_leaves_its_episodes_alone(self, archive: Archive) -> None:
        await archive.apply(STORY[:1])
        await archive.save_conversation(record(episodes=[episode("ended"), episode(id="e9")]))
        assert await episodes(archive) == [STORY[0].episode]

    async def test_a_repeated_event_counts_once(self, archive: Archive) -> None:
        await archive.apply(STORY)
        await archive.apply([*STORY[:3], ticket(8, "T1"), ticket(8, "T1")])
        await archive.apply([ticket(8, "T1")])
        assert await episodes(archive) == [STORY[-1].episode]
        assert [found.number for found in await archive.tickets_of("p1")] == ["T1"]

    async def test_an_older_event_that_comes_late_moves_nothing_back(self, archive: Archive) -> None:
        await archive.apply(STORY[6:])
        for late in (STORY[4], STORY[0], STORY[5]):
            await archive.apply([late])
        assert await episodes(archive) == [STORY[-1].episode]

    @pytest.mark.parametrize("seed", range(8))
    async def test_any_order_with_repeats_in_any_batches_ends_the_same(self, archive: Archive, seed: int) -> None:
        chance = random.Random(seed)
        events = [*STORY, *chance.choices(STORY, k=5)]
        chance.shuffle(events)
        while events:
            size = chance.randint(1, 4)
            await archive.apply(events[:size])
            del events[:size]
        assert await episodes(archive) == [STORY[-1].episode]

    async def test_a_clock_that_lags_does_not_hide_a_later_event(self, archive: Archive) -> None:
        await archive.apply([event(1, episode=episode("active"))])
        await archive.apply([event(2, "close", at=T0 - 5000, episode=episode("ended"))])
        assert [e.state for e in await episodes(archive)] == ["ended"]

    async def test_within_a_millisecond_the_streams_number_decides(self, archive: Archive) -> None:
        await archive.apply([event(1, id=f"{T0}-10", episode=episode("ended"))])
        await archive.apply([event(1, id=f"{T0}-9", episode=episode("active"))])
        assert [e.state for e in await episodes(archive)] == ["ended"]

    async def test_two_workers_with_the_same_events_apply_them_once(self, archive: Archive) -> None:
        events = [*STORY, ticket(8, "T1"), ticket(9, "T2")]
        await asyncio.gather(*(archive.apply(events if i % 2 else events[::-1]) for i in range(6)))
        assert await episodes(archive) == [STORY[-1].episode]
        assert len(await archive.tickets_of("p1")) == 2

    async def test_events_without_a_conversation_are_welcome(self, archive: Archive) -> None:
        await archive.apply([])
        await archive.apply([OutboxEvent(id="1-1", at=T0, event="login", actor="a:1", data={"ok": True, "n": None})])
        await archive.apply([OutboxEvent(id="not a stream's", at=T0, event="something new", actor="\x00")])


class TestTickets:
    async def test_newest_first_and_only_the_players_own(self, archive: Archive) -> None:
        await archive.apply([ticket(1, "T1"), ticket(2, "T2"), ticket(3, "T3", player="p2")])
        found = await archive.tickets_of("p1")
        assert [t.number for t in found] == ["T2", "T1"]
        assert found[1] == Ticket(
            "T1",
            TicketState.OPEN,
            "c1",
            "p1",
            "请联系我 T1",
            T0 + 1,
            T0 + 1 + 4 * HOUR,
            history=[Change(T0 + 1, "p:p1", "open")],
        )

    async def test_a_number_that_another_ticket_has_is_refused_with_its_whole_batch(self, archive: Archive) -> None:
        await archive.apply([ticket(1, "T1")])
        with pytest.raises(RefusedEvent) as refusal:
            await archive.apply([event(2, episode=episode()), ticket(3, "T1"), ticket(4, "T2")])
        assert refusal.value.fields == {"event": f"{T0 + 3}-0"}
        assert [t.number for t in await archive.tickets_of("p1")] == ["T1"]
        assert await episodes(archive) == []
        await archive.apply([event(2, episode=episode()), ticket(4, "T2")])  # without it the rest goes in
        assert [t.number for t in await archive.tickets_of("p1")] == ["T2", "T1"]

    @pytest.mark.parametrize("data", [{}, {"number": "T1"}, {"text": "x"}, {"number": "", "text": "x"},
                                      {"number": ["T1"], "text": "x"}, {"number": "T1", "text": 1}])  # fmt: skip
    async def test_one_without_number_or_text_is_refused(self, archive: Archive, data: dict[str, Any]) -> None:
        with pytest.raises(RefusedEvent):
            await archive.apply([event(1, "ticket", data=data)])
        assert await archive.tickets_of("p1") == []


class TestSql:
    async def test_every_event_leaves_one_audit_line(self, sql: SqlArchive) -> None:
        await sql.apply([*STORY, ticket(8, "T1"), *STORY])
        await sql.apply(STORY)
        async with reading(sql._engine) as connection:
            lines = (await connection.execute(select(audit).order_by(audit.c.at))).all()
        assert [line.event for line in lines] == [e.event for e in STORY] + ["ticket"]
        assert lines[-1].data == {"number": "T1", "text": "请联系我 T1"}
        assert (lines[0].actor, lines[0].conversation, lines[0].episode, lines[0].epoch) == ("p:p1", "c1", "e1", 1)

    async def test_a_save_that_fails_halfway_leaves_nothing(
        self, sql: SqlArchive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any) -> None:
            raise RuntimeError("pulled the plug")

        monkeypatch.setattr(sql, "_put_notes", fail)
        with pytest.raises(RuntimeError):
            await sql.save_conversation(record())
        async with reading(sql._engine) as connection:
            for table in (conversations, entries):
                assert (await connection.execute(select(func.count()).select_from(table))).scalar() == 0

    async def test_numbers_that_json_lacks_become_null(self, sql: SqlArchive) -> None:
        await sql.save_conversation(record(understanding={1: {"confidence": float("nan")}}))
        found = await sql.conversation("c1")
        assert found is not None and found.understanding == {1: {"confidence": None}}

    async def test_a_failure_is_a_storage_error_that_repeats_no_text(self, sql: SqlArchive) -> None:
        secret = "玩家的秘密"
        with pytest.raises(StorageError) as failure:
            await sql.save_conversation(record(entries=[msgspec.structs.replace(said(1, secret), n=2**70)]))
        shown = "".join(traceback.format_exception(failure.type, failure.value, failure.tb))
        assert secret not in shown and str(2**70) not in shown
        assert await sql.conversation("c1") is None

    async def test_a_closed_archive_leaves_its_database_usable(self, sql: SqlArchive) -> None:
        await sql.close()
        await sql.save_conversation(record())
