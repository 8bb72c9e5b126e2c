"""The content of the release in use, as chips and completion need it; made again when the release changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.release import Release, load_release
from common.content import load_scenarios
from common.settings import ROOT
from common.traffic import load_traffic
from faq_index.library import Library
from suggest.completion import Completer
from suggest.opening import Opening
from suggest.rules import Rules
from suggest.suggest_file import CALENDAR, SUGGEST, load_rules


@dataclass(frozen=True)
class Content:
    """A library and what belongs to it."""

    #: Another name is another content.
    name: str
    library: Library
    #: The project's folder, with the operator's rules of what to suggest.
    root: Path
    #: What completion serves from.
    completion: Path

    def rules(self) -> Rules:
        """What operators say of situations."""
        return load_rules(self.root)

    def completer(self) -> Completer:
        """Completion over the library."""
        return Completer.load(self.completion)

    def opening(self) -> Opening:
        """The chooser of chips."""
        scenarios = frozenset(scenario.id for scenario in load_scenarios(self.root, []))
        return Opening(self.library.entries(), self.rules(), load_traffic(self.root, scenarios))


def current_content() -> Content:
    """The current release's, with the rules as they are now. Raises SupportError when nothing was trained yet."""
    changed = tuple(path.stat().st_mtime_ns for path in (ROOT / SUGGEST, ROOT / CALENDAR) if path.exists())
    return _load(load_release(ROOT), changed)


@lru_cache(maxsize=2)
def _load(release: Release, changed: tuple[int, ...]) -> Content:
    return Content(f"{release.folder.name} {changed}", Library.load(release.library), release.root, release.completion)
