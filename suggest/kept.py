"""Texts taken apart, kept on disk from one training to the next: an operator changes few of them at a time.

One file for each state of lexicon, code and requirements. It appears whole or not at all; one that can't be read is as
good as none.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

from suggest.phrases import Units

#: Fewer new texts are sooner taken apart again than everything is written.
_WORTH_WRITING = 500
#: Where more texts than this have gathered, only those of the last training are kept.
_MOST = 200_000
#: Files of other states that are kept.
_OTHERS = 1
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, pickle.UnpicklingError)


class KeptUnits:
    """Takes apart only texts that no training has met before."""

    def __init__(self, path: Path, take_apart: Callable[[str], Units]) -> None:
        """`path` must name everything but the text that decides what comes of it."""
        self._path = path
        self._take_apart = take_apart
        try:
            self._known: dict[str, tuple[str, str, bytes, bytes]] = pickle.loads(path.read_bytes())
        except _UNREADABLE:
            self._known = {}
        self._read = len(self._known)
        self._asked: set[str] = set()

    def __call__(self, text: str) -> Units:
        self._asked.add(text)
        known = self._known.get(text)
        if known is None:
            chars, syllables, offsets, places = self._take_apart(text)
            known = self._known[text] = chars, syllables, offsets, places
        return Units(*known)

    def save(self) -> None:
        """Keep them where that is worth it; files of older states go."""
        if len(self._known) - self._read < _WORTH_WRITING:
            return
        if len(self._known) > _MOST:
            self._known = {text: self._known[text] for text in self._asked}
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        partial.write_bytes(pickle.dumps(self._known, protocol=pickle.HIGHEST_PROTOCOL))
        os.replace(partial, self._path)
        others = sorted((p for p in folder.glob("*.pickle") if p != self._path), key=lambda path: path.stat().st_mtime)
        for path in others[: len(others) - _OTHERS]:
            path.unlink(missing_ok=True)
