"""Chips as ids: what a picked one stands for. A client can name an id, never a text."""

from __future__ import annotations

from collections.abc import Callable

from common.errors import UnknownChip
from faq_index.library import Library


class ChipBook:
    """Chips of the library in use; `library` is asked every time, so that a new release is seen."""

    def __init__(self, library: Callable[[], Library]) -> None:
        self._library = library

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
