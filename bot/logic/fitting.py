"""Fitting the classifier and its calibration on texts the model has not seen.

Needs scikit-learn; nothing that serves imports this module. The texts are those of the calibration sets where there are
any; else the utterances are held out in turn, in folds that keep near-duplicates together, so that a prediction is never
helped by its own paraphrase.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import Enum
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from sklearn.svm import LinearSVC

from bot.logic.classifier import BLOCKS, DAMPED, MOST, Calibration, Classifier, FeatureSpace, Floats, logit, softmax
from faq_index import likeness
from faq_index.analysis import Analysis
from faq_index.bags import Counted
from faq_index.encoder import Head
from faq_index.featuriser import Featuriser

FOLDS = 3
_C = 1.0
#: Looser than scikit-learn's 1e-4: a quarter faster, and as good.
_TOLERANCE = 0.1
_MIN_COUNT = 2
#: What the classes of another process are called.
_OTHERS = ""
#: What the vector counts beside the other features, when vectors are features.
_VECTOR_WEIGHT = 0.7
#: What the encoder's head counts beside the linear model. Chosen on evals/sets/scenarios.tuning.jsonl.
_HEAD_SHARE = 0.17
#: Texts that share this much (Jaccard over trigrams) stay in one fold.
_NEAR_DUPLICATE = 0.6


_UNSEEN = "unseen.npz"
_FRESH = Featuriser()

_Job = tuple[scipy.sparse.csr_matrix, NDArray[np.str_]]
#: (classes, weights [features, classes], bias [classes])
_Trained = tuple[list[str], Floats, Floats]


class Kind(Enum):
    """What a labelled text is."""

    UTTERANCE = "utterance"  # what a player typed: trained on, and measured on when held out
    WORDING = "wording"  # a question of the library: trained on
    DEFINITION = "definition"  # how a scenario is described: trained on


@dataclass(frozen=True)
class Example:
    """A labelled text."""

    label: str
    analysis: Analysis
    kind: Kind = Kind.UTTERANCE


@dataclass(frozen=True)
class Unseen:
    """What the fitted classifier makes of texts it was not trained on."""

    texts: list[str]
    labels: list[str]
    #: [texts, classes]
    probabilities: Floats

    def save(self, folder: Path) -> None:
        """Write the predictions to `folder`."""
        np.savez_compressed(
            folder / _UNSEEN, texts=self.texts, labels=self.labels, probabilities=self.probabilities.astype(np.float16)
        )

    @classmethod
    def load(cls, folder: Path) -> Unseen:
        """The predictions saved to `folder`."""
        with np.load(folder / _UNSEEN) as stored:
            probabilities = stored["probabilities"].astype(np.float32)
            return cls(stored["texts"].tolist(), stored["labels"].tolist(), probabilities)


@dataclass(frozen=True)
class Fitted:
    """The classifier, and its probabilities for unseen texts."""

    classifier: Classifier
    unseen: Unseen


def fit(
    examples: Sequence[Example],
    vectors: Floats | None = None,
    held_out: Sequence[Example] = (),
    held_out_vectors: Floats | None = None,
    head: Head | None = None,
    processes: int = 2,
    featuriser: Featuriser = _FRESH,
) -> Fitted:
    """Fit on all examples; calibrate on predictions for texts that were held out.

    `held_out` are texts of the calibration sets; without any, the examples' own utterances are held out in turn.
    `vectors`, [examples, dim], are features too when they are given. A `head` is added to what is fitted, and judges
    `held_out_vectors`: it knows the examples already, so it counts only beside calibration sets.
    """
    counted = _counted(examples, featuriser)
    space = _space_of(counted)
    matrix = _rows_of(counted, space, vectors)
    labels = np.asarray([example.label for example in examples])
    split = len(space.names)
    if held_out:
        names, weights, bias = train_parted(matrix, labels, processes)
        rows = _rows_of(_counted(held_out, featuriser), space, None if vectors is None else held_out_vectors)
        scores = (rows @ weights + bias).astype(np.float32)
        unseen, dense = list(held_out), weights[split:]
        if head is not None and held_out_vectors is not None:
            dense, more = head_beside(head, names)
            bias = bias + more
            scores = scores + held_out_vectors @ dense + more
    else:
        folds = assign_folds(examples)
        *partial, whole = _train_all(_fold_jobs(folds, matrix, labels), processes)
        names, weights, bias = whole
        spoken = np.asarray([example.kind is Kind.UTTERANCE for example in examples])
        scores = _out_of_fold(folds, matrix, names, partial)[spoken]
        unseen, dense = [example for example in examples if example.kind is Kind.UTTERANCE], weights[split:]
    calibration = fit_calibration(scores, np.asarray([names.index(example.label) for example in unseen]))
    classifier = Classifier(names, space, weights[:split], dense, bias, calibration)
    texts, truth = [example.analysis.source for example in unseen], [example.label for example in unseen]
    return Fitted(classifier, Unseen(texts, truth, calibration.probabilities(scores)))


def head_beside(head: Head, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Weights [dim, classes] and bias [classes] of the encoder's head; a class that it lacks gets the mean."""
    column = {name: index for index, name in enumerate(head.classes)}
    all_weights = np.column_stack([head.weights, head.weights.mean(axis=1)])
    all_bias = np.append(head.bias, head.bias.mean())
    columns = [column.get(name, len(column)) for name in names]
    return (_HEAD_SHARE * all_weights[:, columns]).astype(np.float32), (_HEAD_SHARE * all_bias[columns]).astype(
        np.float32
    )


