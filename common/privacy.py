"""Secrets and personal numbers become typed tokens before anything is stored: `[phone:****5678]`.

Order numbers stay: agents need them, and they open nothing. Which words announce a secret (a password, a code) is content:
`data/lexicon/secret_words.txt`, one a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PHONE = re.compile(r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)")
_ID_CARD = re.compile(
    r"(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
)
_BANK_CARD = re.compile(r"(?<![\dA-Za-z])[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{4}(?:[ -]?\d{1,3})?(?![\dA-Za-z])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True)
class Masker:
    """Masks texts; `secret` finds an announced secret, its group 1 is the announcement."""

    secret: re.Pattern[str]

    @classmethod
    def load(cls, words_file: Path) -> Masker:
        """With the announcing words of a file; empty lines and lines starting with # are skipped."""
        lines = (line.strip() for line in words_file.read_text(encoding="utf-8").splitlines())
        return cls.of(line for line in lines if line and not line.startswith("#"))

    @classmethod
    def of(cls, words: Iterable[str]) -> Masker:
        """With the announcing `words`."""
        choice = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        announced = rf"((?:{choice})[^\x00-\x7f]{{0,3}}[\s:=]{{0,3}}(?:is\s)?)"
        return cls(re.compile(announced + r"([A-Za-z0-9!@#$%^&*_.+-]{4,32})", re.IGNORECASE))

    def mask(self, text: str) -> str:
        """`text` with every secret and personal number replaced; masking twice changes nothing."""
        text = _ID_CARD.sub(lambda m: f"[id_card:****{m[0][-4:]}]", text)  # a mistyped one is no less private
        text = _BANK_CARD.sub(_bank_card, text)
        text = _PHONE.sub(lambda m: f"[phone:****{_digits(m[0])[-4:]}]", text)
        text = _EMAIL.sub(lambda m: f"[email:{m[0][0]}***@{m[0].rpartition('@')[2]}]", text)
        return self.secret.sub(lambda m: f"{m[1]}[secret]", text)


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1), as on bank cards."""
    backwards = [int(digit) for digit in reversed(digits)]
    doubled = [2 * d - 9 if d > 4 else 2 * d for d in backwards[1::2]]
    return (sum(backwards[::2]) + sum(doubled)) % 10 == 0


def _bank_card(match: re.Match[str]) -> str:
    digits = _digits(match[0])
    return f"[bank_card:****{digits[-4:]}]" if passes_luhn(digits) else match[0]


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())
