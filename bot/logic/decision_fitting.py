"""Fitting the decision: how far a ranking can be trusted, and the thresholds; and measuring what they come to.

Everything is fitted on predictions for texts that the classifier has not seen. The two logistic models of Sureness are
cross-fitted: the judgement that a threshold is fitted on comes from a model that has not seen that text either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from bot.logic.classifier import Floats
from bot.logic.decision import (
    HUMAN_SCENARIO,
    Blend,
    Decision,
    Judgement,
    Nearest,
    Policy,
    Ranked,
    Sureness,
    Thresholds,
    evidence,
)
from common.content import OUT_OF_SCOPE

_REPORT = "report.json"
#: Classes less likely than this change no decision of the classifier alone.
UNLIKELY = 1e-4
_FOLDS = 5
#: Of confidence, where it is compared with how often it comes true.
BINS = 10
#: Fewer texts of either kind fit no model.
_FEWEST = 30


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


@dataclass(frozen=True)
class Case:
    """An unseen text: what it is, what the classifier makes of it, and the retriever's best entry, if it was asked."""

    label: str
    ranking: list[Ranked]
    nearest: Nearest | None = None
    #: How likely each scenario is by the retriever; empty when it was not asked.
    told: Mapping[str, float] = MappingProxyType({})


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
    #: Of the trust in the likeliest class, where that is a scenario.
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


def ranking_of(row: Floats, classes: Sequence[str], least: float = 0.0) -> list[Ranked]:
    """The classes with a probability of at least `least`, best first, for their probabilities [classes]."""
    likely = np.flatnonzero(row >= least)
    return [Ranked(classes[index], float(row[index])) for index in likely[np.argsort(-row[likely], kind="stable")]]


def fit_policy(
    cases: Sequence[Case], scenarios: frozenset[str], targets: Targets = _USUAL, calibration_sets: bool = False
) -> tuple[Policy, Report]:
    """The policy for these cases, and what it comes to on them.

    Where the retriever was asked, and there are enough texts, trust is fitted; else the classifier's probabilities stand.
    """
    blend = fit_blend(cases, scenarios)
    cases = [replace(case, ranking=blend.ranking(case.ranking, case.told)) for case in cases]
    plain = Policy(Thresholds(), scenarios)
    judged = [plain.judge(case.ranking, case.nearest) for case in cases]
    sureness = Sureness()
    if any(case.nearest for case in cases):
        known = np.asarray([evidence(case.ranking, case.nearest) for case in cases])
        right = np.asarray([case.ranking[0].name == case.label for case in cases])
        foreign = np.asarray([case.label == OUT_OF_SCOPE for case in cases])
        about = np.asarray([case.label in scenarios or case.label == OUT_OF_SCOPE for case in cases])
        asked = np.asarray([case.ranking[0].name in scenarios for case in cases])
        sure_of, sure = _cross_fit(known, right, asked)
        foreign_of, strange = _cross_fit(known, foreign, about)
        if sure_of and foreign_of:
            sureness = Sureness(sure_of, foreign_of)
            judged = [
                Judgement(one.top, float(chance), float(other), one.together)
                for one, chance, other in zip(judged, sure, strange)
            ]
    thresholds = fit_thresholds(judged, [case.label for case in cases], scenarios, targets)
    policy = Policy(thresholds, scenarios, sureness, blend)
    return policy, measure(cases, judged, policy, calibration_sets)


def fit_blend(cases: Sequence[Case], scenarios: frozenset[str]) -> Blend:
    """The weights of classifier and retriever under which the right scenarios are likeliest."""
    known = [case for case in cases if case.label in scenarios and case.label in case.told]
    if len(known) < _FEWEST:
        return Blend()
    names = sorted(known[0].told)
    by_name = [{item.name: item.confidence for item in case.ranking} for case in known]
    chances = np.asarray([[found.get(name, 0.0) for name in names] for found in by_name])
    told = np.asarray([[case.told[name] for name in names] for case in known])
    right = np.asarray([names.index(case.label) for case in known])

    def loss(weights: NDArray[np.float64]) -> float:
        shares = Blend(*map(float, weights)).shares(chances, told)
        return -float(np.log(np.maximum(shares[np.arange(len(right)), right], 1e-4)).mean())

    found = minimize(loss, [1.0, 1.0], method="Nelder-Mead")
    return Blend(*map(float, found.x))


def _cross_fit(
    known: NDArray[np.float64], truth: NDArray[np.bool_], used: NDArray[np.bool_]
) -> tuple[tuple[float, ...], Floats]:
    """A logistic model of `truth` fitted on the rows `used`: its weights, none when there is too little to learn from,
    and for every row the chance according to a model that has not seen it.
    """
    if min(np.sum(truth & used), np.sum(~truth & used)) < _FEWEST:
        return (), np.zeros(len(truth), dtype=np.float32)
    chances = np.zeros(len(truth), dtype=np.float32)
    for seen, held in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(known, truth):
        fitted = _logistic_model().fit(known[seen[used[seen]]], truth[seen[used[seen]]])
        chances[held] = fitted.predict_proba(known[held])[:, 1]
    scaler, model = (step for _, step in _logistic_model().fit(known[used], truth[used]).steps)
    weights = model.coef_[0] / scaler.scale_
    intercept = model.intercept_[0] - float(weights @ scaler.mean_)
    return (float(intercept), *map(float, weights)), chances


