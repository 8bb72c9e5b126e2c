"""Hashes that say whether work has to be done again."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType


def of_files(paths: Iterable[Path]) -> str:
    """A hash over the content of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def of_modules(*modules: ModuleType) -> str:
    """A hash over the source of modules: results made by other code are not the same results."""
    return of_files(Path(inspect.getfile(module)) for module in modules)


def of_parts(*parts: object) -> str:
    """A hash over the representation of plain values."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
