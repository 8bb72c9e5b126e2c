"""What one and two keystrokes find, worked out when a release is made: so little typed is held by very many phrases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase, digits

import numpy as np

from suggest.matching import Evidence, Matcher
from suggest.recent import Recent
from suggest.tables import Ints, PrefixTable, Tables

#: Bytes of the newest look-ups: most players type the same beginnings.
_REMEMBERED = 8_000_000
_OVERHEAD = 500
#: Entries of one beginning that the table holds.
_KEPT = 400


@dataclass(frozen=True)
class Found:
    """Entries that hold what was typed, by number, and how likely somebody who wants each types it."""

    entries: Ints
    evidence: Evidence


class Prefixes:
    """Finds what was typed: in the table if it is short, among what was typed lately, or anew."""

    def __init__(self, tables: Tables, matcher: Matcher) -> None:
        self._table = tables.prefixes
        self._rows = {key: row for row, key in enumerate(tables.prefixes.keys)}
        self._matcher = matcher
        self._found: Recent[str, Found] = Recent(_REMEMBERED)

    def find(self, typed: str) -> Found:
        """The entries for a text as it stands in the field."""
        row = self._rows.get(typed)
        if row is not None:
            begin, end = self._table.begins[row : row + 2]
            return Found(self._table.entries[begin:end].astype(np.int32), self._table.evidence[begin:end].astype(float))
        known = self._found.get(typed)
        if known is None:
            known = found_by(self._matcher, typed)
            self._found.put(typed, known, known.entries.nbytes + known.evidence.nbytes + _OVERHEAD)
        return known


def found_by(matcher: Matcher, typed: str) -> Found:
    """The entries for a text, matched anew."""
    evidence = matcher.evidence(typed)
    entries = np.flatnonzero(evidence).astype(np.int32)
    return Found(entries, evidence[entries])


def prefix_table(tables: Tables) -> PrefixTable:
    """The table for one character, one letter and two letters."""
    matcher = Matcher(tables)
    found = [(key, found_by(matcher, key)) for key in _keys(tables)]
    found = [(key, _likeliest(matcher, one)) for key, one in found if len(one.entries)]
    sizes = [len(one.entries) for _, one in found]
    return PrefixTable(
        [key for key, _ in found],
        np.cumsum([0, *sizes], dtype=np.int32),
        np.concatenate([np.zeros(0, np.int32), *(one.entries for _, one in found)]).astype(np.uint16),
        np.concatenate([np.zeros(0), *(one.evidence for _, one in found)]).astype(np.float32),
    )


def _likeliest(matcher: Matcher, found: Found) -> Found:
    """The entries that could come to be shown, however much they are asked."""
    order = np.argsort(-found.evidence * matcher.weight_of[found.entries], kind="stable")[:_KEPT]
    return Found(found.entries[order], found.evidence[order])


def _keys(tables: Tables) -> Iterable[str]:
    letters = ascii_lowercase + digits
    yield from sorted({char for char in tables.chars if char and not char.isascii()})
    yield from letters
    yield from map("".join, product(letters, letters))
