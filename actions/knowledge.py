"""The FAQ library and the scenarios of the release in use, loaded on first use and again when the release changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bot.release import Release, current

from common.content import Scenario, load_scenarios
from common.settings import ROOT
from faq_index.library import Library


@dataclass(frozen=True)
class Knowledge:
    """What the actions know."""

    library: Library
    scenarios: dict[str, Scenario]


def knowledge() -> Knowledge:
    """The knowledge of the release that `models/current` names.

    Raises:
        SupportError: nothing was trained yet.
    """
    return _load(current())


@lru_cache(maxsize=2)
def _load(release: Release) -> Knowledge:
    return Knowledge(Library.load(release.library), {s.id: s for s in load_scenarios(ROOT, [])})
