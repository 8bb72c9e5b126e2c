"""The scenario classifier as it serves: one linear model over sparse features and the message's vector, calibrated.

Numpy only; it is fitted in bot.logic.fitting. The weights of the vector are the static encoder's own head, which was
trained together with it, or fitted beside the others where the encoder is somebody else's.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faq_index.analysis import Analysis
from faq_index.encoder import keyed_features

Floats = NDArray[np.float32]

_MODEL = "classifier.json"
_ARRAYS = "classifier.npz"

#: The blocks of features, by their prefix, with their weights; each block is scaled to length 1 before.
#: Chosen on evals/sets/*.tuning.jsonl; with 20 utterances a scenario concepts were worth four times as much.
BLOCKS = {"c": 1.0, "w": 0.7, "k": 0.3, "p": 0.6}

#: A feature's count in a text, damped; no text has more than so many.
MOST = 100
DAMPED = [0.0, *(1 + math.log(count) for count in range(1, MOST + 1))]


@dataclass(frozen=True)
class FeatureSpace:
    """Which features exist, and how rare each of them is."""

    names: dict[str, int]
    idf: Floats
    longest_gram: int = 2

    def row(self, analysis: Analysis) -> tuple[NDArray[np.int32], Floats]:
        """The columns and values of a text."""
        columns: list[int] = []
        values: list[float] = []
        for block in keyed_features(analysis, self.longest_gram):
            counts = Counter(index for name in block if (index := self.names.get(name)) is not None)
            weights = [self._idf[index] * DAMPED[min(count, MOST)] for index, count in counts.items()]
            length = math.sqrt(sum(weight * weight for weight in weights))
            columns += counts
            values += [weight * BLOCKS[block[0][0]] / length for weight in weights]
        return np.asarray(columns, dtype=np.int32), np.asarray(values, dtype=np.float32)

    @cached_property
    def _idf(self) -> list[float]:
        """A list is read faster, number by number, than an array."""
        return list(map(float, self.idf))


@dataclass(frozen=True)
class Calibration:
    """From a linear model's scores to probabilities that mean what they say.

    First softmax(temperature * scores) (Guo et al. 2017); then the likeliest class gets
    sigmoid(slope * logit + intercept) of its probability (Platt 1999), and the others share the rest. The order of the
    classes stays.
    """

    temperature: float = 1.0
    slope: float = 1.0
    intercept: float = 0.0

    def probabilities(self, scores: Floats) -> Floats:
        """[..., classes] for scores of the same shape."""
        plain = softmax(self.temperature * scores)
        top = plain.max(axis=-1, keepdims=True)
        sure = 1 / (1 + np.exp(-(self.slope * logit(top) + self.intercept)))
        second = np.partition(plain, -2, axis=-1)[..., -2:-1] / np.maximum(1 - top, 1e-9)
        sure = np.maximum(sure, second / (1 + second) + 1e-4)
        rest = plain * (1 - sure) / np.maximum(1 - top, 1e-9)
        return np.where(plain == top, sure, rest).astype(np.float32)


class Classifier:
    """Probabilities over scenarios, dialogue acts and out_of_scope."""

    def __init__(
        self,
        classes: Sequence[str],
        space: FeatureSpace,
        sparse: Floats,
        dense: Floats,
        bias: Floats,
        calibration: Calibration,
    ) -> None:
        """`sparse` is [features, classes], `dense` [dim, classes] or [0, classes], `bias` [classes]."""
        self.classes = list(classes)
        self._space = space
        self._sparse = sparse
        self._dense = dense
        self._bias = bias
        self.calibration = calibration

    def probabilities(self, analysis: Analysis, vector: Floats) -> Floats:
        """[classes], adding up to 1; `vector` is the text's encoding, [dim]."""
        columns, values = self._space.row(analysis)
        scores = values @ self._sparse[columns].astype(np.float32) + self._bias
        if len(self._dense):
            scores = scores + vector @ self._dense
        return self.calibration.probabilities(scores)

    def save(self, folder: Path) -> None:
        """Write the model to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        model = {
            "classes": self.classes,
            "features": list(self._space.names),
            "longest_gram": self._space.longest_gram,
            "calibration": asdict(self.calibration),
        }
        (folder / _MODEL).write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")
        np.savez(
            folder / _ARRAYS,
            idf=self._space.idf,
            sparse=self._sparse.astype(np.float16),
            dense=self._dense,
            bias=self._bias,
        )

    @classmethod
    def load(cls, folder: Path) -> Classifier:
        """The model saved to `folder`."""
        model = json.loads((folder / _MODEL).read_text(encoding="utf-8"))
        names = {name: index for index, name in enumerate(model["features"])}
        with np.load(folder / _ARRAYS) as arrays:
            space = FeatureSpace(names, arrays["idf"], model["longest_gram"])
            return cls(
                model["classes"],
                space,
                arrays["sparse"],
                arrays["dense"],
                arrays["bias"],
                Calibration(**model["calibration"]),
            )


def logit(probability: Floats) -> Floats:
    """The log odds, kept finite."""
    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def softmax(scores: Floats) -> Floats:
    """Along the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares
