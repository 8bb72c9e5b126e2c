"""Tickets, follow-up tasks and outcomes: the archive's contract, on the twin, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from common.errors import BadText, IdConflict, IllegalTransition, NotOwner
from handoff.archive import Archive, OutboxEvent, RefusedEvent
from handoff.follow_ups import FollowUpEvent, FollowUpState, UnknownFollowUp
from handoff.protocol import Episode
from handoff.sql.archive import SqlArchive
from handoff.sql.engine import reading
from handoff.sql.tables import audit, changes, tellings
from handoff.store import Command
from handoff.tickets import Move, Outdated, Ticket, TicketEvent, TicketState, UnknownTicket

HOUR = 3_600_000
T0 = 1_790_000_000_000


def event(number: int, kind: str, **changes: Any) -> OutboxEvent:
    base = OutboxEvent(
        id=f"{T0 + number}-0", at=T0 + number, event=kind, actor="p:p1", conversation="c1", player="p1", epoch=number
    )
    return msgspec.structs.replace(base, **changes)


def episode(id: str = "e1", **changes: Any) -> Episode:
    base = Episode(id=id, state="ended", reason="button", urgency=2, requested_at=T0, ended_at=T0 + 100, agent="a1")
    return msgspec.structs.replace(base, **changes)


def ticket(number: int, name: str, **changes: Any) -> OutboxEvent:
    return event(number, "ticket", data={"number": name, "text": "充值没到", "group": "payment"}, **changes)


def move(agent: str, id: str, version: int, text: str = "", at: int = 1000) -> Move:
    return Move(Command(id, f"mac of {text}"), agent, T0 + at, version, text)


async def taken(archive: Archive, name: str = "T1", agent: str = "a1") -> Ticket:
    await archive.apply([ticket(1, name, episode=episode())])
    return await archive.move_ticket(name, TicketEvent.TAKE, move(agent, f"take-{name}", 1))


async def told_of(archive: Archive) -> list[tuple[str, str, str]]:
    return [(word.id, word.state.value, word.text) for word in await archive.untold()]


class TestTicket:
    async def test_it_knows_where_it_comes_from_and_when_it_is_due(self, archive: Archive) -> None:
        await archive.apply([ticket(1, "T1", actor="a:a7", episode=episode())])
        found = await archive.ticket("T1")
        assert (found.state, found.group, found.episode, found.version) == (TicketState.OPEN, "payment", "e1", 1)
        assert (found.due_at, found.assignee) == (T0 + 1 + 4 * HOUR, "")
        assert [(line.at, line.by, line.event) for line in found.history] == [(T0 + 1, "a:a7", "open")]

    async def test_without_a_group_of_its_own_it_goes_to_the_episodes(self, archive: Archive) -> None:
        plain = event(1, "ticket", data={"number": "T1", "text": "x"}, episode=episode(group="security"))
        await archive.apply([plain])
        assert (await archive.ticket("T1")).group == "security"

    async def test_a_group_that_is_no_name_is_refused(self, archive: Archive) -> None:
        with pytest.raises(RefusedEvent):
            await archive.apply([event(1, "ticket", data={"number": "T1", "text": "x", "group": ["payment"]})])

    async def test_unknown_numbers_are_refused(self, archive: Archive) -> None:
        for number in ("T9", "\x00"):
            with pytest.raises(UnknownTicket):
                await archive.ticket(number)
            with pytest.raises(UnknownTicket):
                await archive.move_ticket(number, TicketEvent.TAKE, move("a1", "take-0001", 1))

    async def test_its_whole_way_is_in_its_history(self, archive: Archive) -> None:
        await taken(archive)
        await archive.move_ticket("T1", TicketEvent.ASK, move("a1", "ask-00001", 2, "请发截图", at=2000))
        await archive.move_ticket("T1", TicketEvent.NOTE, move("a2", "note-0001", 3, "老客户", at=2500))
        await archive.move_ticket("T1", TicketEvent.RESUME, move("a1", "resume-01", 4, at=5000))
        solved = await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 5, "已补发", at=6000))
        closed = await archive.move_ticket("T1", TicketEvent.CLOSE, move("a2", "close-001", 6, at=7000))
        assert closed == await archive.ticket("T1") == (await archive.tickets_of("p1"))[0]
        assert [(line.by, line.event, line.text) for line in closed.history] == [
            ("p:p1", "open", ""), ("a:a1", "take", ""), ("a:a1", "ask", "请发截图"), ("a:a2", "note", "老客户"),
            ("a:a1", "resume", ""), ("a:a1", "solve", "已补发"), ("a:a2", "close", ""),
        ]  # fmt: skip
        assert (solved.state, closed.state, closed.assignee) == (TicketState.SOLVED, TicketState.CLOSED, "a1")
        assert closed.due_at == T0 + 1 + 4 * HOUR + 3000  # three seconds were the player's

    async def test_reopened_it_is_nobodys_and_has_a_new_deadline(self, archive: Archive) -> None:
        await taken(archive)
        await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        again = await archive.move_ticket("T1", TicketEvent.REOPEN, move("a2", "reopen-01", 3, "还是没到", at=9000))
        assert (again.state, again.assignee, again.due_at) == (TicketState.OPEN, "", T0 + 9000 + 4 * HOUR)

    async def test_a_repeated_command_changes_nothing(self, archive: Archive) -> None:
        first = await taken(archive)
        assert await archive.move_ticket("T1", TicketEvent.TAKE, move("a1", "take-T1", 1)) == first
        await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        for _ in range(3):
            found = await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        assert (found.version, len(found.history)) == (3, 3)
        assert len(await archive.untold()) == 1

    async def test_an_id_used_for_something_else_is_refused(self, archive: Archive) -> None:
        await taken(archive)
        await archive.apply([ticket(2, "T2")])
        with pytest.raises(IdConflict):
            await archive.move_ticket("T1", TicketEvent.NOTE, move("a1", "take-T1", 2, "x"))
        with pytest.raises(IdConflict):
            await archive.move_ticket("T2", TicketEvent.TAKE, move("a1", "take-T1", 1))
        with pytest.raises(IdConflict):
            await archive.move_ticket("T1", TicketEvent.TAKE, move("a1", "take-T1", 1, "with other words"))
        assert (await archive.move_ticket("T2", TicketEvent.TAKE, move("a2", "take-T1", 1))).assignee == "a2"

    async def test_of_two_who_take_it_at_once_one_learns_who_has_it(self, archive: Archive) -> None:
        await archive.apply([ticket(1, "T1")])
        agents = [f"a{i}" for i in range(8)]
        answers = await asyncio.gather(
            *(archive.move_ticket("T1", TicketEvent.TAKE, move(agent, "take-0001", 1)) for agent in agents),
            return_exceptions=True,
        )
        (winner,) = (answer for answer in answers if isinstance(answer, Ticket))
        losers = [answer for answer in answers if isinstance(answer, Outdated)]
        assert len(losers) == 7
        for loser in losers:
            assert loser.fields == {
                "number": "T1", "state": "in_progress", "assignee": winner.assignee, "version": 2,
            }  # fmt: skip
        assert [line.event for line in (await archive.ticket("T1")).history] == ["open", "take"]

    async def test_a_refused_move_leaves_it_as_it_was(self, archive: Archive) -> None:
        before = await taken(archive)
        for refusal, event_, wrong in (
            (Outdated, TicketEvent.SOLVE, move("a1", "wrong-001", 1, "已补发")),
            (NotOwner, TicketEvent.SOLVE, move("a2", "wrong-002", 2, "已补发")),
            (IllegalTransition, TicketEvent.RESUME, move("a1", "wrong-003", 2)),
            (BadText, TicketEvent.SOLVE, move("a1", "wrong-004", 2)),
        ):
            with pytest.raises(refusal):
                await archive.move_ticket("T1", event_, wrong)
        assert await archive.ticket("T1") == before
        assert await archive.untold() == []

    async def test_no_character_keeps_a_move_out(self, archive: Archive) -> None:
        await taken(archive)
        solved = await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "a\x00b\ud83d"))
        assert solved.history[-1].text == "a\ufffdb?"
        assert await archive.ticket("T1") == solved
        assert await told_of(archive) == [("T1-3", "solved", "a\ufffdb?")]

    async def test_replays_of_the_outbox_take_nothing_back(self, archive: Archive) -> None:
        await taken(archive)
        await archive.apply([ticket(1, "T1", episode=episode())])
        assert (await archive.ticket("T1")).state is TicketState.IN_PROGRESS


class TestList:
    async def test_unfinished_ones_come_by_deadline(self, archive: Archive) -> None:
        await archive.apply([ticket(number, f"T{number}", at=T0 + 10 - number) for number in (1, 2, 3, 4)])
        await archive.move_ticket("T1", TicketEvent.TAKE, move("a1", "take-0001", 1))
        await archive.move_ticket("T2", TicketEvent.CLOSE, move("a1", "close-001", 1, "重复"))
        await archive.move_ticket("T3", TicketEvent.CLOSE, move("a1", "close-002", 1, "重复"))
        assert [found.number for found in await archive.tickets()] == ["T4", "T1"]
        assert [found.number for found in await archive.tickets(TicketState.OPEN)] == ["T4"]
        assert [found.number for found in await archive.tickets(TicketState.CLOSED)] == ["T2", "T3"]
        assert [found.number for found in await archive.tickets(assignee="a1")] == ["T1"]
        assert [found.number for found in await archive.tickets(limit=1)] == ["T4"]
        assert await archive.tickets(TicketState.SOLVED) == []
        assert all(found.history == [] for found in await archive.tickets())


class TestTellings:
    async def test_questions_outcomes_and_ends_are_told_and_nothing_else(self, archive: Archive) -> None:
        await taken(archive)
        await archive.move_ticket("T1", TicketEvent.NOTE, move("a1", "note-0001", 2, "内部"))
        await archive.move_ticket("T1", TicketEvent.ASK, move("a1", "ask-00001", 3, "请发截图", at=2000))
        await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 4, "已补发", at=3000))
        await archive.move_ticket("T1", TicketEvent.CLOSE, move("a1", "close-001", 5, at=4000))
        await archive.move_ticket("T1", TicketEvent.REOPEN, move("a1", "reopen-01", 6, at=5000))
        await archive.move_ticket("T1", TicketEvent.CLOSE, move("a1", "close-002", 7, "重复", at=6000))
        assert await told_of(archive) == [
            ("T1-4", "waiting_player", "请发截图"), ("T1-5", "solved", "已补发"), ("T1-8", "closed", "重复"),
        ]  # fmt: skip
        first = (await archive.untold(limit=1))[0]
        assert (first.player, first.conversation, first.number, first.at) == ("p1", "c1", "T1", T0 + 2000)

    async def test_the_same_again_until_it_was_told(self, archive: Archive) -> None:
        await taken(archive)
        await archive.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        assert await archive.untold() == await archive.untold() != []
        for _ in range(2):
            await archive.told("T1-3", T0 + 5000)
        await archive.told("nobody's", T0)
        assert await archive.untold() == []


def rated(number: int, score: int, weighted: float = 0.0, id: str = "e1") -> OutboxEvent:
    rating = episode(id, score=score, weighted=weighted, rating_text="等太久", end_reason="closed")
    return event(number, "rated", episode=rating)


class TestFollowUps:
    @pytest.mark.parametrize("score, weighted, low", [(2, 0.0, True), (1, 4.0, True), (5, 2.9, True), (3, 3.0, False),
                                                      (0, 0.0, False), (5, 0.0, False)])  # fmt: skip
    async def test_a_low_rating_opens_one(self, archive: Archive, score: int, weighted: float, low: bool) -> None:
        await archive.apply([rated(1, score, weighted)])
        assert len(await archive.follow_ups()) == low

    async def test_it_says_who_rated_whom_and_why(self, archive: Archive) -> None:
        await archive.apply([rated(1, 2, 2.15)])
        (task,) = await archive.follow_ups()
        assert (task.id, task.episode, task.conversation, task.player, task.agent) == ("e1", "e1", "c1", "p1", "a1")
        assert (task.score, task.weighted, task.text) == (2, 2.15, "等太久")
        assert (task.state, task.by, task.version, task.created_at) == (FollowUpState.RECEIVED, "", 1, T0 + 1)

    async def test_only_the_rating_opens_it_and_only_one(self, archive: Archive) -> None:
        low = rated(1, 1)
        await archive.apply([msgspec.structs.replace(low, id=f"{T0}-0", event="wrapped"), low, low, rated(2, 2)])
        await asyncio.gather(*(archive.apply([low, rated(2, 2)]) for _ in range(4)))
        await archive.move_follow_up("e1", FollowUpEvent.ANALYSE, move("s1", "step-0001", 1))
        await archive.apply([low, rated(3, 2)])
        (task,) = await archive.follow_ups()
        assert (task.state, task.score) == (FollowUpState.ANALYSING, 1)

    async def test_its_way_to_the_call_back(self, archive: Archive) -> None:
        await archive.apply([rated(1, 1)])
        await archive.move_follow_up("e1", FollowUpEvent.ANALYSE, move("s1", "step-0001", 1))
        await archive.move_follow_up("e1", FollowUpEvent.RESOLVE, move("s1", "step-0002", 2, "已培训", at=2000))
        for _ in range(2):
            final = await archive.move_follow_up(
                "e1", FollowUpEvent.CALL_BACK, move("s2", "step-0003", 3, "玩家满意", at=3000)
            )
        assert (final.state, final.by, final.version) == (FollowUpState.CALLED_BACK, "s2", 4)
        assert [(line.by, line.event, line.text) for line in final.history] == [
            ("a:s1", "analyse", ""), ("a:s1", "resolve", "已培训"), ("a:s2", "call_back", "玩家满意"),
        ]  # fmt: skip
        assert await archive.follow_ups() == []
        assert await archive.follow_ups(FollowUpState.CALLED_BACK) == [final]

    async def test_oldest_first_while_there_is_work_and_newest_first_in_a_state(self, archive: Archive) -> None:
        await archive.apply([rated(number, 1, id=f"e{number}") for number in (2, 1, 3)])
        assert [task.id for task in await archive.follow_ups(limit=2)] == ["e1", "e2"]
        assert [task.id for task in await archive.follow_ups(FollowUpState.RECEIVED)] == ["e3", "e2", "e1"]

    async def test_what_cannot_be_is_refused(self, archive: Archive) -> None:
        await archive.apply([rated(1, 1)])
        with pytest.raises(UnknownFollowUp):
            await archive.move_follow_up("e9", FollowUpEvent.ANALYSE, move("s1", "step-0001", 1))
        with pytest.raises(IllegalTransition):
            await archive.move_follow_up("e1", FollowUpEvent.CALL_BACK, move("s1", "step-0002", 1, "好"))
        await archive.move_follow_up("e1", FollowUpEvent.ANALYSE, move("s1", "step-0003", 1))
        with pytest.raises(Outdated) as refusal:
            await archive.move_follow_up("e1", FollowUpEvent.ANALYSE, move("s2", "step-0003", 1))
        assert refusal.value.fields == {"state": "analysing", "assignee": "s1", "version": 2}
        with pytest.raises(BadText):
            await archive.move_follow_up("e1", FollowUpEvent.RESOLVE, move("s1", "step-0004", 2))
        with pytest.raises(IdConflict):
            await archive.move_follow_up("e1", FollowUpEvent.RESOLVE, move("s1", "step-0003", 2, "好"))

    async def test_a_command_id_is_for_one_thing_only(self, archive: Archive) -> None:
        await archive.apply([rated(1, 1), ticket(2, "T1")])
        await archive.move_ticket("T1", TicketEvent.TAKE, move("s1", "same-0001", 1))
        with pytest.raises(IdConflict):
            await archive.move_follow_up("e1", FollowUpEvent.ANALYSE, move("s1", "same-0001", 1))


class TestOutcomes:
    async def test_those_that_ended_in_the_time_come_whole(self, archive: Archive) -> None:
        whole = episode("e2", group="payment", tier=3, responded_at=T0 + 9, late=["first"], missed=2, reopens="e0")
        still = episode("e5", state="active", ended_at=0)
        others = [episode(f"e{n}", ended_at=T0 + at) for n, at in ((1, 99), (3, 199), (4, 200))]
        await archive.apply([event(n, "close", episode=e) for n, e in enumerate([*others, whole, still])])
        found = await archive.outcomes(T0 + 100, T0 + 200)
        assert found == [whole, others[1]]


class TestSql:
    async def test_every_move_leaves_one_audit_line(self, sql: SqlArchive) -> None:
        await taken(sql)
        for _ in range(2):
            await sql.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        async with reading(sql._engine) as connection:
            lines = (await connection.execute(select(audit).order_by(audit.c.at))).all()
        assert [(line.event, line.actor) for line in lines] == [
            ("ticket", "p:p1"), ("ticket_take", "a:a1"), ("ticket_solve", "a:a1"),
        ]  # fmt: skip
        assert lines[-1].data == {"id": "T1", "state": "solved", "version": 3, "text": "已补发"}
        assert (lines[-1].conversation, lines[-1].player, lines[-1].episode) == ("c1", "p1", "e1")

    async def test_a_move_that_fails_halfway_leaves_nothing(
        self, sql: SqlArchive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = await taken(sql)

        def fail(*_: Any) -> None:
            raise RuntimeError("pulled the plug")

        monkeypatch.setattr("handoff.sql.tickets.telling", fail)
        with pytest.raises(RuntimeError):
            await sql.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        assert await sql.ticket("T1") == before
        async with reading(sql._engine) as connection:
            assert len((await connection.execute(select(changes))).all()) == 2
            assert len((await connection.execute(select(audit))).all()) == 2
            assert (await connection.execute(select(tellings))).all() == []

    async def test_the_first_time_of_telling_counts(self, sql: SqlArchive) -> None:
        await taken(sql)
        await sql.move_ticket("T1", TicketEvent.SOLVE, move("a1", "solve-001", 2, "已补发"))
        await sql.told("T1-3", T0 + 1)
        await sql.told("T1-3", T0 + 2)
        async with reading(sql._engine) as connection:
            assert (await connection.execute(select(tellings.c.told_at))).scalar() == T0 + 1
