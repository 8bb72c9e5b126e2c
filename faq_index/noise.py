"""Spoiling a text as a hurried thumb does: homophones, pinyin, dropped, doubled and swapped characters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from faq_index.analysis import syllable_of

#: The share of characters that are spoiled, and of these what becomes of them.
_RATE = 0.18
_KINDS = ("homophone", "pinyin", "dropped", "doubled", "swapped")
_SHARES = (0.66, 0.1, 0.1, 0.06, 0.08)
#: Only common characters stand in for others.
_COMMON = 3000


class Noise:
    """Spoils texts; the same seed and the same calls give the same spoiled texts."""

    def __init__(self, texts: Iterable[str], seed: int = 0) -> None:
        """`texts` tell which characters are common enough to be mistyped for another."""
        self._random = np.random.default_rng(seed)
        self._alike: dict[str, list[str]] = defaultdict(list)
        counts = Counter(char for text in texts for char in text)
        for char, _ in counts.most_common(_COMMON):
            if sound := syllable_of(char):
                self._alike[sound].append(char)

    def __call__(self, text: str) -> str:
        """The text with about a sixth of its Chinese characters spoiled."""
        spoiled: list[str] = []
        for char, draw in zip(text, self._random.random(len(text))):
            sound = syllable_of(char)
            spoiled.append(char if sound is None or draw >= _RATE else self._spoil(char, sound, spoiled))
        return "".join(spoiled)

    def _spoil(self, char: str, sound: str, before: list[str]) -> str:
        kind = self._random.choice(_KINDS, p=_SHARES)
        if kind == "homophone":
            others = [other for other in self._alike[sound] if other != char] or [char]
            return others[self._random.integers(len(others))]
        if kind == "swapped" and before:
            previous = before.pop()
            return char + previous
        return {"pinyin": sound, "dropped": "", "doubled": char * 2}.get(kind, char)
