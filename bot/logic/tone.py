"""Tone of a message from word lists: emotion, urgency and signs of fraud (data/lexicon/tone.tsv and risk.tsv)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bot.logic.decision import Ranked
from common.text import Aliases, normalise
from faq_index.lexicon import read_rows

TONE = "tone.tsv"
RISK = "risk.tsv"
FILES = (TONE, RISK)

_URGENCIES = "urgency.json"

#: A row of the tone list that takes urgency away again.
_CALM = "calm"
_URGENT = "urgent"
#: An emotion needs this much weight.
_ENOUGH = 1
_HIGHEST = 3
#: A scenario less likely than this says nothing about urgency.
_LIKELY = 0.3


class Emotion(str, Enum):
    """How the player feels; of equally strong ones the first counts."""

    ANGRY = "angry"
    ANXIOUS = "anxious"
    SAD = "sad"
    POSITIVE = "positive"
    NEUTRAL = "neutral"


class Risk(str, Enum):
    """What kind of fraud the message speaks of; the first whose signs are there counts."""

    CODE_BEGGING = "code_begging"  # someone wants the player's code or password
    LOW_PRICE_RECHARGE = "low_price_recharge"  # recharge below price outside the game
    FAKE_STAFF = "fake_staff"  # someone poses as staff
    PHISHING = "phishing"  # a suspicious link, page or mail
    OFF_PLATFORM = "off_platform"  # a deal outside the game
    NONE = "none"


@dataclass(frozen=True)
class Tone:
    """The tone of one message."""

    emotion: Emotion
    #: 0 none .. 3 at once
    urgency: int
    risk: Risk


class ToneReader:
    """Reads tone with the word lists of one folder."""

    def __init__(self, folder: Path, aliases: Aliases) -> None:
        self._tones: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        for tone, weight, words in read_rows(folder / TONE):
            self._tones[tone].append((int(weight), _normal(words, aliases)))
        self._risks = [
            (Risk(risk), [_normal(group, aliases) for group in signs.split("&")])
            for risk, signs in read_rows(folder / RISK)
        ]

    def read(self, text: str, scenario_urgency: int) -> Tone:
        """The tone of a normalised text whose likeliest scenario has this urgency."""
        return Tone(self._emotion(text), self._urgency(text, scenario_urgency), self._risk(text))

    def _emotion(self, text: str) -> Emotion:
        weights = {emotion: self._weight(text, emotion.value) for emotion in Emotion}
        strongest = max(weights, key=lambda emotion: weights[emotion])
        return strongest if weights[strongest] >= _ENOUGH else Emotion.NEUTRAL

    def _urgency(self, text: str, scenario_urgency: int) -> int:
        said = max((weight for weight, words in self._tones[_URGENT] if _any(text, words)), default=0)
        level = max(scenario_urgency, said)
        if said == 1 and scenario_urgency >= 1:
            level = min(scenario_urgency + 1, _HIGHEST)
        return max(level - 1, 0) if self._weight(text, _CALM) and not said else level

    def _risk(self, text: str) -> Risk:
        return next((risk for risk, groups in self._risks if all(_any(text, group) for group in groups)), Risk.NONE)

    def _weight(self, text: str, tone: str) -> int:
        return sum(weight * sum(word in text for word in words) for weight, words in self._tones[tone])


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


def _normal(words: str, aliases: Aliases) -> tuple[str, ...]:
    return tuple(normal for word in words.split("|") if (normal := normalise(word, aliases).text))


def _any(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
