"""Keeping what is never used out of the serving process.

thinc (on which spaCy stands) imports torch, and TensorFlow Lite (on which Rasa stands) imports jax, wherever they are
installed: 500 MB and several seconds for nothing. Both expect an ImportError and do without.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("torch", "jax")


@contextmanager
def lean_imports() -> Iterator[None]:
    """Inside, torch and jax look as if they were not installed; a process that has loaded one already keeps it."""
    hidden = [name for name in _UNUSED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
