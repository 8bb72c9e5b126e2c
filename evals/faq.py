"""How often the right entry of the library is found: beside BM25 and stock Rasa's features, on noisy texts, in English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.document import Cell, Goal, Section, Table
from evals.figures import Estimate, Rows, error_ratio, estimate, share
from evals.runs import THREE, Read, Reader, Run
from evals.scenarios import OURS
from evals.stock_rasa import nearest_entries
from faq_index.analysis import Analysis
from faq_index.build import asked_of
from faq_index.lexical import LexicalIndex, count_terms, terms_of

BM25, STARVED, TFIDF = "BM25", "BM25, library alone", "TF-IDF of stock Rasa's features, library alone"
#: Styles in which a question loses what words it shares with the library.
NOISY = ("typo", "slang", "traditional")
_OTHERS, _ALL_NOISY = "all other styles", "these three"

Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """Whether a method finds the right entry for each text."""

    name: str
    first: Hits
    three: Hits


def section(run: Run) -> Section:
    """The chapter on the FAQ; of the questions that an entry answers."""
    reads = [read for read in run.asked if read.item.fields.get("entries")]
    texts = [read.item.text for read in reads]
    ours = _found(OURS, [read.found.entries for read in reads], reads)
    bm25 = _found(BM25, _bm25(run, texts, asked_of(run.content)), reads)
    methods = [
        ours,
        bm25,
        _found(STARVED, _bm25(run, texts, {}), reads),
        _found(TFIDF, nearest_entries(run.content.entries, texts, THREE), reads),
    ]
    styles = np.asarray([read.item.fields.get("style", "") for read in reads])
    ratio = error_ratio(ours.first.tolist(), bm25.first.tolist())
    goals = [
        Goal("right entry first", 0.85, share(ours.first.tolist())),
        Goal("right entry among three", 0.95, share(ours.three.tolist())),
        Goal("FAQ errors per error of BM25", 0.5, ratio, at_most=True),
        Goal(
            "FAQ: what noise costs beyond half of what it costs BM25",
            0,
            _loss_beyond_half(ours, bm25, styles),
            at_most=True,
        ),
        *_library_goals(run),
    ]
    note = (
        "Of the questions that an entry of the library answers, as two readers see it. BM25 is given the same texts as "
        "our index: wordings, answers and the utterances that an entry answers; the last two know the library alone."
    )
    rows = [(one.name, share(one.first.tolist()), share(one.three.tolist()), _errors(one, bm25)) for one in methods]
    return Section(
        "faq",
        f"FAQ: which of {len(run.content.entries):,} entries answers",
        [
            Table("", ("method", "right first", "among three", "errors per error of BM25"), rows, note),
            _styles(methods, styles),
            _losses(methods, styles),
        ],
        goals,
    )


def _found(name: str, entries: Sequence[Sequence[str]], reads: Sequence[Read]) -> Found:
    right = [{*read.item.fields["entries"]} for read in reads]
    first = [bool(found) and found[0] in wanted for found, wanted in zip(entries, right)]
    three = [bool({*found[:THREE]} & wanted) for found, wanted in zip(entries, right)]
    return Found(name, np.asarray(first, dtype=bool), np.asarray(three, dtype=bool))


def _bm25(run: Run, texts: Sequence[str], asked: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The three best entries of each text by plain BM25, without concepts; an entry is its wordings, its answer and the
    utterances `asked` of it, taken together.
    """
    rows = []
    for entry in run.content.entries:
        known = [*(text for text, _ in entry.wordings), entry.answer, *asked.get(entry.id, ())]
        rows.append(count_terms(_plain(run.bot, text) for text in known))
    index = LexicalIndex.build(rows)
    best = (np.argsort(-index.scores(set(terms_of(_plain(run.bot, text)))), kind="stable")[:THREE] for text in texts)
    return [[run.content.entries[row].id for row in places] for places in best]


def _plain(bot: Reader, text: str) -> Analysis:
    analysis = bot.analyser(text)
    return Analysis(analysis.source, analysis.normalised, analysis.words, ())


def _errors(one: Found, bm25: Found) -> Estimate | None:
    return None if one is bm25 else error_ratio(one.first.tolist(), bm25.first.tolist())


def _groups(styles: NDArray[np.str_]) -> Iterator[tuple[str, Hits]]:
    noisy = np.isin(styles, NOISY)
    yield _OTHERS, ~noisy
    for style in NOISY:
        yield style, styles == style
    yield _ALL_NOISY, noisy


def _styles(methods: Sequence[Found], styles: NDArray[np.str_]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (name, *(share(one.first[chosen].tolist()) for one in methods)) for name, chosen in _groups(styles)
    ]
    return Table("right first, by style", ("style", *(one.name for one in methods)), rows)


def _losses(methods: Sequence[Found], styles: NDArray[np.str_]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, chosen in list(_groups(styles))[1:]:
        rows.append((name, *(_loss(one.first, chosen, ~np.isin(styles, NOISY)) for one in methods)))
    note = f"The share right first in {_OTHERS} less that in the noisy one; the texts are different ones."
    return Table("what noise costs", ("style", *(one.name for one in methods)), rows, note)


def _loss(hits: Hits, noisy: Hits, others: Hits) -> Estimate:
    return estimate(lambda rows: _difference(hits[rows], noisy[rows], others[rows]), len(hits))


def _loss_beyond_half(ours: Found, bm25: Found, styles: NDArray[np.str_]) -> Estimate:
    """What noise costs us, less half of what it costs BM25; a ratio says nothing where BM25 loses next to nothing."""
    noisy = np.isin(styles, NOISY)

    def beyond(rows: Rows) -> float:
        mine, lost = (_difference(one.first[rows], noisy[rows], ~noisy[rows]) for one in (ours, bm25))
        return mine - lost / 2

    return estimate(beyond, len(noisy))


def _difference(hits: Hits, noisy: Hits, others: Hits) -> float:
    if not noisy.any() or not others.any():
        return float("nan")
    return float(hits[others].mean() - hits[noisy].mean())


def _library_goals(run: Run) -> Iterator[Goal]:
    counts = Counter(entry.scenario for entry in run.content.entries)
    yield Goal("entries in the library", 2055, len(run.content.entries))
    yield Goal(
        "entries of the scenario that has fewest", 15, min((counts[s.id] for s in run.content.scenarios), default=0)
    )
