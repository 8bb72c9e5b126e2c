"""What to do with a message: answer, clarify, fall back, hand over or chat.

Pure, from calibrated probabilities, their margin, the distance to the nearest known text, and whether classifier and
retriever agree.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.content import OUT_OF_SCOPE
from common.language import ENGLISH

Floats = NDArray[np.float64]

HUMAN_SCENARIO = "service_human"
CRISIS_SCENARIO = "service_crisis"
REQUEST_HUMAN = "request_human"
CLARIFY = "clarify"

_FILE = "thresholds.json"
_SCENARIOS = "scenarios.json"
_SURENESS = "sureness.json"
_BLEND = "blend.json"
#: Probabilities are kept this far from 0 and 1 before their odds are taken.
_LEAST = 1e-4
_STEEPEST = 30.0
_LEAST_TOLD = 1e-5
#: Thresholds are fitted on Chinese. English is known less well and looks foreign sooner, so that a message in English is let
#: go only when it is likelier to be out of scope than not.
_EVEN = 0.5


class Decision(str, Enum):
    """What becomes of a message."""

    ANSWER = "answer"  # the scenario is clear: its answer or its flow
    CLARIFY = "clarify"  # two or three scenarios are likely: ask which
    FALLBACK = "fallback"  # not ours, or not understood
    HANDOFF = "handoff"  # the player asks for a person
    SMALLTALK = "smalltalk"  # a dialogue act


@dataclass(frozen=True)
class Ranked:
    """A class with its probability."""

    name: str
    confidence: float


@dataclass(frozen=True)
class Thresholds:
    """Where the decisions part; fitted on predictions for texts the model has not seen."""

    #: A scenario that is right with at least this chance is answered straight away.
    answer: float = 0.6
    #: A message that is out of scope with at least this chance falls back.
    out_of_scope: float = 0.5
    #: The three likeliest scenarios together at least this likely: ask which; else fall back.
    clarify: float = 0.3
    #: A dialogue act at least this likely is one.
    act: float = 0.4
    #: A wish for a person, or a cry for help, at least this likely is one: to miss it costs more than to be wrong.
    human: float = 0.4

    def save(self, folder: Path) -> None:
        """Write the thresholds to `folder`."""
        (folder / _FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Thresholds:
        """The thresholds saved to `folder`."""
        return cls(**json.loads((folder / _FILE).read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Outcome:
    """A decision and the intent that goes with it."""

    decision: Decision
    intent: Ranked


@dataclass(frozen=True)
class Nearest:
    """The retriever's best entry for a message."""

    scenario: str
    #: How likely it is the right one; 1: the message is one of its wordings.
    chance: float
    #: The cosine of its nearest wording.
    likeness: float

    @property
    def is_same_question(self) -> bool:
        """Whether nothing is left to guess."""
        return self.chance == 1.0


@dataclass(frozen=True)
class Judgement:
    """How far a ranking can be trusted."""

    top: Ranked
    #: The chance that the likeliest class is right.
    sure: float
    #: The chance that the message is out of scope.
    foreign: float
    #: The chance that one of the three likeliest scenarios is right.
    together: float


@dataclass(frozen=True)
class Sureness:
    """Two logistic models over `evidence`; without weights the classifier's own probabilities stand."""

    #: Intercept, then a weight for each piece of evidence.
    right: tuple[float, ...] = ()
    foreign: tuple[float, ...] = ()

    def chance_right(self, evidence: Sequence[float], plain: float) -> float:
        """The chance that the likeliest class is right; `plain` is the classifier's own."""
        return _logistic(self.right, evidence) if self.right else plain

    def chance_foreign(self, evidence: Sequence[float], plain: float) -> float:
        """The chance that the message is out of scope; `plain` is the classifier's own."""
        return _logistic(self.foreign, evidence) if self.foreign else plain

    def save(self, folder: Path) -> None:
        """Write the weights to `folder`."""
        (folder / _SURENESS).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Sureness:
        """The weights saved to `folder`."""
        stored = json.loads((folder / _SURENESS).read_text(encoding="utf-8"))
        return cls(tuple(stored["right"]), tuple(stored["foreign"]))


@dataclass(frozen=True)
class Blend:
    """How classifier and retriever together rank the scenarios: by a weighted sum of the logarithms of their chances, scaled
    to the share that the classifier leaves to scenarios. What is out of scope or a dialogue act, it alone says.
    """

    classifier: float = 1.0
    retriever: float = 0.0

    def ranking(self, ranking: Sequence[Ranked], told: Mapping[str, float]) -> list[Ranked]:
        """`ranking` (best first) with its scenarios, those in `told`, ranked anew."""
        asked = [item for item in ranking if item.name in told]
        if not asked or not self.retriever:
            return list(ranking)
        chances = np.asarray([item.confidence for item in asked])
        shares = self.shares(chances, np.asarray([told[item.name] for item in asked])) * chances.sum()
        blended = [Ranked(item.name, share) for item, share in zip(asked, shares.tolist())]
        others = [item for item in ranking if item.name not in told]
        return sorted([*blended, *others], key=lambda item: -item.confidence)

    def shares(self, chances: Floats, told: Floats) -> Floats:
        """[..., scenarios], adding up to 1, for the chances by classifier and by retriever, of the same shape."""
        scores = self.classifier * np.log(np.maximum(chances, _LEAST))
        scores = scores + self.retriever * np.log(np.maximum(told, _LEAST_TOLD))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        blended: Floats = shares / shares.sum(axis=-1, keepdims=True)
        return blended

    def save(self, folder: Path) -> None:
        """Write the weights to `folder`."""
        (folder / _BLEND).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Blend:
        """The weights saved to `folder`."""
        return cls(**json.loads((folder / _BLEND).read_text(encoding="utf-8")))


