"""How often the right scenario is found: beside stock Rasa and a linear SVM, by style, by author, scenario by scenario."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from common.content import STYLES, Content
from evals.document import Cell, Goal, Section, Table
from evals.figures import Share, error_ratio, share
from evals.runs import THREE, Read, Run

OURS, STOCK, SVM = "ours", "stock Rasa", "linear SVM on character TF-IDF"
_PAIRS = 15
_WORST = 12


@dataclass(frozen=True)
class Ranking:
    """A method's likeliest scenarios for each text."""

    name: str
    guesses: Sequence[Sequence[str]]

    def first(self, asked: Sequence[Read]) -> list[bool]:
        """Whether the likeliest is right."""
        return [bool(guess) and guess[0] in read.labels for guess, read in zip(self.guesses, asked)]

    def three(self, asked: Sequence[Read]) -> list[bool]:
        """Whether one of the three likeliest is right."""
        return [bool({*guess[:THREE]} & {*read.labels}) for guess, read in zip(self.guesses, asked)]


def section(run: Run) -> Section:
    """The chapter on scenarios."""
    ours = Ranking(OURS, [read.found.scenarios for read in run.asked])
    guesses = run.stock_guesses(run.asked)
    stock = None if guesses is None else Ranking(STOCK, [guess.scenarios for guess in guesses])
    svm = Ranking(SVM, _linear_tfidf(run.content, [read.item.text for read in run.asked]))
    methods = [ours, *([stock] if stock else []), svm]
    authors = sorted({read.item.author for read in run.asked})
    return Section(
        "scenarios",
        f"scenarios: which of {len(run.content.scenarios)} a message is about",
        [
            _methods(run, methods, stock),
            _by(run, methods, "style", STYLES),
            _by(run, methods, "author", authors),
            _confusions(run.asked),
            _worst(run),
            _each(run, methods),
        ],
        list(_goals(run, ours, stock)),
    )


def _methods(run: Run, methods: Sequence[Ranking], stock: Ranking | None) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for method in methods:
        first, three = method.first(run.asked), method.three(run.asked)
        ratio = error_ratio(first, stock.first(run.asked)) if stock and method is not stock else None
        rows.append((method.name, share(first), share(three), ratio))
    return Table("", ("method", "right first", "among three", "errors per error of stock Rasa"), rows, run.about_stock)


def _goals(run: Run, ours: Ranking, stock: Ranking | None) -> Iterator[Goal]:
    known = {label for read in run.asked if read.is_right for label in read.labels} & run.content.scenario_ids
    first = ours.first(run.asked)
    yield Goal("scenarios found at least once", len(run.content.scenarios), len(known))
    yield Goal("right scenario first", 0.95, share(first))
    yield Goal("right scenario among three", 0.99, share(ours.three(run.asked)))
    ratio = error_ratio(first, stock.first(run.asked)) if stock else None
    yield Goal("scenario errors per error of stock Rasa", 0.5, ratio, at_most=True)


def _by(run: Run, methods: Sequence[Ranking], field: str, values: Sequence[str]) -> Table:
    """Right first for the texts with each value of a field."""
    hits = {method.name: method.first(run.asked) for method in methods}
    rows: list[tuple[Cell, ...]] = []
    for value in values:
        places = [place for place, read in enumerate(run.asked) if read.item.fields.get(field) == value]
        if places:
            rows.append((value, *(share([hit[place] for place in places]) for hit in hits.values())))
    return Table(f"right first, by {field}", (field, *hits), rows)


def _confusions(asked: Sequence[Read]) -> Table:
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for read in asked:
        if not read.is_right:
            wrong[read.labels[0], read.found.scenarios[0]].append(read.item.text)
    pairs = sorted(wrong, key=lambda pair: (-len(wrong[pair]), pair))[:_PAIRS]
    rows = [(right, guess, len(wrong[right, guess]), wrong[right, guess][0]) for right, guess in pairs]
    return Table("most often taken for another", ("right", "taken for", "texts", "example"), rows)


def _worst(run: Run) -> Table:
    names = {scenario.id: scenario.name for scenario in run.content.scenarios}
    texts = _by_label(run.asked, lambda read: True)
    wrong = _by_label(run.asked, lambda read: not read.is_right)
    ids = sorted(wrong, key=lambda name: (-len(wrong[name]) / len(texts[name]), name))[:_WORST]
    rows = [
        (
            scenario,
            names.get(scenario, ""),
            share([read.is_right for read in texts[scenario]]),
            wrong[scenario][0].item.text,
            wrong[scenario][0].found.scenarios[0],
        )
        for scenario in ids
    ]
    return Table("worst scenarios", ("scenario", "name", "right first", "example", "taken for"), rows)


def _each(run: Run, methods: Sequence[Ranking]) -> Table:
    """Every scenario, the worst first."""
    places = _by_label(run.asked, lambda read: True)
    hits = {method.name: dict(zip(map(id, run.asked), method.first(run.asked))) for method in methods}
    three = dict(zip(map(id, run.asked), methods[0].three(run.asked)))
    rows: list[tuple[Cell, ...]] = []
    for scenario in run.content.scenarios:
        reads = places.get(scenario.id, [])
        shares = [share([hit[id(read)] for read in reads]) for hit in hits.values()]
        taken = Counter(read.found.scenarios[0] for read in reads if not read.is_right).most_common(1)
        among = share([three[id(read)] for read in reads])
        rows.append((scenario.id, scenario.name, shares[0], among, *shares[1:], taken[0][0] if taken else ""))
    rows.sort(key=lambda row: (row[2].value if isinstance(row[2], Share) else 0.0, str(row[0])))
    names = [method.name for method in methods[1:]]
    columns = ("scenario", "name", "ours first", "ours among three", *names, "most often taken for")
    return Table("every scenario", columns, rows, folded=True)


def _by_label(asked: Sequence[Read], wanted: Callable[[Read], bool]) -> dict[str, list[Read]]:
    groups: dict[str, list[Read]] = defaultdict(list)
    for read in asked:
        if wanted(read):
            groups[read.labels[0]].append(read)
    return groups


def _linear_tfidf(content: Content, texts: Sequence[str]) -> list[list[str]]:
    """The three likeliest scenarios by a linear SVM on character 1–4-grams of the same utterances."""
    known = [utterance for utterance in content.utterances if utterance.intent in content.scenario_ids]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    model = LinearSVC(tol=0.1, random_state=0)
    model.fit(vectorizer.fit_transform([item.text for item in known]), [item.intent for item in known])
    scores = model.decision_function(vectorizer.transform(texts))
    return [[str(model.classes_[i]) for i in np.argsort(-row)[:THREE]] for row in scores]
