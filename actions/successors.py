"""What players asked next after an entry, where the worker that runs the actions counts it; a stock Rasa knows none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar

from faq_index.library import Entry, Library

#: Entry id -> the ids asked next, with decayed counts.
AskedNext = Callable[[str], Awaitable[Mapping[str, float]]]

_source: ContextVar[AskedNext | None] = ContextVar("asked_next", default=None)


def count_by(source: AskedNext | None) -> None:
    """Have the actions of this task ask `source`."""
    _source.set(source)


async def asked_next(entry: Entry, library: Library) -> list[tuple[Entry, float]]:
    """The entries asked after this one and how often; empty where nothing is counted."""
    source = _source.get()
    counts = await source(entry.id) if source else {}
    return [(library.entry(id), count) for id, count in counts.items() if id in library]