def evidence(ranking: Sequence[Ranked], nearest: Nearest | None) -> list[float]:
    """What tells whether a ranking can be trusted: how likely its best class is and by what margin, how likely the message
    is out of scope, how near the nearest known wording is, how sure the retriever is of it, and whether both agree.
    """
    second = ranking[1].confidence if len(ranking) > 1 else 0.0
    foreign = next((item.confidence for item in ranking if item.name == OUT_OF_SCOPE), 0.0)
    near = nearest or Nearest("", 0.0, 0.0)
    return [
        _logit(ranking[0].confidence),
        math.log((ranking[0].confidence + _LEAST) / (second + _LEAST)),
        _logit(foreign),
        near.likeness,
        near.chance,
        float(near.scenario == ranking[0].name),
    ]


def _logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    total = weights[0] + sum(weight * value for weight, value in zip(weights[1:], values))
    return 1 / (1 + math.exp(-max(min(total, _STEEPEST), -_STEEPEST)))


def _logit(chance: float) -> float:
    kept = min(max(chance, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))


def foreignness(out_of_scope: float, together: float) -> float:
    """How much likelier a message is to be out of scope than to be in one of its three likeliest scenarios, 0..1."""
    return out_of_scope / max(out_of_scope + together, 1e-9)


@dataclass(frozen=True)
class Policy:
    """Decides with fitted thresholds; knows which classes are scenarios."""

    thresholds: Thresholds
    scenarios: frozenset[str]
    sureness: Sureness = Sureness()
    blend: Blend = Blend()

    def judge(self, ranking: Sequence[Ranked], nearest: Nearest | None = None) -> Judgement:
        """How far a full ranking can be trusted."""
        together = sum(item.confidence for item in self.scenarios_of(ranking)[:3])
        foreign = next((item.confidence for item in ranking if item.name == OUT_OF_SCOPE), 0.0)
        seen = evidence(ranking, nearest)
        return Judgement(
            ranking[0],
            self.sureness.chance_right(seen, ranking[0].confidence),
            self.sureness.chance_foreign(seen, foreignness(foreign, together)),
            together,
        )

    def decide(self, ranking: Sequence[Ranked], nearest: Nearest | None = None, language: str | None = None) -> Outcome:
        """The outcome for a full ranking (best first, out_of_scope and dialogue acts included) of a text in `language`."""
        if nearest is not None and nearest.is_same_question:
            return self._for(Ranked(nearest.scenario, 1.0))
        return self.outcome(self.judge(ranking, nearest), language)

    def outcome(self, judged: Judgement, language: str | None = None) -> Outcome:
        """What follows from a judgement."""
        limits, top = self.thresholds, judged.top
        foreign_bar = max(limits.out_of_scope, _EVEN) if language == ENGLISH else limits.out_of_scope
        if top.name in (HUMAN_SCENARIO, CRISIS_SCENARIO) and top.confidence >= limits.human:
            return self._for(top)
        if top.name not in self.scenarios and top.name != OUT_OF_SCOPE and top.confidence >= limits.act:
            return Outcome(Decision.SMALLTALK, top)
        if judged.foreign >= foreign_bar:
            return Outcome(Decision.FALLBACK, Ranked(OUT_OF_SCOPE, judged.foreign))
        if top.name in self.scenarios and top.name != HUMAN_SCENARIO and judged.sure >= limits.answer:
            return self._for(Ranked(top.name, judged.sure))
        if judged.together >= limits.clarify:
            return Outcome(Decision.CLARIFY, Ranked(CLARIFY, judged.together))
        return Outcome(Decision.FALLBACK, Ranked(OUT_OF_SCOPE, max(judged.foreign, 1 - judged.together)))

    def scenarios_of(self, ranking: Sequence[Ranked], nearest: Nearest | None = None) -> list[Ranked]:
        """The scenarios of a full ranking, best first; that of the same question, if there is one, is the best."""
        same = nearest.scenario if nearest is not None and nearest.is_same_question else None
        found = [item for item in ranking if item.name in self.scenarios and item.name != same]
        return found if same is None else [Ranked(same, 1.0), *found]

    def save(self, folder: Path) -> None:
        """Write the policy to `folder`."""
        self.thresholds.save(folder)
        self.sureness.save(folder)
        self.blend.save(folder)
        (folder / _SCENARIOS).write_text(json.dumps(sorted(self.scenarios), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Policy:
        """The policy saved to `folder`."""
        scenarios = json.loads((folder / _SCENARIOS).read_text(encoding="utf-8"))
        return cls(Thresholds.load(folder), frozenset(scenarios), Sureness.load(folder), Blend.load(folder))

    def _for(self, scenario: Ranked) -> Outcome:
        if scenario.name == HUMAN_SCENARIO:
            return Outcome(Decision.HANDOFF, Ranked(REQUEST_HUMAN, scenario.confidence))
        return Outcome(Decision.ANSWER, scenario)