def _logistic_model() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression())


def fit_thresholds(
    judged: Sequence[Judgement], labels: Sequence[str], scenarios: frozenset[str], targets: Targets = _USUAL
) -> Thresholds:
    """The lowest bar for answering that keeps the precision; the lowest for out of scope that loses few questions."""
    truth = np.asarray(labels)
    names = np.asarray([one.top.name for one in judged])
    confidence = np.asarray([one.top.confidence for one in judged])
    sure, foreign, together = (
        np.asarray([getattr(one, name) for one in judged]) for name in ("sure", "foreign", "together")
    )
    right = names == truth
    real = np.isin(truth, list(scenarios))
    asked = np.isin(names, list(scenarios))
    human = asked & (names == HUMAN_SCENARIO)
    act = ~asked & (names != OUT_OF_SCOPE)
    act_bar = _lowest_bar(confidence[act], right[act], targets.act)
    clarify_bar = float(np.quantile(together[real], targets.lost / 10)) if real.any() else 0.3
    lost = real & ((act & (confidence >= act_bar)) | (together < clarify_bar))
    foreign_bar = _bar_that_loses(foreign[real], lost[real], targets.lost)
    ours = asked & ~human & (foreign < foreign_bar)
    return Thresholds(
        answer=_lowest_bar(sure[ours], right[ours], targets.precision),
        out_of_scope=foreign_bar,
        clarify=clarify_bar,
        act=act_bar,
        human=_lowest_bar(confidence[human], right[human], targets.human),
    )


def measure(
    cases: Sequence[Case], judged: Sequence[Judgement], policy: Policy, calibration_sets: bool = False
) -> Report:
    """What the policy's decisions come to on judged cases."""
    outcomes = [policy.outcome(one) for one in judged]
    offered = [[item.name for item in policy.scenarios_of(case.ranking)[:3]] for case in cases]
    labels = [case.label for case in cases]

    def among(wanted: Callable[[str], bool]) -> list[int]:
        return [index for index, label in enumerate(labels) if wanted(label)]

    questions = among(lambda label: label in policy.scenarios)
    foreign = among(lambda label: label == OUT_OF_SCOPE)
    acts = among(lambda label: label not in policy.scenarios and label != OUT_OF_SCOPE)
    human = among(lambda label: label == HUMAN_SCENARIO)
    said = [index for index, outcome in enumerate(outcomes) if outcome.decision is Decision.ANSWER]
    answered = [index for index in questions if outcomes[index].decision is Decision.ANSWER]
    clarified = [index for index in questions if outcomes[index].decision is Decision.CLARIFY]
    away = {Decision.FALLBACK, Decision.SMALLTALK}
    trusted = [
        (one.sure, one.top.name == label) for one, label in zip(judged, labels) if one.top.name in policy.scenarios
    ]
    return Report(
        calibration_sets=calibration_sets,
        texts=len(cases),
        classes=len(set(labels)),
        top1=_share(labels[index] == (offered[index] or [""])[0] for index in questions),
        top3=_share(labels[index] in offered[index] for index in questions),
        answered=len(answered) / max(len(questions), 1),
        precision=_share(cases[index].ranking[0].name == labels[index] for index in said),
        clarified=len(clarified) / max(len(questions), 1),
        clarified_right=_share(labels[index] in offered[index] for index in clarified),
        lost=_share(outcomes[index].decision in away for index in questions),
        out_of_scope_caught=_share(outcomes[index].decision in away for index in foreign),
        human_right=_share(outcomes[index].decision is Decision.HANDOFF for index in human),
        acts_right=_share(outcomes[index].intent.name == labels[index] for index in acts),
        expected_calibration_error=calibration_error(
            np.asarray([sure for sure, _ in trusted], dtype=float),
            np.asarray([right for _, right in trusted], dtype=bool),
        ),
        thresholds=policy.thresholds,
    )


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal bins of confidence (Guo et al. 2017); of nothing it is 0."""
    gaps = np.bincount(bins_of(sure), right - sure, minlength=BINS)
    return float(np.abs(gaps).sum() / max(len(sure), 1))


def bins_of(sure: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which tenth of 0..1 each chance lies in, 0..9."""
    bins: NDArray[np.int64] = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    return bins


def _bar_that_loses(score: Floats, lost: NDArray[np.bool_], share: float) -> float:
    """The lowest bar over which no more than `share` lie, together with those `lost` already."""
    budget = int(share * len(score)) - int(lost.sum())
    others = np.sort(score[~lost])[::-1]
    return float(np.nextafter(others[budget], np.float32(2))) if 0 <= budget < len(others) else 1.01


def _lowest_bar(confidence: Floats, right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence from which on at least `precision` of the predictions are right; 1.01 if there is none."""
    if not len(confidence):
        return 0.5
    order = np.argsort(-confidence)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares >= precision)
    return float(confidence[order][good[-1]]) if len(good) else 1.01


def _share(hits: object) -> float:
    values = list(hits)  # type: ignore[call-overload]
    return sum(bool(value) for value in values) / len(values) if values else 0.0
