"""Holds what the clients were told against what the service has kept; every difference is a violation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from handoff.chaos.evidence import Audited, Evidence
from handoff.chaos.ledger import INTERNAL, Acknowledged, Ledger
from handoff.machine import EndReason

ORPHAN_MS = 15_000
_NOTES = ("note", "whisper")  # commands whose number is that of a note
_MESSAGES = ("send",)
_STATUS = {
    "human": "queued", "cancel_human": "cancelled", "keep": "kept", "ticket": "ticket", "rate": "rated",
    "accept": "accepted", "take_over": "taken_over", "return": "returned", "close": "closed", "dismiss": "left",
}  # fmt: skip
_TAKINGS = ("accept", "transferred", "take_over")  # audited changes of the owner to an agent
_ENDS = {
    "close": EndReason.CLOSED, "wrapped": EndReason.RETURNED, "expired": EndReason.EXPIRED, "cancel": EndReason.CANCELLED,
    "no_reply": EndReason.NO_REPLY,
}  # fmt: skip
_BY_TICKET = (EndReason.TICKET.value, EndReason.MISSED.value)
_NO_ORPHAN_ANY_MORE = (*_TAKINGS, "requeue", "return", "close", "no_reply")
_TIMER_ENTRIES = {
    "still_waiting": "notice", "idle_ask": "ask", "idle_closed": "close", "missed_turn": "call", "late": "late",
}  # fmt: skip


@dataclass(frozen=True)
class Orphaned:
    """A conversation whose agent vanished, and how long it took until others could have it; milliseconds."""

    conversation: str
    waited_ms: int  # until it was back in the queue, or the agent was there again
    disturbed_ms: int  # of this time, when what has to do it was itself down
    offered_ms: int = 0  # until it was offered or taken; 0: it was not
    kept: bool = False  # the agent was there again first


def violations(ledger: Ledger, evidence: Evidence, disturbed: Callable[[int, int], int]) -> Iterator[str]:
    """What must not be, a sentence each. `disturbed`: as of `orphans`."""
    yield from ledger.faults
    yield from _numbering(evidence)
    yield from _acknowledged(ledger, evidence)
    yield from _refused(ledger, evidence)
    yield from _copies(ledger, evidence)
    yield from _owners(ledger, evidence)
    yield from _requests(ledger, evidence)
    yield from _timers(evidence)
    yield from _replies(evidence)
    for orphan in orphans(ledger, evidence, disturbed):
        if orphan.waited_ms - orphan.disturbed_ms > ORPHAN_MS:
            yield f"an orphan waited too long: {orphan}"


def _numbering(evidence: Evidence) -> Iterator[str]:
    for id, log in evidence.logs.items():
        for name, lines in (("log", log.entries), ("notes", log.notes)):
            if [line.n for line in lines] != list(range(1, len(lines) + 1)):
                yield f"the {name} of {id} has gaps: {[line.n for line in lines]}"
        for entry in log.entries:
            if INTERNAL in entry.text or INTERNAL in str(entry.data):
                yield f"entry {entry.n} of {id} is internal"
    for id in evidence.torn:
        yield f"the archive has another beginning of {id} than Redis"


def _acknowledged(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    newest: dict[tuple[str, str], int] = {}
    numbered: dict[tuple[str, int], str] = {}
    for told in ledger.acknowledged:
        if told.type in _NOTES:
            yield from _noted(told, evidence)
        elif told.n:
            if told.n <= newest.get((told.sender, told.conversation), 0):
                yield f"out of order: {told}"
            newest[told.sender, told.conversation] = told.n
            other = numbered.setdefault((told.conversation, told.n), told.id)
            if other != told.id:
                yield f"{other} has the same entry as {told}"
            yield from _stored(told, evidence)


def _stored(told: Acknowledged, evidence: Evidence) -> Iterator[str]:
    entries = evidence.logs[told.conversation].entries if told.conversation in evidence.logs else []
    if told.n > len(entries):
        yield f"acknowledged but lost: {told}"
        return
    entry = entries[told.n - 1]
    if told.type in _MESSAGES and (entry.id, entry.text) != (told.id, told.text):
        yield f"acknowledged, but the log has {entry}: {told}"
    if told.type in _MESSAGES and sum(entry.id == told.id for entry in entries) != 1:
        yield f"stored more than once: {told}"
    if told.type in _STATUS and entry.event != _STATUS[told.type]:
        yield f"acknowledged, but the log has {entry}: {told}"


def _noted(told: Acknowledged, evidence: Evidence) -> Iterator[str]:
    notes = evidence.logs[told.conversation].notes if told.conversation in evidence.logs else []
    if [note.n for note in notes if note.id == told.id] != [told.n]:
        yield f"a note is not there once: {told}"


def _refused(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    for id, log in evidence.logs.items():
        for entry in log.entries:
            if entry.id in ledger.refused_ids:
                yield f"refused, and yet stored as {entry.n} of {id}: {entry.id}"


def _copies(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    for id, seen in ledger.seen.items():
        kept = (
            {entry.n: msgspec.to_builtins(entry) for entry in evidence.logs[id].entries} if id in evidence.logs else {}
        )
        for n, entry in seen.items():
            if kept.get(n) != entry:
                yield f"a player has {entry} of {id}, the log {kept.get(n)}"
                break


def _owners(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    owners, guests, claims = _owners_by_epoch(evidence.audit)
    for (conversation, epoch), agents in owners.items():
        if len(agents) > 1:
            yield f"epoch {epoch} of {conversation} has {len(agents)} owners: {agents}"
    for told in ledger.acknowledged:
        if told.type in ("accept", "take") and (told.conversation, told.sender) not in claims:
            yield f"a claim that nobody audited: {told}"
        if told.type not in ("return", "close") and (told.type not in _MESSAGES or not told.epoch):
            continue
        allowed = {*owners.get((told.conversation, told.epoch), ())}
        if told.type in _MESSAGES:
            allowed |= guests.get(told.conversation, set())
        if told.sender not in allowed:
            yield f"let in, but {sorted(allowed)} had the conversation: {told}"


def _owners_by_epoch(
    audit: Sequence[Audited],
) -> tuple[Mapping[tuple[str, int], list[str]], Mapping[str, set[str]], set[tuple[str, str]]]:
    """Who took each epoch of each conversation; who was ever a guest of it; who took or joined it."""
    owners: dict[tuple[str, int], list[str]] = defaultdict(list)
    guests: dict[str, set[str]] = defaultdict(set)
    claims: set[tuple[str, str]] = set()
    for line in audit:
        agent = line.actor.removeprefix("a:")
        if line.event in _TAKINGS:
            owners[line.conversation, line.epoch].append(agent)
            claims.add((line.conversation, agent))
        elif line.event == "joined":
            guests[line.conversation].add(agent)
            claims.add((line.conversation, agent))
    return owners, guests, claims


def _requests(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    asked = Counter((line.conversation, line.actor) for line in evidence.audit if line.event == "request")
    told = Counter((a.conversation, f"p:{a.sender}") for a in ledger.acknowledged if a.type == "human")
    for where, times in told.items():
        if asked[where] < times:
            yield f"{times} requests of {where[1]} in {where[0]} were acknowledged, {asked[where]} audited"
    ends: dict[str, list[str]] = defaultdict(list)
    for line in evidence.audit:
        if line.event in _ENDS or (line.event == "ticket" and "by" not in line.data):
            ends[line.episode].append(line.event)
    for line in evidence.audit:
        if line.event == "request":
            yield from _ended_once(line.episode, ends[line.episode], evidence)


def _ended_once(episode: str, ends: list[str], evidence: Evidence) -> Iterator[str]:
    row = evidence.episodes.get(episode)
    if row is None or row.state != "ended":
        yield f"request {episode} has not ended: {row}, {ends}"
        return
    proper = [end for end in ends if end != "ticket"]
    if row.end_reason in _BY_TICKET:
        right = not proper and "ticket" in ends
    else:
        right = [_ENDS[end].value for end in proper] == [row.end_reason]
    if not right:
        yield f"request {episode} ended as {row.end_reason} by {ends}"


def _timers(evidence: Evidence) -> Iterator[str]:
    acted = Counter((a.conversation, a.data["kind"], a.data["at"]) for a in evidence.audit if a.event == "timer")
    for timer, times in acted.items():
        if times > 1:
            yield f"acted on {times} times: {timer}"
    fired = Counter((conversation, kind.rpartition(".")[2]) for conversation, kind, _ in acted)
    for id, log in evidence.logs.items():
        for event, times in Counter(entry.event for entry in log.entries).items():
            kind = _TIMER_ENTRIES.get(event)
            if kind and times > fired[id, kind]:
                yield f"{id} was told {event} {times} times by {fired[id, kind]} timers"


def _replies(evidence: Evidence) -> Iterator[str]:
    """The played bot names the message that it answers (handoff/chaos/played_bot.py)."""
    for id, log in evidence.logs.items():
        replies = Counter(entry.text for entry in log.entries if entry.sender == "bot" and entry.text.startswith("re "))
        for reply, times in replies.items():
            if times > 1:
                yield f"the bot answered {times} times in {id}: {reply}"


def orphans(ledger: Ledger, evidence: Evidence, disturbed: Callable[[int, int], int]) -> Iterator[Orphaned]:
    """Conversations whose agent vanished, as the audit has it.

    `disturbed`: milliseconds between two times in which Redis was away, a gateway frozen or no handoff worker at work.
    """
    lines: dict[str, list[Audited]] = defaultdict(list)
    for line in evidence.audit:
        lines[line.conversation].append(line)
    owners, _, _ = _owners_by_epoch(evidence.audit)
    for vanished in ledger.vanished:
        for conversation, epoch in vanished.conversations.items():
            if vanished.agent not in owners.get((conversation, epoch), ()):
                continue
            if any(line.epoch > epoch and line.at < vanished.at for line in lines[conversation]):
                continue  # the agent had not heard yet that it was over
            later = [line for line in lines[conversation] if line.at >= vanished.at]
            back = next((at for at in ledger.greeted.get(vanished.agent, ()) if at > vanished.at), None)
            moved = next((line for line in later if line.event in _NO_ORPHAN_ANY_MORE), None)
            if back and (moved is None or moved.at > back):
                yield Orphaned(conversation, back - vanished.at, disturbed(vanished.at, back), kept=True)
            elif moved and moved.event == "requeue":
                offers = (line.at for line in later if line.at >= moved.at and line.event in ("offered", "accept"))
                yield Orphaned(
                    conversation,
                    moved.at - vanished.at,
                    disturbed(vanished.at, moved.at),
                    offered_ms=max(0, next(offers, 0) - vanished.at),
                )


def ends_by_reason(evidence: Evidence) -> dict[str, Any]:
    """How many requests ended in which way."""
    return dict(Counter(episode.end_reason for episode in evidence.episodes.values()).most_common())
