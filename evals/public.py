"""Public sets as yardsticks: our encoder and classifier on MASSIVE (zh-CN), beside a linear SVM and stock Rasa.

    massive_zh        60 intents of an assistant
    massive_zh_oos    15 of them held out of training, to be recognised as out of scope

Each set is a folder of train.jsonl, valid.jsonl and test.jsonl with `{"text", "label"}` a line. Stock Rasa's figures are
read from a file (`python -m evals.stock_rasa --public SET` writes it): its training takes up to an hour.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from bot.logic.fitting import Example, fit
from common.content import LEXICON
from common.errors import SupportError
from evals.figures import Share, share
from faq_index.analysis import Analyser
from faq_index.encoder import StaticSettings
from faq_index.lexicon import load_lexicon
from faq_index.training import train_static
from faq_index.training_text import TrainingText

SETS = ("massive_zh", "massive_zh_oos")
PUBLIC_BASELINE = Path("evals/baselines/public_stock_rasa.json")
_PARTS = ("train", "valid", "test")
#: The label of what no intent fits.
_FOREIGN = "oos"
#: The share of in-scope texts of the valid part that has to be kept when out-of-scope ones are caught.
_KEPT = 0.95

#: (label, text)
Row = tuple[str, str]


class NoPublicSet(SupportError):
    """The public set is not there."""

    code = "no_public_set"


@dataclass(frozen=True)
class PublicSet:
    """A set in its official parts."""

    name: str
    train: list[Row]
    valid: list[Row]
    test: list[Row]


class Guess(NamedTuple):
    """What a method makes of a text."""

    label: str
    #: The surer, the more likely in scope; on any scale.
    sureness: float


@dataclass(frozen=True)
class Guesses:
    """A method's guesses for both parts, in their order."""

    valid: list[Guess]
    test: list[Guess]
    train_seconds: float
    #: Median time a text, one at a time.
    milliseconds: float


@dataclass(frozen=True)
class Caught:
    """Out-of-scope figures of the test part, with the bar chosen on the valid part."""

    caught: Share
    #: In-scope texts that are kept at that bar.
    kept: Share
    auroc: float


@dataclass(frozen=True)
class Figures:
    """How good a method is on the test part."""

    #: In-scope texts with the right label.
    right: Share
    #: The same, without texts that stand in the training part word for word.
    right_unseen: Share
    out_of_scope: Caught | None
    train_seconds: float
    milliseconds: float


@dataclass(frozen=True)
class StockFigures:
    """Stock Rasa's figures and what they were made from."""

    #: Utterances drawn of each intent; None: all.
    per_intent: int | None
    utterances: int
    epochs: int
    figures: Figures


def report(root: Path, folder: Path) -> Iterator[str]:
    """The lines of the report on the sets in `folder`; NoPublicSet when one is missing."""
    sets = [load_public(folder, name) for name in SETS]
    stock = load_stock(root)
    analyser = Analyser(load_lexicon(root / LEXICON))
    for data in sets:
        yield f"{data.name}: {len(data.train):,} training texts, {len(data.test):,} test texts; 95 % intervals by bootstrap"
        yield from _lines("ours", measure(data, _ours(analyser, data.train, data.valid, data.test)))
        yield from _lines("linear SVM on character TF-IDF", measure(data, _linear_tfidf(data)))
        yield from _stock_lines(data.name, stock.get(data.name))


def load_public(folder: Path, name: str) -> PublicSet:
    """The set `name` in `folder`; NoPublicSet when it is not there whole."""
    missing = [f"{part}.jsonl" for part in _PARTS if not (folder / name / f"{part}.jsonl").exists()]
    if missing:
        raise NoPublicSet(
            f"no public set {folder / name} (missing: {', '.join(missing)}); "
            'expected files of one {"text": ..., "label": ...} a line'
        )
    return PublicSet(name, *(_rows(folder / name / f"{part}.jsonl") for part in _PARTS))


def measure(data: PublicSet, guesses: Guesses) -> Figures:
    """Accuracy on in-scope test texts; out-of-scope figures where the set has such texts."""
    known = {text for _, text in data.train}
    asked = [(text, guess.label == label) for (label, text), guess in zip(data.test, guesses.test) if label != _FOREIGN]
    return Figures(
        right=share([hit for _, hit in asked]),
        right_unseen=share([hit for text, hit in asked if text not in known]),
        out_of_scope=_caught(data, guesses),
        train_seconds=guesses.train_seconds,
        milliseconds=guesses.milliseconds,
    )


def load_stock(root: Path) -> dict[str, StockFigures]:
    """Stock Rasa's figures by set; empty when nobody has measured any."""
    path = root / PUBLIC_BASELINE
    return {name: _stock_of(item) for name, item in json.loads(path.read_text()).items()} if path.exists() else {}


