"""Fitting classifier, calibration and thresholds, and measuring all of it on texts the model has not seen.

Needs scikit-learn; nothing that serves imports this module. The texts are those of the calibration sets where there are
any; else the utterances are held out in turn, in folds that keep near-duplicates together, so that a prediction is never
helped by its own paraphrase.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from enum import Enum
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from sklearn.svm import LinearSVC

from bot.logic.classifier import VECTOR_WEIGHT, Calibration, Classifier, FeatureSpace, Floats, logit, softmax
from bot.logic.decision import HUMAN_SCENARIO, Decision, Policy, Ranked, Thresholds
from common.content import OUT_OF_SCOPE
from faq_index import likeness
from faq_index.analysis import Analysis
from faq_index.encoder import keyed_features

FOLDS = 3
_C = 1.0
#: Looser than scikit-learn's 1e-4: a quarter faster, and as good.
_TOLERANCE = 0.1
_MIN_COUNT = 2
#: Classes less likely than this change no decision.
_UNLIKELY = 1e-4
#: Texts that share this much (Jaccard over trigrams) stay in one fold.
_NEAR_DUPLICATE = 0.6

_REPORT = "report.json"


@dataclass(frozen=True)
class Targets:
    """What the thresholds are fitted to."""

    #: Of the messages answered straight away, this share has to get the right scenario.
    precision: float = 0.97
    #: Of real questions, at most this share may be taken for out of scope or for a dialogue act.
    lost: float = 0.05
    #: Of the messages taken for a dialogue act, this share has to be that act.
    act: float = 0.75
    #: Of the messages taken for a wish for a person, this share has to be one: a wrong one costs a question back.
    human: float = 0.6


_USUAL = Targets()

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
class Report:
    """What was measured on texts that were held out."""

    #: Whether those were calibration sets; else training utterances, out of fold.
    calibration_sets: bool
    texts: int
    classes: int
    top1: float
    top3: float
    #: Of real questions: answered straight away, and how many of those rightly.
    answered: float
    precision: float
    clarified: float
    #: Of the clarified, the share whose scenario is among the three offered.
    clarified_right: float
    #: Of real questions, the share taken for out of scope or for a dialogue act.
    lost: float
    #: Of out-of-scope messages, the share that was neither answered nor clarified.
    out_of_scope_caught: float
    #: Of wishes for a person, the share handed over.
    human_right: float
    acts_right: float
    expected_calibration_error: float
    thresholds: Thresholds

    def save(self, folder: Path) -> None:
        """Write the figures to `folder`."""
        (folder / _REPORT).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Report:
        """The figures saved to `folder`."""
        values = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
        return cls(**{**values, "thresholds": Thresholds(**values["thresholds"])})


@dataclass(frozen=True)
class Fitted:
    """Everything the pipeline needs, and how good it is."""

    classifier: Classifier
    thresholds: Thresholds
    report: Report


def fit(
    examples: Sequence[Example],
    scenarios: frozenset[str],
    vectors: Floats | None = None,
    held_out: Sequence[Example] = (),
    held_out_vectors: Floats | None = None,
    processes: int = 2,
    targets: Targets = _USUAL,
) -> Fitted:
    """Fit on all examples; calibrate and choose thresholds on predictions for texts that were held out.

    `held_out` are texts of the calibration sets; without any, the examples' own utterances are held out in turn.
    `vectors`, [examples, dim], are features too when they are given.
    """
    space = build_space([example.analysis for example in examples])
    matrix = sparse_rows(examples, space, vectors)
    labels = np.asarray([example.label for example in examples])
    if held_out:
        (whole,) = _train_all([(matrix, labels)], 1)
        names, coefficients, bias = whole
        scores = (sparse_rows(held_out, space, held_out_vectors) @ coefficients + bias).astype(np.float32)
        truth = np.asarray([example.label for example in held_out])
    else:
        folds = assign_folds(examples)
        *partial, whole = _train_all(_fold_jobs(folds, matrix, labels), processes)
        names, coefficients, bias = whole
        measured = np.asarray([example.kind is Kind.UTTERANCE for example in examples])
        scores = _out_of_fold(folds, matrix, names, partial)[measured]
        truth = labels[measured]
    calibration = fit_calibration(scores, np.asarray([names.index(label) for label in truth]))
    probabilities = calibration.probabilities(scores)
    thresholds = fit_thresholds(probabilities, truth, names, scenarios, targets)
    report = measure(probabilities, truth, names, scenarios, thresholds, calibration_sets=bool(held_out))
    split = len(space.names)
    return Fitted(
        Classifier(names, space, coefficients[:split], coefficients[split:], bias, calibration), thresholds, report
    )


def build_space(analyses: Sequence[Analysis]) -> FeatureSpace:
    """The features that occur often enough (a concept: at all), with their idf."""
    counts: Counter[str] = Counter()
    for analysis in analyses:
        counts.update({name for block in keyed_features(analysis, FeatureSpace.longest_gram) for name in block})
    names = sorted(name for name, count in counts.items() if count >= _MIN_COUNT or name[0] == "k")
    idf = np.asarray([1 + np.log((1 + len(analyses)) / (1 + counts[name])) for name in names], dtype=np.float32)
    return FeatureSpace({name: index for index, name in enumerate(names)}, idf)


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


def fit_thresholds(
    probabilities: Floats, labels: NDArray[np.str_], classes: Sequence[str], scenarios: frozenset[str], targets: Targets
) -> Thresholds:
    """The lowest bar for answering that keeps the precision; the lowest for out of scope that loses few questions."""
    names = np.asarray(classes)[probabilities.argmax(axis=1)]
    confidence = probabilities.max(axis=1)
    right = names == labels
    real = np.isin(labels, list(scenarios))
    together = np.sort(probabilities[:, np.isin(classes, list(scenarios))], axis=1)[:, -3:].sum(axis=1)
    foreign = probabilities[:, list(classes).index(OUT_OF_SCOPE)] if OUT_OF_SCOPE in classes else 0 * together
    foreign = foreign / np.maximum(foreign + together, 1e-9)
    asked = np.isin(names, list(scenarios))
    human = asked & (names == HUMAN_SCENARIO)
    act = ~asked & (names != OUT_OF_SCOPE)
    act_bar = _lowest_bar(confidence[act], right[act], targets.act)
    clarify_bar = float(np.quantile(together[real], targets.lost / 10)) if real.any() else 0.3
    lost = real & ((act & (confidence >= act_bar)) | (together < clarify_bar))
    foreign_bar = _bar_that_loses(foreign[real], lost[real], targets.lost)
    ours = asked & ~human & (foreign < foreign_bar)
    return Thresholds(
        answer=_lowest_bar(confidence[ours], right[ours], targets.precision),
        out_of_scope=foreign_bar,
        clarify=clarify_bar,
        act=act_bar,
        human=_lowest_bar(confidence[human], right[human], targets.human),
    )


def _bar_that_loses(score: Floats, lost: NDArray[np.bool_], share: float) -> float:
    """The lowest bar over which no more than `share` lie, together with those `lost` already."""
    budget = int(share * len(score)) - int(lost.sum())
    others = np.sort(score[~lost])[::-1]
    return float(np.nextafter(others[budget], np.float32(2))) if 0 <= budget < len(others) else 1.01


def measure(
    probabilities: Floats,
    labels: NDArray[np.str_],
    classes: Sequence[str],
    scenarios: frozenset[str],
    thresholds: Thresholds,
    calibration_sets: bool = False,
) -> Report:
    """What the decisions come to on these predictions."""
    ranked = [_ranking(row, classes) for row in probabilities]
    policy = Policy(thresholds, scenarios)
    outcomes = [policy.decide(ranking) for ranking in ranked]
    offered = [[item.name for item in policy.scenarios_of(ranking)[:3]] for ranking in ranked]
    questions = [index for index, label in enumerate(labels) if label in scenarios]
    foreign = [index for index, label in enumerate(labels) if label == OUT_OF_SCOPE]
    acts = [index for index, label in enumerate(labels) if label not in scenarios and label != OUT_OF_SCOPE]
    said = [index for index, outcome in enumerate(outcomes) if outcome.decision is Decision.ANSWER]
    answered = [index for index in questions if outcomes[index].decision is Decision.ANSWER]
    human = [index for index, label in enumerate(labels) if label == HUMAN_SCENARIO]
    clarified = [index for index in questions if outcomes[index].decision is Decision.CLARIFY]
    away = {Decision.FALLBACK, Decision.SMALLTALK}
    return Report(
        calibration_sets=calibration_sets,
        texts=len(labels),
        classes=len(classes),
        top1=_share(labels[index] == offered[index][0] for index in questions),
        top3=_share(labels[index] in offered[index] for index in questions),
        answered=len(answered) / max(len(questions), 1),
        precision=_share(ranked[index][0].name == labels[index] for index in said),
        clarified=len(clarified) / max(len(questions), 1),
        clarified_right=_share(labels[index] in offered[index] for index in clarified),
        lost=_share(outcomes[index].decision in away for index in questions),
        out_of_scope_caught=_share(outcomes[index].decision in away for index in foreign),
        human_right=_share(outcomes[index].decision is Decision.HANDOFF for index in human),
        acts_right=_share(outcomes[index].intent.name == labels[index] for index in acts),
        expected_calibration_error=_calibration_error(probabilities, labels, classes),
        thresholds=thresholds,
    )


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
    rows = [space.row(example.analysis) for example in examples]
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows])
    values = np.concatenate([values for _, values in rows])
    matrix = scipy.sparse.csr_matrix((values, columns, ends), shape=(len(rows), len(space.names)))
    if vectors is None:
        return matrix
    return scipy.sparse.hstack([matrix, VECTOR_WEIGHT * vectors], format="csr")


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


def _lowest_bar(confidence: Floats, right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence from which on at least `precision` of the predictions are right; 1.01 if there is none."""
    if not len(confidence):
        return 0.5
    order = np.argsort(-confidence)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares >= precision)
    return float(confidence[order][good[-1]]) if len(good) else 1.01


def _ranking(row: Floats, classes: Sequence[str]) -> list[Ranked]:
    """The classes that matter to a decision, best first."""
    likely = np.flatnonzero(row > _UNLIKELY)
    return [Ranked(classes[index], float(row[index])) for index in likely[np.argsort(-row[likely], kind="stable")]]


def _share(hits: object) -> float:
    values = list(hits)  # type: ignore[call-overload]
    return sum(bool(value) for value in values) / len(values) if values else 0.0


def _calibration_error(probabilities: Floats, labels: NDArray[np.str_], classes: Sequence[str]) -> float:
    """Expected calibration error over ten equal bins of confidence."""
    confidence = probabilities.max(axis=1)
    right = np.asarray(classes)[probabilities.argmax(axis=1)] == labels
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = [
        abs(right[bins == number].mean() - confidence[bins == number].mean()) * (bins == number).mean()
        for number in range(10)
        if (bins == number).any()
    ]
    return float(sum(gaps))
