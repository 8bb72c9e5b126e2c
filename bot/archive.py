"""Packing a Rasa model quickly: gzip at level 1. Rasa's own level, 9, takes 15 s on arrays and saves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LEVEL = 1


@contextmanager
def quick_archives() -> Iterator[None]:
    """Inside, the model archives that Rasa writes are compressed lightly; they stay ordinary .tar.gz files."""
    from rasa.engine.storage import local_model_storage

    usual = local_model_storage.TarSafe

    class QuickTar(usual):  # type: ignore[misc, valid-type]
        """A TarSafe that compresses lightly."""

        @classmethod
        def gzopen(cls, name: Any, mode: str = "r", fileobj: Any = None, compresslevel: int = 9, **more: Any) -> Any:
            return super().gzopen(name, mode, fileobj, _LEVEL, **more)

    local_model_storage.TarSafe = QuickTar
    try:
        yield
    finally:
        local_model_storage.TarSafe = usual
