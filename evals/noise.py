"""Utterances whose label the others contradict: read again by whoever wrote them.

Each utterance is judged by a model that was trained without it and its near-duplicates. Where that model is sure of
another class and all but rules out the given one, the label is doubted (confident learning, Northcutt et al. 2021, with
fixed bars instead of one for each class).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.logic.fitting import Unseen, fit
from common.content import LEXICON, Utterance, load_content
from evals.examples import each_once, spoken_examples, told_examples
from faq_index.analysis import RememberingAnalyser
from faq_index.lexicon import load_lexicon

#: The predicted class is at least this likely, the given one at most that.
_SURE = 0.9
_RULED_OUT = 0.02
_SHOWN = 100


@dataclass(frozen=True)
class Doubt:
    """An utterance that looks mislabelled."""

    utterance: Utterance
    predicted: str
    #: The probabilities of the predicted and of the given class.
    sure: float
    given: float


def report(root: Path) -> Iterator[str]:
    """The lines of the report; four trainings, some minutes in all."""
    content = load_content(root)
    analyser = RememberingAnalyser(load_lexicon(root / LEXICON))
    utterances = each_once(content.utterances)
    fitted = fit(spoken_examples(utterances, analyser) + told_examples(content, analyser))
    doubts = find_doubts(utterances, fitted.unseen, fitted.classifier.classes)
    for doubt in doubts[:_SHOWN]:
        line = doubt.utterance
        yield f"{line.place}  {line.text}  {line.intent} → {doubt.predicted} {doubt.sure:.3f}"
    shown = f", the worst {_SHOWN} shown" if len(doubts) > _SHOWN else ""
    yield f"{len(doubts)} of {len(utterances)} labels doubted{shown}"


def find_doubts(utterances: Sequence[Utterance], unseen: Unseen, classes: Sequence[str]) -> list[Doubt]:
    """The doubted ones, worst first; `unseen` are the predictions for these utterances, in their order."""
    column = {name: index for index, name in enumerate(classes)}
    given = unseen.probabilities[np.arange(len(utterances)), [column[line.intent] for line in utterances]]
    best, sure = unseen.probabilities.argmax(axis=1), unseen.probabilities.max(axis=1)
    rows = np.flatnonzero((sure >= _SURE) & (given <= _RULED_OUT))
    worst = rows[np.lexsort((given[rows], -sure[rows]))]
    return [Doubt(utterances[row], classes[best[row]], float(sure[row]), float(given[row])) for row in worst]