def save_stock(root: Path, name: str, figures: StockFigures) -> None:
    """Put the figures of one set beside those of the others."""
    path = root / PUBLIC_BASELINE
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {**load_stock(root), name: figures}
    path.write_text(json.dumps({key: asdict(known[key]) for key in sorted(known)}, indent=1) + "\n", encoding="utf-8")


def _ours(analyser: Analyser, train: Sequence[Row], valid: Sequence[Row], test: Sequence[Row]) -> Guesses:
    """Our pipeline, calibrated on the valid part; everything that knows how it is trained and asked is here.

    As in the release, the classifier gets the encoder's head beside its own features.
    """
    start = perf_counter()
    known = {label for label, _ in train}
    settings = StaticSettings(hard_negatives=False)  # they are texts of other FAQ entries: there are none here
    encoder = train_static([TrainingText(text, label) for label, text in train], analyser, settings)
    examples = [Example(label, analyser(text)) for label, text in train]
    held_out = [Example(label, analyser(text)) for label, text in valid if label in known]
    vectors = encoder.encode_analysed([example.analysis for example in held_out])
    model = fit(examples, held_out=held_out, held_out_vectors=vectors, head=encoder.head).classifier
    seconds = perf_counter() - start

    def guess(text: str) -> Guess:
        analysis = analyser(text)
        chances = model.probabilities(analysis, encoder.encode_analysed([analysis])[0])
        return Guess(model.classes[chances.argmax()], float(chances.max()))

    return _asked(guess, valid, test, seconds)


def _linear_tfidf(data: PublicSet) -> Guesses:
    """A linear SVM on character 1–4-grams; its sureness is the distance from the best class's border."""
    start = perf_counter()
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    model = LinearSVC(tol=0.1, random_state=0)
    model.fit(vectorizer.fit_transform([text for _, text in data.train]), [label for label, _ in data.train])
    seconds = perf_counter() - start

    def guess(text: str) -> Guess:
        scores = np.atleast_1d(model.decision_function(vectorizer.transform([text]))[0])
        scores = scores if len(scores) > 1 else np.asarray([-scores[0], scores[0]])  # of two classes it tells one
        return Guess(str(model.classes_[scores.argmax()]), float(scores.max()))

    return _asked(guess, data.valid, data.test, seconds)


def _asked(guess: Callable[[str], Guess], valid: Sequence[Row], test: Sequence[Row], train_seconds: float) -> Guesses:
    took: list[float] = []

    def timed(text: str) -> Guess:
        start = perf_counter()
        found = guess(text)
        took.append(1000 * (perf_counter() - start))
        return found

    sides = [[timed(text) for _, text in part] for part in (valid, test)]
    return Guesses(sides[0], sides[1], train_seconds, float(np.median(took)))


def _caught(data: PublicSet, guesses: Guesses) -> Caught | None:
    foreign = np.asarray([label == _FOREIGN for label, _ in data.test])
    real = [guess.sureness for (label, _), guess in zip(data.valid, guesses.valid) if label != _FOREIGN]
    if not foreign.any() or foreign.all() or not real:
        return None
    # the highest bar under which no more than the allowed share of in-scope texts lies
    bar = np.sort(real)[int((1 - _KEPT) * len(real))]
    sureness = np.asarray([guess.sureness for guess in guesses.test])
    auroc = float(roc_auc_score(foreign, -sureness))
    return Caught(share((sureness < bar)[foreign]), share((sureness >= bar)[~foreign]), auroc)


def _lines(name: str, figures: Figures) -> Iterator[str]:
    yield (
        f"  {name:32} right {figures.right}   not in train {figures.right_unseen}   "
        f"trained in {figures.train_seconds:,.1f} s   {figures.milliseconds:.2f} ms a text"
    )
    if found := figures.out_of_scope:
        yield f"  {'':32} out of scope caught {found.caught}   others kept {found.kept}   AUROC {found.auroc:.3f}"


def _stock_lines(name: str, stock: StockFigures | None) -> Iterator[str]:
    if stock is None:
        yield f"  {'stock Rasa':32} not measured: python -m evals.stock_rasa --public {name} --per-intent 40"
        return
    yield from _lines("stock Rasa", stock.figures)
    drawn = "all" if stock.per_intent is None else f"at most {stock.per_intent}"
    yield f"  {'':32} from {drawn} utterances of each intent, {stock.utterances:,} in all, {stock.epochs} epochs"


def _rows(path: Path) -> list[Row]:
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(item["label"], item["text"]) for item in items]


def _stock_of(item: dict[str, Any]) -> StockFigures:
    figures = item["figures"]
    caught = figures["out_of_scope"]
    known = Caught(Share(**caught["caught"]), Share(**caught["kept"]), caught["auroc"]) if caught else None
    shares = {key: Share(**figures[key]) for key in ("right", "right_unseen")}
    return StockFigures(**{**item, "figures": Figures(**{**figures, **shares, "out_of_scope": known})})
