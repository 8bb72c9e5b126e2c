"""Tickets: what may follow what, who may do it, when it is due and what the player hears."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from common.errors import BadText, IllegalTransition, NotOwner
from handoff.store import Command
from handoff.tickets import (
    FINISHED,
    Change,
    Move,
    Outdated,
    Ticket,
    TicketEvent,
    TicketState,
    apply,
    moved,
    telling,
)

HOUR = 3_600_000
NEW = Ticket(
    "T1", TicketState.OPEN, "c1", "p1", "充值没到", created_at=0, due_at=4 * HOUR, history=[Change(0, "p:p1", "open")]
)
LEGAL = {
    ("open", "take"): "in_progress", ("open", "close"): "closed", ("open", "note"): "open",
    ("in_progress", "take"): "in_progress", ("in_progress", "ask"): "waiting_player", ("in_progress", "solve"): "solved",
    ("in_progress", "close"): "closed", ("in_progress", "note"): "in_progress",
    ("waiting_player", "take"): "waiting_player", ("waiting_player", "resume"): "in_progress",
    ("waiting_player", "solve"): "solved", ("waiting_player", "close"): "closed",
    ("waiting_player", "note"): "waiting_player",
    ("solved", "close"): "closed", ("solved", "reopen"): "open", ("solved", "note"): "solved",
    ("closed", "reopen"): "open", ("closed", "note"): "closed",
}  # fmt: skip


def after(ticket: Ticket, *events: str, agent: str = "a1", minutes: int = 1) -> Ticket:
    """The ticket after events of one agent, each so many minutes after the last change."""
    for event in events:
        at = ticket.history[-1].at + minutes * 60_000
        ticket = moved(ticket, TicketEvent(event), Move(Command("id", "m"), agent, at, ticket.version, "话"), 4 * 3600)
    return ticket


@pytest.mark.parametrize("state", TicketState)
@pytest.mark.parametrize("event", TicketEvent)
def test_every_pair_of_state_and_event_is_decided(state: TicketState, event: TicketEvent) -> None:
    target = LEGAL.get((state.value, event.value))
    if target is None:
        with pytest.raises(IllegalTransition) as refusal:
            apply(state, event)
        assert refusal.value.fields == {"state": state.value, "event": event.value}
    else:
        assert apply(state, event).value == target


def test_every_state_can_be_reached_and_left() -> None:
    assert {target for (state, _), target in LEGAL.items() if state != target} == {state.value for state in TicketState}
    assert {state for (state, _), target in LEGAL.items() if state != target} == {state.value for state in TicketState}


def test_a_stale_version_is_told_who_has_it_now() -> None:
    taken = after(NEW, "take")
    with pytest.raises(Outdated) as refusal:
        moved(taken, TicketEvent.TAKE, Move(Command("id", "m"), "a2", 9, 1), 60)
    assert refusal.value.fields == {"number": "T1", "state": "in_progress", "assignee": "a1", "version": 2}


@pytest.mark.parametrize("event", ["ask", "solve", "close"])
def test_a_colleagues_ticket_has_to_be_taken_first(event: str) -> None:
    taken = after(NEW, "take")
    with pytest.raises(NotOwner) as refusal:
        after(taken, event, agent="a2")
    assert refusal.value.fields["agent"] == "a1"
    assert after(taken, "take", event, agent="a2").assignee == "a2"


def test_anybody_may_note_and_close_what_is_solved() -> None:
    solved = after(NEW, "take", "solve")
    assert after(solved, "note", "close", agent="a2").state is TicketState.CLOSED


def test_taking_what_one_has_is_refused() -> None:
    with pytest.raises(IllegalTransition):
        after(NEW, "take", "take")


@pytest.mark.parametrize("events, last", [(("take",), "ask"), (("take",), "solve"), (("take",), "close"), ((), "note"),
                                          ((), "close")])  # fmt: skip
def test_words_are_needed_where_somebody_reads_them(events: tuple[str, ...], last: str) -> None:
    ticket = after(NEW, *events)
    with pytest.raises(BadText):
        moved(ticket, TicketEvent(last), Move(Command("id", "m"), "a1", 9, ticket.version), 60)


def test_time_that_the_player_takes_is_not_counted() -> None:
    waited = after(after(NEW, "take", "ask", "note"), "resume", minutes=30)
    assert waited.due_at == 4 * HOUR + 31 * 60_000  # from the question on, notes do not matter
    assert after(NEW, "take", "ask", "solve").due_at == 4 * HOUR + 60_000
    assert after(NEW, "take", "note").due_at == 4 * HOUR


def test_a_colleague_who_takes_over_while_the_player_is_asked_leaves_the_clock_standing() -> None:
    asked = after(NEW, "take", "ask")
    over = after(asked, "take", agent="a2", minutes=10)
    assert (over.state, over.due_at) == (TicketState.WAITING_PLAYER, asked.due_at)
    assert after(over, "resume", agent="a2", minutes=5).due_at == 4 * HOUR + 15 * 60_000


@pytest.mark.parametrize("events, told", [
    (("take",), False), (("take", "ask"), True), (("take", "ask", "resume"), False), (("take", "solve"), True),
    (("take", "solve", "close"), False), (("close",), True), (("take", "close"), True), (("take", "ask", "close"), True),
    (("take", "solve", "reopen"), False), (("note",), False), (("take", "solve", "note"), False),
])  # fmt: skip
def test_the_player_hears_what_concerns_them(events: tuple[str, ...], told: bool) -> None:
    before = after(NEW, *events[:-1])
    last = after(before, events[-1])
    word = telling(before, TicketEvent(events[-1]), last)
    assert (word is not None) is told
    if word:
        assert (word.id, word.state, word.text) == (f"T1-{last.version}", last.state, "话")


def test_a_finished_one_that_is_reopened_begins_anew() -> None:
    again = after(NEW, "take", "solve", "reopen")
    assert (again.state, again.assignee) == (TicketState.OPEN, "")
    assert again.due_at == again.history[-1].at + 4 * HOUR
    assert replace(again, state=TicketState.CLOSED).state in FINISHED
