"""The oracle of `python -m handoff.chaos` sees every kind of broken promise in made-up evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from handoff.chaos.evidence import Audited, Ended, Evidence, Log
from handoff.chaos.ledger import INTERNAL, Acknowledged, Ledger
from handoff.chaos.oracle import orphans, violations
from handoff.protocol import Entry, Note

C = "c1"
ENTRIES = [
    Entry(n=1, at=1, sender="player", kind="text", text="hello", id="p-1"),
    Entry(n=2, at=2, sender="system", kind="status", event="queued"),
    Entry(n=3, at=3, sender="system", kind="status", event="accepted", name="Agent"),
    Entry(n=4, at=4, sender="agent", kind="text", text="hi", id="a-2"),
    Entry(n=5, at=5, sender="system", kind="status", event="closed", data={"episode": "e1"}),
]
NOTES = [Note(n=1, at=4, author="Agent", text=f"{INTERNAL} careful", id="a-3")]
TOLD = [
    Acknowledged("p", "send", "p-1", C, 1, text="hello"),
    Acknowledged("p", "human", "p-2", C, 2),
    Acknowledged("a", "accept", "a-1", C, 3),
    Acknowledged("a", "send", "a-2", C, 4, epoch=2, text="hi"),
    Acknowledged("a", "note", "a-3", C, 1),
    Acknowledged("a", "close", "a-4", C, 5, epoch=2),
]


def audited(event: str, actor: str, epoch: int = 0, when: int = 0, **data: Any) -> Audited:
    return Audited(when, event, actor, C, epoch, "e1", data)


AUDIT = [
    audited("request", "p:p", 1),
    audited("accept", "a:a", 2),
    audited("timer", "system", 2, kind="idle", at=7),
    audited("close", "a:a", 3),
]


def ledger(*told: Acknowledged) -> Ledger:
    return Ledger(acknowledged=list(told), seen={C: {1: msgspec.to_builtins(ENTRIES[0])}})


def evidence(**changes: Any) -> Evidence:
    sound = Evidence({C: Log(ENTRIES, NOTES)}, 0, [], AUDIT, {"e1": Ended("e1", "ended", "closed")})
    return replace(sound, **changes)


def found(ledger: Ledger, evidence: Evidence) -> list[str]:
    return list(violations(ledger, evidence, lambda start, end: 0))


def logged(*entries: Entry) -> dict[str, Log]:
    return {C: Log(entries, NOTES)}


def test_a_sound_run_breaks_nothing() -> None:
    assert found(ledger(*TOLD), evidence()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"logs": logged(*ENTRIES[:4])}, "acknowledged but lost"),
        ({"logs": logged(*ENTRIES[:2], *ENTRIES[3:])}, "has gaps"),
        ({"logs": logged(*ENTRIES, msgspec.structs.replace(ENTRIES[0], n=6))}, "stored more than once"),
        ({"logs": {C: Log(ENTRIES, [])}}, "a note is not there once"),
        ({"audit": [*AUDIT, audited("take_over", "a:b", 2)]}, "has 2 owners"),
        ({"audit": [AUDIT[0], audited("accept", "a:b", 2), *AUDIT[2:]]}, "a claim that nobody audited"),
        ({"audit": AUDIT[1:]}, "0 audited"),
        ({"audit": [*AUDIT, AUDIT[2]]}, "acted on 2 times"),
        ({"audit": [*AUDIT, audited("cancel", "p:p", 3)]}, "ended as closed by ['close', 'cancel']"),
        ({"episodes": {"e1": Ended("e1", "active", "")}}, "has not ended"),
        ({"torn": [C]}, "another beginning"),
    ],
)
def test_what_the_service_kept_wrongly_is_seen(changes: dict[str, Any], says: str) -> None:
    assert any(says in line for line in found(ledger(*TOLD), evidence(**changes)))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (replace(TOLD[0], n=9), "acknowledged but lost"),
        (replace(TOLD[0], text="other words"), "but the log has"),
        (replace(TOLD[1], n=1), "out of order"),
        (replace(TOLD[3], sender="b", id="b-1"), "has the same entry as"),
        (replace(TOLD[3], epoch=1), "let in, but [] had the conversation"),
        (replace(TOLD[5], sender="b"), "let in, but ['a'] had the conversation"),
    ],
)
def test_what_a_client_was_told_wrongly_is_seen(told: Acknowledged, says: str) -> None:
    assert any(says in line for line in found(ledger(*TOLD, told), evidence()))


def test_a_guest_may_write_and_nobody_else() -> None:
    wrote = Acknowledged("g", "send", "g-1", C, 6, epoch=2, text="me too")
    entry = Entry(n=6, at=6, sender="agent", kind="text", text="me too", id="g-1")
    said = evidence(logs=logged(*ENTRIES, entry))
    assert any("let in" in line for line in found(ledger(*TOLD, wrote), said))
    assert found(ledger(*TOLD, wrote), replace(said, audit=[*AUDIT, audited("joined", "a:g", 2)])) == []


def test_a_refused_message_that_was_stored_is_seen() -> None:
    told = ledger(*TOLD)
    told.refused_ids.add("p-1")
    assert any("refused, and yet stored" in line for line in found(told, evidence()))


def test_a_players_copy_that_differs_from_the_log_is_seen() -> None:
    told = ledger(*TOLD)
    told.seen[C][4] = {"n": 4, "text": "something else"}
    assert any("a player has" in line for line in found(told, evidence()))


def test_clients_see_gaps_and_different_answers_themselves() -> None:
    told = ledger(*TOLD)
    told.shown("p", C, {"n": 3}, 2)
    told.answered_again("p", {"type": "send", "id": "p-1"}, {"n": 1, "conversation": C}, {"n": 2, "conversation": C})
    assert len(found(told, evidence())) >= 2


def test_an_orphan_is_measured_from_the_closed_socket_to_the_queue_less_what_was_disturbed() -> None:
    told = ledger(*TOLD)
    told.gone("a", {C: 2})
    (vanished,) = told.vanished
    back = audited("requeue", "system", 3, when=vanished.at + 16_000)
    offered = audited("offered", "system", 3, when=vanished.at + 16_500)
    kept = evidence(audit=[*AUDIT[:3], back, offered])
    (orphan,) = orphans(told, kept, lambda start, end: 2_000)
    assert (orphan.waited_ms, orphan.offered_ms, orphan.disturbed_ms) == (16_000, 16_500, 2_000)
    assert not any("orphan" in line for line in violations(told, kept, lambda start, end: 2_000))
    assert any("an orphan waited too long" in line for line in violations(told, kept, lambda start, end: 0))


@pytest.mark.parametrize(("away_ms", "broken"), [(9_000, False), (15_001, True)])
def test_an_agent_who_comes_back_in_time_keeps_the_conversation_and_not_later(away_ms: int, broken: bool) -> None:
    told = ledger(*TOLD)
    told.gone("a", {C: 2})
    told.greeted["a"] = [told.vanished[0].at + away_ms]
    kept = evidence(audit=[*AUDIT[:3], replace(AUDIT[3], at=told.vanished[0].at + 60_000)])
    assert any("an orphan waited too long" in line for line in found(told, kept)) == broken


def test_what_was_over_before_the_agent_vanished_is_no_orphan() -> None:
    told = ledger(*TOLD)
    told.gone("a", {C: 2})
    told.greeted["a"] = [told.vanished[0].at + 20_000]
    assert list(orphans(told, evidence(), lambda start, end: 0)) == []
