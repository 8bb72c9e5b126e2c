"""Leaving one author out: how well the classifier reads a writer whom it has not learned from.

The linear model alone is trained, without the encoder's head: the encoder knows every author. Who wrote only for some of
the scenarios is left out together with all whose names begin with the same letter, since they were briefed alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from bot.logic.fitting import Example, fit
from common.content import LEXICON, Content, Utterance, load_content
from evals.examples import drawn, each_once, labels_of, spoken_examples, told_examples
from evals.figures import Share, share
from faq_index.analysis import RememberingAnalyser
from faq_index.lexicon import load_lexicon

UNNAMED = "(unnamed)"
#: So many lines of an author are asked at most.
_ASKED = 2000
#: The accuracy on fewer lines says nothing.
_FEWEST = 50

Say = Callable[[str], object]


def report(root: Path, say: Say, fewest: int = _FEWEST) -> Iterator[str]:
    """The lines of the report; one training, half a minute or more, for each group of at least `fewest` lines."""
    start = perf_counter()
    content = load_content(root)
    groups = group_authors(content)
    analyser = RememberingAnalyser(load_lexicon(root / LEXICON))
    told = told_examples(content, analyser)
    yield "linear model, each author left out of its training in turn; 95 % intervals by bootstrap"
    yield f"  {'author':12} {'lines':>6}   right among at most {_ASKED:,} of them"
    means = []
    for name, lines in groups.items():
        if len(lines) < fewest:
            yield f"  {name:12} {len(lines):6}   too few"
            continue
        say(f"without {name}")
        others = [line for group, written in groups.items() if group != name for line in written]
        known = spoken_examples(others, analyser) + told
        askable = [line for line in lines if line.intent in labels_of(known)]
        if not askable:
            yield f"  {name:12} {len(lines):6}   nobody else wrote for these intents"
            continue
        right = _right(known, spoken_examples(drawn(askable, _ASKED), analyser))
        means.append(right.value)
        lonely = len(lines) - len(askable)
        yield f"  {name:12} {len(lines):6}   {right}" + (
            f"   {lonely} of intents nobody else wrote for" if lonely else ""
        )
    if means:
        yield f"  {'mean':12} {'':6}   {np.mean(means):6.1%}"
    yield f"took {perf_counter() - start:,.0f} s"


def group_authors(content: Content) -> dict[str, list[Utterance]]:
    """The utterances by who wrote them, most lines first; see the module for who counts as one."""
    by_author: dict[str, list[Utterance]] = defaultdict(list)
    for line in each_once(content.utterances):
        by_author[line.author].append(line)
    groups: dict[str, list[Utterance]] = defaultdict(list)
    for author, lines in by_author.items():
        whole = content.scenario_ids <= {line.intent for line in lines}
        groups[(author if whole else author[:1]) or UNNAMED] += lines
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def _right(known: Sequence[Example], asked: Sequence[Example]) -> Share:
    """Accuracy on `asked`; that they calibrate the model too moves no class before another."""
    fitted = fit(known, held_out=asked)
    classes = fitted.classifier.classes
    best = fitted.unseen.probabilities.argmax(axis=1)
    return share([classes[index] == label for index, label in zip(best, fitted.unseen.labels)])
