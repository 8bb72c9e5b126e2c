"""What to do with a message: answer, clarify, fall back, hand over or chat. Pure, from calibrated probabilities."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from common.content import OUT_OF_SCOPE

HUMAN_SCENARIO = "service_human"
CRISIS_SCENARIO = "service_crisis"
REQUEST_HUMAN = "request_human"
CLARIFY = "clarify"

_FILE = "thresholds.json"
_SCENARIOS = "scenarios.json"


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

    #: A scenario at least this likely is answered straight away.
    answer: float = 0.6
    #: A message whose foreignness (see `foreignness`) is at least this falls back.
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


def foreignness(out_of_scope: float, together: float) -> float:
    """How much likelier a message is to be out of scope than to be in one of its three likeliest scenarios, 0..1."""
    return out_of_scope / max(out_of_scope + together, 1e-9)


@dataclass(frozen=True)
class Policy:
    """Decides with fitted thresholds; knows which classes are scenarios."""

    thresholds: Thresholds
    scenarios: frozenset[str]

    def decide(self, ranking: Sequence[Ranked], same_question: str | None = None) -> Outcome:
        """The outcome for a full ranking (best first, out_of_scope and dialogue acts included).

        `same_question` is the scenario of the FAQ entry one of whose wordings the text is, if there is one.
        """
        limits = self.thresholds
        if same_question is not None:
            return self._for(Ranked(same_question, 1.0))
        top = ranking[0]
        foreign = next((item for item in ranking if item.name == OUT_OF_SCOPE), Ranked(OUT_OF_SCOPE, 0.0))
        together = sum(item.confidence for item in self.scenarios_of(ranking)[:3])
        if top.name in (HUMAN_SCENARIO, CRISIS_SCENARIO) and top.confidence >= limits.human:
            return self._for(top)
        if top.name not in self.scenarios and top.name != OUT_OF_SCOPE and top.confidence >= limits.act:
            return Outcome(Decision.SMALLTALK, top)
        if foreignness(foreign.confidence, together) >= limits.out_of_scope:
            return Outcome(Decision.FALLBACK, foreign)
        if top.name in self.scenarios and top.name != HUMAN_SCENARIO and top.confidence >= limits.answer:
            return self._for(top)
        if together >= limits.clarify:
            return Outcome(Decision.CLARIFY, Ranked(CLARIFY, together))
        return Outcome(Decision.FALLBACK, Ranked(OUT_OF_SCOPE, max(foreign.confidence, 1 - together)))

    def scenarios_of(self, ranking: Sequence[Ranked], same_question: str | None = None) -> list[Ranked]:
        """The scenarios of a full ranking, best first; the one of the same question, if given, is the best."""
        found = [item for item in ranking if item.name in self.scenarios and item.name != same_question]
        return found if same_question is None else [Ranked(same_question, 1.0), *found]

    def save(self, folder: Path) -> None:
        """Write the policy to `folder`."""
        self.thresholds.save(folder)
        (folder / _SCENARIOS).write_text(json.dumps(sorted(self.scenarios), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Policy:
        """The policy saved to `folder`."""
        scenarios = json.loads((folder / _SCENARIOS).read_text(encoding="utf-8"))
        return cls(Thresholds.load(folder), frozenset(scenarios))

    def _for(self, scenario: Ranked) -> Outcome:
        if scenario.name == HUMAN_SCENARIO:
            return Outcome(Decision.HANDOFF, Ranked(REQUEST_HUMAN, scenario.confidence))
        return Outcome(Decision.ANSWER, scenario)
