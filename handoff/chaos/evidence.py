"""Reads what the service has kept when all is over: the logs from Redis and the archive, the audit trail, what is left behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.errors import UnknownConversation
from handoff.archive import Archive
from handoff.protocol import Entry, Note
from handoff.redis_store import RedisStore


@dataclass(frozen=True)
class Log:
    """A conversation as it is kept."""

    entries: Sequence[Entry]
    notes: Sequence[Note]


@dataclass(frozen=True)
class Audited:
    """A line of the audit trail."""

    at: int  # UTC milliseconds
    event: str
    actor: str
    conversation: str
    epoch: int
    episode: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """An episode's row in the archive."""

    id: str
    state: str
    end_reason: str


@dataclass(frozen=True)
class Evidence:
    """Everything that is held against the ledger."""

    logs: dict[str, Log]  # by conversation
    archived: int  # how many of them are in the archive only
    torn: list[str]  # conversations whose archived part differs from what is still live
    audit: Sequence[Audited]  # as it happened
    episodes: dict[str, Ended]


async def collect(store: RedisStore, archive: Archive, database: Path, conversations: Collection[str]) -> Evidence:
    """Read everything about these conversations and all others that the audit names."""
    audit, episodes = _audit(database), _episodes(database)
    logs: dict[str, Log] = {}
    archived, torn = 0, []
    for id in {*conversations, *(line.conversation for line in audit)} - {""}:
        kept = await archive.conversation(id)
        try:
            await store.view(id)
            logs[id] = Log(await store.entries(id), await store.notes(id))
        except UnknownConversation:
            logs[id] = Log(kept.entries if kept else [], kept.notes if kept else [])
            archived += 1
            continue
        if kept and list(kept.entries) != list(logs[id].entries)[: len(kept.entries)]:
            torn.append(id)
    return Evidence(logs, archived, torn, audit, episodes)


def _audit(database: Path) -> list[Audited]:
    rows = _rows(database, "SELECT id, at, event, actor, conversation, epoch, episode, data FROM audit")
    rows.sort(key=lambda row: tuple(map(int, row[0].split("-"))))  # Redis gave the ids in the steps themselves
    return [
        Audited(at, event, actor, conversation, epoch, episode, json.loads(data))
        for _, at, event, actor, conversation, epoch, episode, data in rows
    ]


def _episodes(database: Path) -> dict[str, Ended]:
    return {row[0]: Ended(*row) for row in _rows(database, "SELECT id, state, end_reason FROM episodes")}


def _rows(database: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
