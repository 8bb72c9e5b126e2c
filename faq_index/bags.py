"""Bags of names in few arrays: what tens of thousands of texts hold can be counted and kept without a loop over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """How often each bag holds each name, bag by bag, the names of a bag in the order in which they first occur."""

    #: The names by their number; some may be in no bag.
    names: list[str]
    #: How many bags there are.
    size: int
    #: [pairs of bag and name]
    bags: Whole
    #: [pairs]
    numbers: Whole
    #: [pairs]
    counts: Whole


@dataclass(frozen=True)
class Bags:
    """Lists of names, in which a name may stand more than once."""

    #: The names by their number; some may be in no bag.
    names: list[str]
    #: The numbers of all bags' names, bag after bag.
    numbers: NDArray[np.int32]
    #: [bags], how many names each holds
    sizes: Whole

    @classmethod
    def of(cls, lists: Iterable[Sequence[str]]) -> Bags:
        """The bags that hold the names of each list."""
        return cls([], np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)).plus(lists)

    def __len__(self) -> int:
        return len(self.sizes)

    def plus(self, lists: Iterable[Sequence[str]]) -> Bags:
        """These bags and, after them, those of further lists."""
        more = list(lists)
        known = {name: number for number, name in enumerate(self.names)}
        numbers = [known.setdefault(name, len(known)) for name in chain.from_iterable(more)]
        return Bags(
            list(known),
            np.concatenate([self.numbers, np.asarray(numbers, dtype=np.int32)]),
            np.concatenate([self.sizes, np.asarray([len(names) for names in more], dtype=np.int64)]),
        )

    def take(self, rows: Sequence[int] | Whole) -> Bags:
        """The bags with these indices, in their order; one may be taken more than once."""
        wanted = np.asarray(rows, dtype=np.int64)
        sizes = self.sizes[wanted]
        starts = (np.cumsum(self.sizes) - self.sizes)[wanted]
        places = np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
        return Bags(self.names, self.numbers[places], sizes)

    def merged(self, groups: Sequence[int] | Whole) -> Bags:
        """One bag out of the first `groups[0]` bags, one out of the next `groups[1]`, and so on."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])[np.cumsum([0, *groups])]
        return Bags(self.names, self.numbers, np.diff(ends))

    def counted(self) -> Counted:
        """How often each bag holds each name."""
        bags = np.repeat(np.arange(len(self)), self.sizes)
        width = max(len(self.names), 1)
        pairs, first, counts = np.unique(bags * width + self.numbers, return_index=True, return_counts=True)
        order = np.argsort(first)
        found = pairs[order]
        return Counted(self.names, len(self), found // width, found % width, counts[order])
