"""Training the static encoder from the texts we have. Needs scikit-learn; nothing that serves imports this module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from faq_index.analysis import Analyser
from faq_index.encoder import StaticEncoder, StaticSettings, keyed_features

_USUAL = StaticSettings()
#: Dimensions with a singular value below this share of the greatest are noise.
_NOISE = 1e-3


def train_static(texts: Sequence[str], analyser: Analyser, settings: StaticSettings = _USUAL) -> StaticEncoder:
    """The encoder whose table is the SVD of the tf-idf matrix of `texts` (a few seconds for 15,000)."""
    documents = [keyed_features(analyser(text), settings.longest_gram) for text in texts]
    counts = Counter(name for blocks in documents for name in {name for block in blocks for name in block})
    vocabulary = {
        name: index
        for index, name in enumerate(
            sorted(name for name, count in counts.items() if count >= settings.min_count or name[0] == "k")
        )
    }
    weights = _weights(vocabulary, counts, len(texts), settings)
    matrix = _matrix(documents, vocabulary, weights)
    rank = min(settings.dim, min(matrix.shape) - 1)
    _, singular, components = randomized_svd(matrix, rank, n_iter=2, random_state=0)
    told = singular > singular[0] * _NOISE
    scale = np.where(told, np.power(np.where(told, singular, 1), settings.spectrum - 1), 0)
    table = np.zeros((len(vocabulary), settings.dim), dtype=np.float32)
    table[:, :rank] = components.T * scale * weights[:, None]
    table /= np.abs(table).max() or 1
    return StaticEncoder(analyser, vocabulary, table.astype(np.float16), settings)


def _weights(
    vocabulary: dict[str, int], counts: Counter[str], total: int, settings: StaticSettings
) -> NDArray[np.float32]:
    """idf times the weight of the feature's block."""
    block = dict(zip("cwkp", settings.blocks))
    weights = [block[name[0]] * (1 + np.log((1 + total) / (1 + counts[name]))) for name in vocabulary]
    return np.asarray(weights, dtype=np.float32)


def _matrix(
    documents: list[tuple[list[str], ...]], vocabulary: dict[str, int], weights: NDArray[np.float32]
) -> scipy.sparse.csr_matrix:
    """Rows of unit length: each text's weighted feature counts."""
    columns: list[int] = []
    ends = [0]
    for blocks in documents:
        columns += [index for block in blocks for name in block if (index := vocabulary.get(name)) is not None]
        ends.append(len(columns))
    data = weights[columns]
    matrix = scipy.sparse.csr_matrix((data, columns, ends), shape=(len(documents), len(vocabulary)))
    matrix.sum_duplicates()
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    return scipy.sparse.diags(1 / np.where(lengths == 0, 1, lengths)) @ matrix
