"""What the encoder is trained on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class TrainingText:
    """A text, the class it belongs to, and the FAQ entry that answers it ("" when none is known)."""

    text: str
    label: str
    entry: str = ""
