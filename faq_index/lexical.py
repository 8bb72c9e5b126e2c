"""The lexical leg of the retriever: BM25 (Robertson & Zaragoza 2009) over character bigrams, words and concepts.

Plain numpy over an inverted index, so that one query touches only the wordings that share something with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faq_index.analysis import Analysis, spoken_words, without_numbers

_K1 = 1.2
_B = 0.4
_TERMS = "terms.json"
_POSTINGS = "postings.npz"


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
    def build(cls, rows: Sequence[Sequence[Analysis]]) -> LexicalIndex:
        """The index over `rows`, each of which is made of one or more texts."""
        documents = [Counter(term for analysis in row for term in _terms(analysis)) for row in rows]
        counts = Counter(term for document in documents for term in document)
        terms = {term: index for index, term in enumerate(sorted(counts))}
        lengths = np.asarray([sum(document.values()) for document in documents], dtype=np.float32)
        norms = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1.0))
        size = len(documents)
        idf = np.asarray(
            [np.log(1 + (size - counts[term] + 0.5) / (counts[term] + 0.5)) for term in terms], dtype=np.float32
        )
        postings: list[list[tuple[int, float]]] = [[] for _ in terms]
        for row, document in enumerate(documents):
            for term, count in document.items():
                index = terms[term]
                weight = float(idf[index]) * count * (_K1 + 1) / (count + float(norms[row]))
                postings[index].append((row, weight))
        starts = np.cumsum([0, *(len(posting) for posting in postings)]).astype(np.int32)
        flat = [pair for posting in postings for pair in posting]
        numbers = np.asarray([row for row, _ in flat], dtype=np.int32)
        weights = np.asarray([weight for _, weight in flat], dtype=np.float32)
        return cls(terms, starts, numbers, weights, idf, size)

    def scores(self, analysis: Analysis) -> NDArray[np.float32]:
        """[rows], about 0 .. 1: the share of the query's weight that a row holds."""
        terms = set(_terms(analysis))
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


def _terms(analysis: Analysis) -> list[str]:
    text = without_numbers(analysis.text)
    pairs = ["c" + text[i : i + 2] for i in range(len(text) - 1)]
    spoken = ["w" + word for word in spoken_words(analysis)]
    return pairs + spoken + ["k" + concept for concept in analysis.concepts]