def build_space(analyses: Sequence[Analysis]) -> FeatureSpace:
    """The features that occur often enough (a concept: at all), with their idf."""
    return _space_of(_FRESH.features(analyses, FeatureSpace.longest_gram).counted())


def assign_folds(examples: Sequence[Example]) -> NDArray[np.int64]:
    """A fold for each utterance and all its near-duplicates; -1, never held out, for everything else."""
    groups = _groups(examples)
    order = np.random.RandomState(0).permutation(int(groups.max()) + 1)
    spoken = {group for group, example in zip(groups, examples) if example.kind is Kind.UTTERANCE}
    return np.where([group in spoken for group in groups], order[groups] % FOLDS, -1)


def fit_calibration(scores: Floats, truth: NDArray[np.int64]) -> Calibration:
    """The calibration under which the true classes are most likely: temperature first, then the likeliest class."""
    rows = np.arange(len(truth))

    def loss(log_factor: float) -> float:
        scaled = np.exp(log_factor) * scores.astype(np.float64)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]))

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-3, 4), method="bounded").x))
    plain = softmax(temperature * scores)
    sure = logit(plain.max(axis=1)).astype(np.float64)
    right = plain.argmax(axis=1) == truth

    def platt_loss(line: NDArray[np.float64]) -> float:
        chance = np.clip(1 / (1 + np.exp(-(line[0] * sure + line[1]))), 1e-9, 1 - 1e-9)
        return float(-np.mean(np.where(right, np.log(chance), np.log(1 - chance))))

    slope, intercept = minimize(platt_loss, [1.0, 0.0], method="Nelder-Mead").x
    return Calibration(temperature, max(float(slope), 0.05), float(intercept))


