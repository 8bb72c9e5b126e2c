"""Chips as ids: what a welcome offers, and what a picked one stands for. A client can name an id, never a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from common.errors import UnknownChip
from faq_index.library import Library
from handoff.protocol import Chip
from suggest import chips


class ChipBook:
    """Chips of the library in use; `library` is asked every time, so that a new release is seen."""

    def __init__(self, library: Callable[[], Library], opening: Sequence[str]) -> None:
        """`opening`: FAQ ids to offer before the player has typed."""
        self._library = library
        self._opening = opening

    def opening(self) -> list[Chip]:
        """猜你想问."""
        today = datetime.now(timezone.utc).date()
        entries = {entry.id: entry for entry in self._library().entries() if entry.fits(None, today)}
        return [Chip(id=f"faq:{s.faq_id}", text=s.text) for s in chips.opening(self._opening, entries)]

    def text(self, chip: str) -> str:
        """The label of a chip that a player picked.

        Raises:
            UnknownChip: it names no entry of the library.
        """
        kind, _, id = chip.partition(":")
        library = self._library()
        if kind != "faq" or id not in library:
            raise UnknownChip(f"expected faq:<id of an entry>, got {chip!r}", chip=chip)
        return library.entry(id).question


def read_opening(path: Path) -> list[str]:
    """Ids in a file, one a line; empty lines and lines starting with # are skipped."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
