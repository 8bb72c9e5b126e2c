"""Training the models of tone from data/tone/. Needs scikit-learn; nothing that serves imports this module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import LinearSVC

from bot.logic.classifier import Classifier, Floats
from bot.logic.fitting import Example, build_space, fit_calibration, sparse_rows
from bot.logic.tone import Risk, save_emotion, save_risk
from common.content import load_utterances
from common.labelled import EMOTION_TEXTS, EMOTIONS, FRAUD_TEXTS, RISKS, LabelledText, load_labelled
from faq_index.analysis import Analyser

_FOLDS = 5
#: Of ordinary messages, and of harmless look-alikes, at most this share may be taken for fraud. Chosen on the tuning and
#: calibration sets: fewer alarms among look-alikes would miss more than one fraud in twenty.
_FALSE_ALARMS = 0.02
_FALSE_ALARMS_OF_LOOKALIKES = 0.04
#: Every so-many-th utterance of a scenario that has nothing to do with fraud stands for ordinary traffic.
_EVERY = 12
#: Scenarios whose messages may well speak of fraud; they are no examples of harmless ones.
_SUSPICIOUS = (
    "security_",
    "pay_third_party_discount",
    "pay_unauthorized",
    "trade_offline_penalty",
    "trade_role_market",
    "trade_dispute",
)


def fit_tone(root: Path, analyser: Analyser, folder: Path) -> None:
    """Train what there are texts for under `root` and write it to `folder`."""
    emotions = load_labelled(root, EMOTION_TEXTS, EMOTIONS, [])
    if emotions:
        save_emotion(_fit(_examples(emotions, analyser))[0], folder)
    frauds = load_labelled(root, FRAUD_TEXTS, RISKS, [])
    if frauds:
        examples = _examples(frauds, analyser)
        classifier, chances = _fit(examples + _ordinary(root, analyser))
        fraud = 1 - chances[:, classifier.classes.index(Risk.NONE.value)]
        lookalike = np.asarray([example.label == Risk.NONE.value for example in examples])
        save_risk(classifier, _limit(fraud[len(examples) :], fraud[: len(examples)][lookalike]), folder)


def _examples(texts: Sequence[LabelledText], analyser: Analyser) -> list[Example]:
    return [Example(item.label, analyser(item.text)) for item in texts]


def _ordinary(root: Path, analyser: Analyser) -> list[Example]:
    """Messages as they come in: harmless ones that look like nothing in the fraud texts."""
    utterances = [item for item in load_utterances(root, []) if not item.intent.startswith(_SUSPICIOUS)]
    return [Example(Risk.NONE.value, analyser(item.text)) for item in utterances[::_EVERY]]


def _fit(examples: Sequence[Example]) -> tuple[Classifier, Floats]:
    """A calibrated classifier, and its probabilities for the examples out of fold, [examples, classes]."""
    space = build_space([example.analysis for example in examples])
    matrix = sparse_rows(examples, space)
    labels = np.asarray([example.label for example in examples])
    model = LinearSVC(class_weight="balanced", random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    scores: Floats = cross_val_predict(model, matrix, labels, cv=folds, method="decision_function").astype(np.float32)
    model.fit(matrix, labels)
    classes = [str(name) for name in model.classes_]
    calibration = fit_calibration(scores, np.searchsorted(model.classes_, labels))
    nothing = np.zeros((0, len(classes)), dtype=np.float32)
    bias = model.intercept_.astype(np.float32)
    classifier = Classifier(classes, space, model.coef_.T.astype(np.float32), nothing, bias, calibration)
    return classifier, calibration.probabilities(scores)


def _limit(ordinary: Floats, lookalikes: Floats) -> float:
    """The chance of fraud that few ordinary messages and few look-alikes reach, given that of each."""
    bars = [(ordinary, _FALSE_ALARMS), (lookalikes, _FALSE_ALARMS_OF_LOOKALIKES)]
    return max(float(np.quantile(chances, 1 - share)) for chances, share in bars if len(chances))
