"""Hashes that say whether work has to be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of_files(paths: Iterable[Path]) -> str:
    """A hash over the content of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def of_parts(*parts: object) -> str:
    """A hash over the representation of plain values."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
