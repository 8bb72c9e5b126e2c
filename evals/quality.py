"""The release in use as the evaluation sees it: text by text, without Rasa around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.logic.artifacts import nearest_of
from bot.logic.classifier import Classifier
from bot.logic.decision import Decision, Policy, Ranked
from bot.release import load_release
from common.language import next_language
from faq_index.analysis import Analyser, Analysis
from faq_index.encoder import Vectors, load_encoder, vectors_of
from faq_index.index import FaqIndex

_THREE = 3
_UNKNOWN = Ranked("", 0.0)


@dataclass(frozen=True)
class Understood:
    """What the pipeline makes of a text."""

    ranking: list[Ranked]
    scenarios: list[str]
    decision: Decision
    intent: str
    entries: list[str]
    #: The chance that the likeliest class is right, by all the evidence; 1 for a question of the library word for word.
    sure: float = 0.0
    #: The classifier's own likeliest class, before anything else has a say, with its softmax.
    plain: Ranked = _UNKNOWN


class Bot:
    """The same parts as in the pipeline of the release in use."""

    def __init__(self, root: Path) -> None:
        release = load_release(root)
        self.name = release.folder.name
        encoder = load_encoder(root / release.manifest.encoder)
        self._encoder = encoder
        self.analyser = Analyser.load(root / release.manifest.encoder / "lexicon")
        self._classifier = Classifier.load(root / release.manifest.classifier)
        self.index = FaqIndex.load(release.faq, encoder)
        self.policy = Policy.load(root / release.manifest.policy)

    def analyse(self, text: str) -> Analysis:
        """The text taken apart."""
        return self.analyser(text)

    def encode(self, text: str) -> Vectors:
        """The text's vector, [1, dim]."""
        return vectors_of(self._encoder, [self.analyser(text)])

    def __call__(self, text: str) -> Understood:
        analysis = self.analyser(text)
        vector = vectors_of(self._encoder, [analysis])
        chances = self._classifier.probabilities(analysis, vector[0])
        names = self._classifier.classes
        plain = [Ranked(names[i], float(chances[i])) for i in np.argsort(-chances, kind="stable")]
        found = self.index.search(analysis, vector, {item.name: item.confidence for item in plain}, _THREE)
        ranking = self.policy.blend.ranking(plain, found.scenarios)
        nearest = nearest_of(found.hits)
        outcome = self.policy.decide(ranking, nearest, next_language(None, text))
        same = nearest is not None and nearest.is_same_question
        return Understood(
            ranking,
            [item.name for item in self.policy.scenarios_of(ranking, nearest)],
            outcome.decision,
            outcome.intent.name,
            [hit.id for hit in found.hits],
            1.0 if same else self.policy.judge(ranking, nearest).sure,
            plain[0],
        )
