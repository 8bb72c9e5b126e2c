"""Tone of a message: emotion and signs of fraud by small linear models, urgency by scenario and words.

The models see the features of the scenario classifier and are trained from data/tone/ (bot.logic.tone_fitting); without
such texts every message is neutral and harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from bot.logic.classifier import Classifier
from bot.logic.decision import Ranked
from common.text import Aliases, normalise
from faq_index.analysis import Analysis
from faq_index.lexicon import read_rows

URGENCY_WORDS = "urgency.tsv"

_URGENCIES = "urgency.json"
_EMOTION, _RISK = "emotion", "risk"
_LIMIT = "limit.json"

_HIGHEST = 3
#: A scenario less likely than this says nothing about urgency.
_LIKELY = 0.3


class Emotion(str, Enum):
    """How the player feels."""

    ANGRY = "angry"
    ANXIOUS = "anxious"
    SAD = "sad"
    POSITIVE = "positive"
    NEUTRAL = "neutral"


class Risk(str, Enum):
    """What kind of fraud the message speaks of."""

    CODE_BEGGING = "code_begging"  # someone wants the player's code or password
    LOW_PRICE_RECHARGE = "low_price_recharge"  # recharge below price outside the game
    FAKE_STAFF = "fake_staff"  # someone poses as staff
    PHISHING = "phishing"  # a suspicious link, page or mail
    OFF_PLATFORM = "off_platform"  # a deal outside the game
    NONE = "none"


class EmotionModel:
    """The likeliest emotion of a text."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def read(self, analysis: Analysis) -> Emotion:
        """The emotion of a text; of an empty one, neutral."""
        if not analysis.text:
            return Emotion.NEUTRAL
        chances = self._classifier.probabilities(analysis, _NO_VECTOR)
        return Emotion(self._classifier.classes[int(chances.argmax())])


class RiskModel:
    """The likeliest kind of fraud of a text that is likely enough to speak of any."""

    def __init__(self, classifier: Classifier, limit: float) -> None:
        """`limit`: how likely a text must be to speak of fraud; fitted so that few harmless ones are."""
        self._classifier = classifier
        self.limit = limit

    def read(self, analysis: Analysis) -> Risk:
        """The risk that a text speaks of."""
        chances = self._classifier.probabilities(analysis, _NO_VECTOR)
        harmless = self._classifier.classes.index(Risk.NONE.value)
        if 1 - chances[harmless] < self.limit:
            return Risk.NONE
        chances[harmless] = 0
        return Risk(self._classifier.classes[int(chances.argmax())])


@dataclass(frozen=True)
class ToneModels:
    """Both models; None where there was nothing to train them from."""

    emotion: EmotionModel | None = None
    risk: RiskModel | None = None

    @classmethod
    def load(cls, folder: Path) -> ToneModels:
        """The models saved to `folder`."""
        emotion, risk = folder / _EMOTION, folder / _RISK
        return cls(
            EmotionModel(Classifier.load(emotion)) if emotion.exists() else None,
            RiskModel(Classifier.load(risk), json.loads((risk / _LIMIT).read_text(encoding="utf-8")))
            if risk.exists()
            else None,
        )

    def emotion_of(self, analysis: Analysis) -> Emotion:
        """How the player feels."""
        return self.emotion.read(analysis) if self.emotion else Emotion.NEUTRAL

    def risk_of(self, analysis: Analysis) -> Risk:
        """What kind of fraud the text speaks of."""
        return self.risk.read(analysis) if self.risk else Risk.NONE


def save_emotion(classifier: Classifier, folder: Path) -> None:
    """Write an emotion classifier to where `ToneModels.load` finds it."""
    classifier.save(folder / _EMOTION)


def save_risk(classifier: Classifier, limit: float, folder: Path) -> None:
    """Write a fraud classifier to where `ToneModels.load` finds it."""
    classifier.save(folder / _RISK)
    (folder / _RISK / _LIMIT).write_text(json.dumps(limit), encoding="utf-8")


class UrgencyWords:
    """How urgent a text says it is, by the words of data/lexicon/urgency.tsv."""

    def __init__(self, folder: Path, aliases: Aliases) -> None:
        rows = [(int(level), _normal(words, aliases)) for level, words in read_rows(folder / URGENCY_WORDS)]
        self._calm = [words for level, words in rows if not level]
        self._pressing = [(level, words) for level, words in rows if level]

    def urgency(self, text: str, scenario_urgency: int) -> int:
        """0 none .. 3 at once, for a normalised text whose likeliest scenario has this urgency."""
        said = max((level for level, words in self._pressing if _any(text, words)), default=0)
        level = max(scenario_urgency, said)
        if said == 1 and scenario_urgency >= 1:
            level = min(scenario_urgency + 1, _HIGHEST)
        calm = not said and any(_any(text, words) for words in self._calm)
        return max(level - 1, 0) if calm else level


class ScenarioUrgency:
    """How urgent each scenario is by its nature (data/scenarios.yml)."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        self._levels = dict(levels)

    def of(self, likeliest: Ranked) -> int:
        """The urgency of the likeliest scenario, if it is likely enough to count."""
        return self._levels.get(likeliest.name, 0) if likeliest.confidence >= _LIKELY else 0

    def save(self, folder: Path) -> None:
        """Write the levels to `folder`."""
        (folder / _URGENCIES).write_text(json.dumps(self._levels, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ScenarioUrgency:
        """The levels saved to `folder`."""
        return cls(json.loads((folder / _URGENCIES).read_text(encoding="utf-8")))


_NO_VECTOR = np.zeros(0, dtype=np.float32)


def _normal(words: str, aliases: Aliases) -> tuple[str, ...]:
    return tuple(normal for word in words.split("|") if (normal := normalise(word, aliases).text))


def _any(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