def _groups(examples: Sequence[Example]) -> NDArray[np.int64]:
    parents = list(range(len(examples)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    first: dict[str, int] = {}
    for index, example in enumerate(examples):
        parents[root(index)] = root(first.setdefault(example.analysis.text, index))
    for pair in likeness.within([likeness.bare(example.analysis.source) for example in examples], _NEAR_DUPLICATE):
        parents[root(pair.first)] = root(pair.second)
    roots = np.asarray([root(index) for index in range(len(examples))])
    groups: NDArray[np.int64] = np.unique(roots, return_inverse=True)[1]
    return groups


def _fold_jobs(folds: NDArray[np.int64], matrix: scipy.sparse.csr_matrix, labels: NDArray[np.str_]) -> list[_Job]:
    """What is trained without each fold, and on everything."""
    kept = [folds != fold for fold in range(FOLDS)] + [np.full(len(folds), True)]
    return [(matrix[rows], labels[rows]) for rows in kept]


def _out_of_fold(
    folds: NDArray[np.int64], matrix: scipy.sparse.csr_matrix, classes: Sequence[str], partial: Sequence[_Trained]
) -> Floats:
    """[examples, classes]: the scores of the model that was trained without each example."""
    scores = np.full((len(folds), len(classes)), -1.5, dtype=np.float32)
    for fold, (names, weights, bias) in enumerate(partial):
        columns = [classes.index(name) for name in names]
        scores[np.ix_(folds == fold, columns)] = matrix[folds == fold] @ weights + bias
    return scores


def sparse_rows(
    examples: Sequence[Example], space: FeatureSpace, vectors: Floats | None = None
) -> scipy.sparse.csr_matrix:
    """[examples, features (+ dim)]: what the linear models are trained on."""
    return _rows_of(_counted(examples, _FRESH), space, vectors)


def _counted(examples: Sequence[Example], featuriser: Featuriser) -> Counted:
    analyses = [example.analysis for example in examples]
    return featuriser.features(analyses, FeatureSpace.longest_gram).counted()


def _space_of(texts: Counted) -> FeatureSpace:
    holders = np.bincount(texts.numbers, minlength=len(texts.names)).tolist()
    held = {name: count for name, count in zip(texts.names, holders) if count}
    names = sorted(name for name, count in held.items() if count >= _MIN_COUNT or name[0] == "k")
    idf = np.asarray([1 + np.log((1 + texts.size) / (1 + held[name])) for name in names], dtype=np.float32)
    return FeatureSpace({name: index for index, name in enumerate(names)}, idf)


def _rows_of(texts: Counted, space: FeatureSpace, vectors: Floats | None = None) -> scipy.sparse.csr_matrix:
    """What FeatureSpace.row makes of each text, for all of them at once and to the last bit."""
    known = np.asarray([space.names.get(name, -1) for name in texts.names], dtype=np.int32)[texts.numbers]
    kept = known >= 0
    bags, columns = texts.bags[kept], known[kept]
    keys = list(BLOCKS)
    blocks = np.asarray([keys.index(name[0]) for name in space.names], dtype=np.int64)[columns]
    weights = space.idf.astype(np.float64)[columns] * np.asarray(DAMPED)[np.minimum(texts.counts[kept], MOST)]
    parts = bags * len(keys) + blocks
    lengths = np.sqrt(np.bincount(parts, weights=weights * weights))
    values = (weights * np.asarray(list(BLOCKS.values()))[blocks] / lengths[parts]).astype(np.float32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(bags, minlength=texts.size))])
    matrix = scipy.sparse.csr_matrix((values, columns, ends), shape=(texts.size, len(space.names)))
    if vectors is None:
        return matrix
    return scipy.sparse.hstack([matrix, _VECTOR_WEIGHT * vectors], format="csr")


def train_parted(matrix: scipy.sparse.csr_matrix, labels: NDArray[np.str_], processes: int) -> _Trained:
    """One against all others, the classes shared out among the processes: those of another process are one class here."""
    classes = np.unique(labels)
    # with two classes or fewer scikit-learn makes one model for both
    parts = np.array_split(classes, max(min(processes, len(classes) // 3), 1))
    trained = _train_all([(matrix, np.where(np.isin(labels, part), labels, _OTHERS)) for part in parts], processes)
    names: list[str] = []
    weights, biases = [], []
    for part, (found, weight, bias) in zip(parts, trained):
        columns = [found.index(name) for name in part]
        names += [str(name) for name in part]
        weights.append(weight[:, columns])
        biases.append(bias[columns])
    return names, np.concatenate(weights, axis=1), np.concatenate(biases)


def _train_all(jobs: Sequence[_Job], processes: int) -> list[_Trained]:
    if processes <= 1:
        return [_train(job) for job in jobs]
    # a fork starts at once, but not safely beside TensorFlow's threads (under a stock `rasa train`)
    start = "spawn" if "tensorflow" in sys.modules else "fork"
    with ProcessPoolExecutor(processes, mp_context=get_context(start)) as pool:
        return list(pool.map(_train, jobs))


def _train(job: _Job) -> _Trained:
    """(classes, weights [features, classes], bias [classes]) of one linear model."""
    matrix, labels = job
    model = LinearSVC(C=_C, tol=_TOLERANCE, random_state=0).fit(matrix, labels)
    return list(model.classes_), model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)
