"""The lexical leg of the retriever: BM25 (Robertson & Zaragoza 2009) over character bigrams, words and concepts.

Plain numpy over an inverted index, so that one query touches only the wordings that share something with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faq_index.analysis import Analysis, spoken_words, without_numbers
from faq_index.bags import Bags, Counted

_K1 = 1.2
_B = 0.4
_TERMS = "terms.json"
_POSTINGS = "postings.npz"


def count_terms(analyses: Iterable[Analysis]) -> Counter[str]:
    """How often each term occurs in some texts."""
    return Counter(term for analysis in analyses for term in terms_of(analysis))


class LexicalIndex:
    """BM25 scores of a query against every row, scaled to the score of a row that holds the whole query."""

    def __init__(
        self,
        terms: dict[str, int],
        starts: NDArray[np.int32],
        rows: NDArray[np.int32],
        weights: NDArray[np.float32],
        idf: NDArray[np.float32],
        size: int,
    ) -> None:
        self._terms = terms
        self._starts = starts
        self._rows = rows
        self._weights = weights
        self._idf = idf
        self._size = size

    @classmethod
    def build(cls, rows: Sequence[Counter[str]]) -> LexicalIndex:
        """The index over `rows`: how often each holds each term (see `count_terms`)."""
        return cls.of_counts(Bags.of(list(row.elements()) for row in rows).counted())

    @classmethod
    def of_counts(cls, counted: Counted) -> LexicalIndex:
        """The index over bags of terms; each bag is a row."""
        held = np.unique(counted.numbers).tolist()
        terms = {term: index for index, term in enumerate(sorted(counted.names[number] for number in held))}
        column_of = np.zeros(len(counted.names), dtype=np.int32)
        column_of[held] = [terms[counted.names[number]] for number in held]
        columns, counts = column_of[counted.numbers], counted.counts.astype(np.float32)
        numbers = counted.bags.astype(np.int32)
        lengths = np.bincount(numbers, weights=counts, minlength=counted.size)
        norms = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()) if counted.size else 0.0, 1.0))
        holders = np.bincount(columns, minlength=len(terms))
        idf = np.log(1 + (counted.size - holders + 0.5) / (holders + 0.5))
        weights = idf[columns] * counts * (_K1 + 1) / (counts + norms[numbers])
        order = np.lexsort((numbers, columns))
        starts = np.cumsum([0, *holders]).astype(np.int32)
        weights, idf = weights[order].astype(np.float32), idf.astype(np.float32)
        return cls(terms, starts, numbers[order], weights, idf, counted.size)

    def scores(self, terms: Set[str]) -> NDArray[np.float32]:
        """[rows], about 0 .. 1: the share of the query's weight that a row holds. `terms` are those of `terms_of`."""
        known = [self._terms[term] for term in terms if term in self._terms]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        spans = [slice(self._starts[index], self._starts[index + 1]) for index in known]
        rows = np.concatenate([self._rows[span] for span in spans])
        weights = np.concatenate([self._weights[span] for span in spans])
        total = np.bincount(rows, weights=weights, minlength=self._size).astype(np.float32)
        unseen = (len(terms) - len(known)) * float(self._idf.max())
        whole = float(self._idf[known].sum()) + 0.5 * unseen
        return np.minimum(total / max(whole, 1e-6), 1.0).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the index to `folder`."""
        (folder / _TERMS).write_text(json.dumps(list(self._terms), ensure_ascii=False), encoding="utf-8")
        np.savez(
            folder / _POSTINGS,
            starts=self._starts,
            rows=self._rows,
            weights=self._weights,
            idf=self._idf,
            size=np.int64(self._size),
        )

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """The index saved to `folder`."""
        names = json.loads((folder / _TERMS).read_text(encoding="utf-8"))
        with np.load(folder / _POSTINGS) as stored:
            return cls(
                {name: index for index, name in enumerate(names)},
                stored["starts"],
                stored["rows"],
                stored["weights"],
                stored["idf"],
                int(stored["size"]),
            )


def terms_of(analysis: Analysis) -> list[str]:
    """Pairs of characters, words and concepts."""
    text = without_numbers(analysis.text)
    pairs = ["c" + text[i : i + 2] for i in range(len(text) - 1)]
    spoken = ["w" + word for word in spoken_words(analysis)]
    return pairs + spoken + ["k" + concept for concept in analysis.concepts]
