"""What the clients were told, against which the logs are held at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

INTERNAL = "internal:"  # what notes and whispers begin with, to be found where it must not be


@dataclass(frozen=True)
class Acknowledged:
    """A command that its sender was told is stored."""

    sender: str  # a player's or an agent's id
    type: str  # of the frame
    id: str
    conversation: str
    n: int  # the log (or note) number it got, 0: none
    epoch: int = 0  # under which an agent wrote
    text: str = ""


@dataclass(frozen=True)
class Vanished:
    """An agent's only socket closed while the agent had conversations."""

    agent: str
    at: int  # UTC milliseconds
    conversations: Mapping[str, int]  # their epochs


@dataclass
class Ledger:
    """Filled by the clients as they run."""

    acknowledged: list[Acknowledged] = field(default_factory=list)  # in the order of the acknowledgements
    refused: Counter[str] = field(default_factory=Counter)  # error code -> commands
    refused_ids: set[str] = field(default_factory=set)
    repeats: int = 0  # commands sent again after their answer
    resent: int = 0  # commands sent again because no answer came
    connections: int = 0
    seen: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=dict
    )  # conversation -> number -> what its player got
    vanished: list[Vanished] = field(default_factory=list)
    greeted: dict[str, list[int]] = field(default_factory=dict)  # agent -> when a socket of theirs was there again
    faults: list[str] = field(default_factory=list)  # what the clients themselves saw go wrong

    def answered(self, sender: str, frame: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """The first answer to a command."""
        if answer["type"] == "error":
            self.refused[answer["code"]] += 1
            self.refused_ids.add(frame["id"])
            if answer["code"] in ("id_conflict", "bad_frame"):
                self.faults.append(f"{sender}: {frame} was refused: {answer}")
            return
        self.acknowledged.append(
            Acknowledged(
                sender=sender,
                type=frame["type"],
                id=frame["id"],
                conversation=answer.get("conversation", ""),
                n=answer["n"],
                epoch=frame.get("epoch", 0),
                text=frame.get("text", ""),
            )
        )

    def answered_again(self, sender: str, frame: Mapping[str, Any], first: Any, again: Any) -> None:
        """The answer to a command that was sent again after it had been acknowledged."""
        self.repeats += 1
        if (first["n"], first.get("conversation")) != (again.get("n"), again.get("conversation")):
            self.faults.append(f"{sender}: {frame['type']} {frame['id']} was answered {first}, then {again}")

    def shown(self, player: str, conversation: str, entry: dict[str, Any], expected: Optional[int]) -> None:
        """A player got a log entry; `expected` is the number that had to come."""
        n = entry["n"]
        if expected is not None and n != expected:
            self.faults.append(f"{player} got entry {n} of {conversation}, expected {expected}")
        before = self.seen.setdefault(conversation, {}).setdefault(n, entry)
        if before != entry:
            self.faults.append(f"{player} got entry {n} of {conversation} as {before}, then as {entry}")

    def leaked(self, player: str, raw: str) -> None:
        """A player got something internal."""
        self.faults.append(f"{player} got an internal note: {raw[:200]}")

    def gone(self, agent: str, conversations: Mapping[str, int]) -> None:
        """An agent's only socket has been closed now."""
        self.vanished.append(Vanished(agent, _now(), dict(conversations)))

    def back(self, agent: str) -> None:
        """An agent is connected."""
        self.greeted.setdefault(agent, []).append(_now())


def _now() -> int:
    return time.time_ns() // 1_000_000
