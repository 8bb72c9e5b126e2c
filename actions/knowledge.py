"""The FAQ library and the scenarios of a release, loaded once each."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache

from bot.release import Release, load_release
from common.content import Scenario, load_scenarios
from common.language import CHINESE, ENGLISH
from common.settings import ROOT
from faq_index.library import Entry, Library

_pinned: ContextVar[Release | None] = ContextVar("pinned_release", default=None)


@dataclass(frozen=True)
class Knowledge:
    """What the actions know."""

    library: Library
    scenarios: dict[str, Scenario]

    def valid_entries(self, scenario: str) -> list[Entry]:
        """The entries of a scenario that hold today, in the order of the library."""
        return self.library.entries_of(scenario, datetime.now(timezone.utc).date())


def speaks(entry: Entry, language: str) -> bool:
    """Whether an entry can be read in a language."""
    return language == CHINESE or (language == ENGLISH and entry.english is not None)


def readable(entries: Iterable[Entry], language: str) -> list[Entry]:
    """Those that an English player can read; all of them for any other language, since the library speaks no third."""
    return [entry for entry in entries if language != ENGLISH or entry.english is not None]


def pin(release: Release) -> None:
    """Have the actions of this task use `release`, whatever becomes current meanwhile: it is the one the model knows."""
    _pinned.set(release)


def knowledge() -> Knowledge:
    """The knowledge of the pinned release, or of the current one (under a stock `rasa run actions`).

    Raises:
        SupportError: nothing was trained yet.
    """
    return _load(_pinned.get() or load_release(ROOT))


@lru_cache(maxsize=3)
def _load(release: Release) -> Knowledge:
    return Knowledge(Library.load(release.library), {s.id: s for s in load_scenarios(ROOT, [])})
