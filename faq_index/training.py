"""Training the static encoder from the texts we have. Needs scikit-learn and torch; nothing that serves imports this module.

    texts → features → table by SVD (latent semantic analysis) → the same table, moved by contrastive training

The second step is in faq_index.contrastive. Without it (`epochs=0`) the encoder knows no scenarios and has no head.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from faq_index.analysis import Analyser
from faq_index.encoder import StaticEncoder, StaticSettings, keyed_features
from faq_index.training_text import TrainingText

_USUAL = StaticSettings()
#: Dimensions with a singular value below this share of the greatest are noise.
_NOISE = 1e-3

Floats = NDArray[np.float32]
Say = Callable[[str], object]


@dataclass(frozen=True)
class Documents:
    """Texts as features."""

    #: feature → row of the table
    vocabulary: dict[str, int]
    #: idf times the weight of the feature's block, [features]
    weights: Floats
    #: the features of each text, as rows of the table
    rows: list[NDArray[np.int64]]


def train_static(
    texts: Sequence[TrainingText], analyser: Analyser, settings: StaticSettings = _USUAL, say: Say = str
) -> StaticEncoder:
    """The encoder trained on `texts`: a few seconds for the SVD of 15,000, some two minutes for contrastive training."""
    documents = build_documents([item.text for item in texts], analyser, settings)
    table = initial_table(documents, settings)
    if not settings.epochs:
        return StaticEncoder(analyser, documents.vocabulary, _as_stored(table * documents.weights[:, None]), settings)
    from faq_index.contrastive import train_contrastive

    table, head = train_contrastive(texts, documents, table, analyser, settings, say)
    return StaticEncoder(analyser, documents.vocabulary, _as_stored(table), settings, head)


def build_documents(texts: Sequence[str], analyser: Analyser, settings: StaticSettings) -> Documents:
    """`texts` as features; a feature is known when it occurs often enough (a concept: at all)."""
    named = [
        [name for block in keyed_features(analyser(text), settings.longest_gram) for name in block] for text in texts
    ]
    counts = Counter(name for names in named for name in set(names))
    vocabulary = {
        name: index
        for index, name in enumerate(
            sorted(name for name, count in counts.items() if count >= settings.min_count or name[0] == "k")
        )
    }
    block = dict(zip("cwkp", settings.blocks))
    weights = [block[name[0]] * (1 + np.log((1 + len(texts)) / (1 + counts[name]))) for name in vocabulary]
    return Documents(
        vocabulary, np.asarray(weights, dtype=np.float32), [known_rows(names, vocabulary) for names in named]
    )


def known_rows(names: Sequence[str], vocabulary: dict[str, int]) -> NDArray[np.int64]:
    """The rows of those features that the table has."""
    return np.asarray([index for name in names if (index := vocabulary.get(name)) is not None], dtype=np.int64)


def initial_table(documents: Documents, settings: StaticSettings) -> Floats:
    """[features, dim]: the right singular vectors of the tf-idf matrix, scaled (Deerwester et al. 1990)."""
    matrix = _matrix(documents)
    rank = min(settings.dim, min(matrix.shape) - 1)
    _, singular, components = randomized_svd(matrix, rank, n_iter=2, random_state=0)
    told = singular > singular[0] * _NOISE
    scale = np.where(told, np.power(np.where(told, singular, 1), settings.spectrum - 1), 0)
    table = np.zeros((len(documents.vocabulary), settings.dim), dtype=np.float32)
    table[:, :rank] = components.T * scale
    return table


def _as_stored(table: Floats) -> NDArray[np.float16]:
    """Only the directions of sums count, so the table is scaled to what half precision holds best."""
    return (table / (np.abs(table).max() or 1)).astype(np.float16)


def _matrix(documents: Documents) -> scipy.sparse.csr_matrix:
    """Rows of unit length: each text's weighted feature counts."""
    columns = np.concatenate([*documents.rows, np.zeros(0, dtype=np.int64)])
    ends = np.cumsum([0, *(len(rows) for rows in documents.rows)])
    shape = (len(documents.rows), len(documents.vocabulary))
    matrix = scipy.sparse.csr_matrix((documents.weights[columns], columns, ends), shape=shape)
    matrix.sum_duplicates()
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    return scipy.sparse.diags(1 / np.where(lengths == 0, 1, lengths)) @ matrix
