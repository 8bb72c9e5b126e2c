"""The FAQ library of the release in use, for chips; loaded again when the release changes."""

from __future__ import annotations

from functools import lru_cache

from bot.release import Release, load_release
from common.settings import ROOT
from faq_index.library import Library


def current_library() -> Library:
    """Raises SupportError when nothing was trained yet."""
    return _load(load_release(ROOT))


@lru_cache(maxsize=2)
def _load(release: Release) -> Library:
    return Library.load(release.library)
