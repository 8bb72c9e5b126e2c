"""How the retriever weighs what speaks for an entry: a linear ranker, its weights learned on the tuning set.

The loss is that of ListNet (Cao et al. 2007) with the entries that two readers named as the truth: softmax over all
entries of the library. `python -m evals ranker` learns the weights again and writes them to faq_index/ranker.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: What speaks for an entry, in the order of the feature matrix.
FEATURES = (
    "meaning",  # cosine of the nearest wording
    "centre",  # cosine of the mean of all its wordings
    "questions",  # BM25 of all its wordings as one text
    "entry",  # the same with its answer
    "log_chance",  # logarithm of the probability of its scenario
    "order",  # its place in its scenario: the library names first what is asked most
    "platform",  # 1 when the text names a platform that it is for, -1 when it is for others only
)
WEIGHTS = Path(__file__).parent / "ranker.json"
#: Keeps the weights small (ridge).
_RIDGE = 0.003


@dataclass(frozen=True)
class Ranker:
    """One weight for each of FEATURES."""

    weights: Floats

    def chances(self, features: Floats) -> Floats:
        """[entries]: the chance of each entry, adding up to 1, for features of shape [entries, len(FEATURES)]."""
        scores = features @ self.weights
        shares = np.exp(scores - scores.max())
        found: Floats = (shares / shares.sum()).astype(np.float32)
        return found

    def save(self, path: Path) -> None:
        """Write the weights by their names."""
        named = {name: round(float(weight), 3) for name, weight in zip(FEATURES, self.weights)}
        path.write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Ranker:
        """The weights saved to `path`; a feature that it doesn't name counts nothing."""
        named = json.loads(path.read_text(encoding="utf-8"))
        return cls(np.asarray([named.get(name, 0.0) for name in FEATURES], dtype=np.float32))


def fit_ranker(lists: Sequence[tuple[Floats, Sequence[int]]]) -> Ranker:
    """The weights under which the right entries are likeliest.

    Each of `lists` is one question: features [entries, len(FEATURES)] and the numbers of the entries that are right.
    """
    from scipy.optimize import minimize

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = _RIDGE * float(weights @ weights), 2 * _RIDGE * weights
        for features, right in lists:
            scores = features @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            truth = shares[list(right)]
            total -= float(np.log(max(truth.sum(), 1e-12))) / len(lists)
            pulled = (truth / max(truth.sum(), 1e-12)) @ features[list(right)]
            slope = slope - (pulled - shares @ features) / len(lists)
        return total, slope

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B")
    return Ranker(np.asarray(found.x, dtype=np.float32))
