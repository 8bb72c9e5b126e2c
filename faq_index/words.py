"""Cutting a normalised text into words with jieba and the game's own dictionary.

Jieba keeps one dictionary per process (a second one would cost 60 MB): the game's words are added to it once, and
Rasa's JiebaTokenizer, which uses the same dictionary, cuts the same words.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

_loaded: set[str] = set()


def load_dictionaries(folder: Path) -> None:
    """Add every dictionary file of `folder` to jieba; one that was added before (same content) is skipped."""
    for path in sorted(folder.glob("*.txt")):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in _loaded:
            _jieba().load_userdict(content.decode("utf-8").splitlines())
            _loaded.add(digest)


def cut(text: str) -> Iterator[tuple[str, int, int]]:
    """(word, start, end) for each word, in order."""
    yield from _jieba().tokenize(text)


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    return jieba
