"""Learning the retriever's weights (faq_index.ranker) with the release in use, and what they bring.

Learned on scenarios.tuning, measured there and on scenarios.calibration. What is measured is the ranking alone: without
the shortcut for a text that is a wording, and without leaving out entries of another platform or time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.logic.classifier import Classifier
from bot.release import load_release
from common.held_out import SETS, HeldOutText, load_held_out
from evals.figures import Share, share
from evals.runs import NoSet
from faq_index.analysis import Analyser, Analysis
from faq_index.encoder import Vectors, load_encoder, vectors_of
from faq_index.index import FaqIndex
from faq_index.ranker import FEATURES, Floats, Ranker, fit_ranker

RANKER = Path("faq_index/ranker.json")
LEARNED_ON, CHECKED_ON = "tuning", "calibration"
_THREE = 3


class Question(NamedTuple):
    """A held-out text that entries of the library answer."""

    #: [entries, len(FEATURES)]
    features: Floats
    #: The numbers of the entries that are right.
    right: list[int]


class Placed(NamedTuple):
    """How often a right entry comes first, and among the first three."""

    first: Share
    among_three: Share

    def __str__(self) -> str:
        return f"right first {self.first}   among three {self.among_three}"


def report(root: Path, write: bool = False) -> Iterator[str]:
    """The lines of the report; `write` puts the new weights into faq_index/ranker.json."""
    asked = {part: scenario_texts(root, part) for part in (LEARNED_ON, CHECKED_ON)}
    release = load_release(root)
    encoder = load_encoder(root / release.manifest.encoder)
    analyser = Analyser.load(root / release.manifest.encoder / "lexicon")
    classifier = Classifier.load(root / release.manifest.classifier)
    index = FaqIndex.load(release.faq, encoder)
    questions = {}
    for part, items in asked.items():
        analyses = [analyser(item.text) for item in items]
        vectors = vectors_of(encoder, analyses)
        chances = [
            dict(zip(classifier.classes, classifier.probabilities(analysis, vector).tolist()))
            for analysis, vector in zip(analyses, vectors)
        ]
        questions[part] = questions_of(index, items, analyses, vectors, chances)
    old, new = index.ranker, fit_ranker(questions[LEARNED_ON])
    yield f"release {release.folder.name}; weights learned on {len(questions[LEARNED_ON])} questions of the tuning set"
    yield f"  {'':12} {'old':>8} {'new':>8}"
    for name, before, after in zip(FEATURES, old.weights, new.weights):
        yield f"  {name:12} {before:8.3f} {after:8.3f}"
    for part, found in questions.items():
        for name, ranker in (("old", old), ("new", new)):
            yield f"  {part:12} {name} weights   {placed(ranker, found)}"
    if write:
        new.save(root / RANKER)
        yield f"written to {RANKER}: `python -m bot.train` builds the index with them"


def scenario_texts(root: Path, part: str) -> list[HeldOutText]:
    """The texts of scenarios.<part>; NoSet when there are none."""
    path = SETS / f"scenarios.{part}.jsonl"
    if not (root / path).exists():
        raise NoSet(f"there is no set {path}")
    return load_held_out(root, path, [])


def questions_of(
    index: FaqIndex,
    items: Sequence[HeldOutText],
    analyses: Sequence[Analysis],
    vectors: Vectors,
    chances: Sequence[Mapping[str, float]],
) -> list[Question]:
    """What speaks for each entry, for those of `items` that an entry answers.

    `vectors` is [items, dim]; `chances` are the probabilities of the scenarios, for each item.
    """
    number = {entry.id: place for place, entry in enumerate(index.library.entries())}
    found = []
    for row, (item, analysis) in enumerate(zip(items, analyses)):
        if right := [number[name] for name in item.fields.get("entries", ()) if name in number]:
            found.append(Question(index.features(analysis, vectors[row : row + 1], chances[row]), right))
    return found


def placed(ranker: Ranker, questions: Sequence[Question]) -> Placed:
    """Where the right entries come."""
    first, among_three = [], []
    for question in questions:
        best = np.argsort(-ranker.chances(question.features), kind="stable")[:_THREE].tolist()
        first.append(best[0] in question.right)
        among_three.append(not set(question.right).isdisjoint(best))
    return Placed(share(first), share(among_three))
