"""What each ingredient brings: encoder, linear model and index are made again without it, and measured.

Everything is measured on scenarios.tuning. Probabilities are calibrated, and the retriever's weights learned, on
scenarios.calibration, for each row anew, so that no row is judged with weights that were chosen for another. The last
part is about these weights: there they are learned on tuning and measured on calibration.

A scenario is right when the classifier ranks it first; the release also asks the retriever where two are close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.logic.classifier import FeatureSpace, Floats
from bot.logic.fitting import Example, build_space, fit_calibration, head_beside, sparse_rows, train_parted
from common.content import LEXICON, Content, load_content
from common.held_out import HeldOutText
from evals.examples import drawn_content, spoken_examples, told_examples
from evals.figures import share
from evals.ranker import CHECKED_ON, LEARNED_ON, Question, placed, questions_of, scenario_texts
from faq_index.analysis import Analyser, Analysis, RememberingAnalyser
from faq_index.build import asked_of, training_texts
from faq_index.contrastive import train_contrastive
from faq_index.encoder import StaticEncoder, StaticSettings
from faq_index.index import FaqIndex
from faq_index.lexicon import load_lexicon
from faq_index.library import Library
from faq_index.ranker import FEATURES, Ranker, fit_ranker
from faq_index.training import build_documents, train_static
from faq_index.training_text import TrainingText

Say = Callable[[str], object]

_USUAL = StaticSettings()
_PROCESSES = 2
#: The legs that see the vectors, and those that see the words.
_VECTORS = ("meaning", "centre")
_BM25 = ("questions", "entry")


@dataclass(frozen=True)
class Variant:
    """One way to make the models."""

    name: str
    settings: StaticSettings = _USUAL
    concepts: bool = True
    pinyin: bool = True
    #: The encoder's table begins with random numbers instead of the SVD.
    random_start: bool = False


@dataclass(frozen=True)
class Parts:
    """Which models have a say in the scenario."""

    linear: bool = True
    head: bool = True


VARIANTS = (
    Variant("full"),
    Variant("without concepts", concepts=False),
    Variant("without pinyin", replace(_USUAL, blocks=(*_USUAL.blocks[:3], 0.0)), pinyin=False),
    Variant("without contrastive training", replace(_USUAL, epochs=0)),
    Variant("without hard negatives", replace(_USUAL, hard_negatives=False)),
    Variant("without noise", replace(_USUAL, noise=0.0)),
    Variant("random start", random_start=True),
)
#: What is left out of the full models' say in the scenario.
ALONE = {"linear model alone": Parts(head=False), "encoder's head alone": Parts(linear=False)}


class WithoutConcepts(Analyser):
    """Another analyser's analyses, their concepts left out."""

    def __init__(self, inner: Analyser) -> None:
        self.lexicon = inner.lexicon
        self._inner = inner

    def __call__(self, text: str) -> Analysis:
        return replace(self._inner(text), concepts=())

    def once(self, text: str) -> Analysis:
        """A text taken apart, and not remembered."""
        return replace(self._inner.once(text), concepts=())


@dataclass(frozen=True)
class Linear:
    """The linear model, not yet calibrated."""

    classes: list[str]
    space: FeatureSpace
    #: [features, classes] and [classes]
    weights: Floats
    bias: Floats


@dataclass(frozen=True)
class Trained:
    """The models of a variant."""

    variant: Variant
    analyser: Analyser
    encoder: StaticEncoder
    linear: Linear
    index: FaqIndex


@dataclass(frozen=True)
class Judged:
    """What the models make of one part of the sets."""

    #: [texts, classes]
    scores: Floats
    analyses: list[Analysis]
    vectors: Floats


class Workshop:
    """Makes and measures variants; the texts are taken apart once, linear models trained once for each feature set."""

    def __init__(self, root: Path, say: Say, quick: int | None) -> None:
        content = load_content(root)
        self.content: Content = content if quick is None else drawn_content(content, quick)
        self.texts = training_texts(self.content)
        self.items = {part: scenario_texts(root, part) for part in (LEARNED_ON, CHECKED_ON)}
        self._library = Library.compile(self.content.entries, self.content.facts)
        self._analyser = RememberingAnalyser(load_lexicon(root / LEXICON))
        self._linear: dict[tuple[bool, bool], Linear] = {}
        self._say = say

    def make(self, variant: Variant) -> Trained:
        """The variant's models."""
        analyser: Analyser = self._analyser if variant.concepts else WithoutConcepts(self._analyser)
        encoder = train_encoder(variant, self.texts, analyser, self._say)
        kind = (variant.concepts, variant.pinyin)
        if kind not in self._linear:
            self._say("linear model")
            utterances = spoken_examples(self.content.utterances, analyser)
            self._linear[kind] = train_linear(utterances + told_examples(self.content, analyser), variant.pinyin)
        self._say("index")
        index = FaqIndex.build(self._library, encoder, analyser, asked_of(self.content))
        return Trained(variant, analyser, encoder, self._linear[kind], index)

    def measure(self, trained: Trained, parts: Parts) -> tuple[str, dict[str, list[Question]]]:
        """The figures, and the questions they were made from, by part of the sets."""
        judged = {part: judge(trained, items, parts) for part, items in self.items.items()}
        classes = trained.linear.classes
        truth = [classes.index(item.fields["scenarios"][0]) for item in self.items[CHECKED_ON]]
        calibration = fit_calibration(judged[CHECKED_ON].scores, np.asarray(truth))
        questions = {}
        for part, items in self.items.items():
            chances = calibration.probabilities(judged[part].scores)
            questions[part] = _questions(trained, items, judged[part], chances)
        found = placed(fit_ranker(questions[CHECKED_ON]), questions[LEARNED_ON])
        return f"{self._scenarios(classes, judged[LEARNED_ON].scores)}   FAQ {found}", questions

    def _scenarios(self, classes: Sequence[str], scores: Floats) -> str:
        columns = [index for index, name in enumerate(classes) if name in self.content.scenario_ids]
        best = np.argsort(-scores[:, columns], axis=1, kind="stable")[:, :3]
        ranked = [[classes[columns[place]] for place in row] for row in best]
        labels = [item.fields["scenarios"] for item in self.items[LEARNED_ON]]
        first = share([names[0] in right for names, right in zip(ranked, labels)])
        three = share([not set(names).isdisjoint(right) for names, right in zip(ranked, labels)])
        return f"scenario first {first}   among three {three}"


def report(root: Path, say: Say, quick: int | None = None, variants: Sequence[Variant] = VARIANTS) -> Iterator[str]:
    """The lines of the report: a training of the encoder for each variant, an hour in all. The first one is the whole.

    `quick` draws at most so many utterances of each intent, and two wordings of each entry, for a table within minutes.
    """
    workshop = Workshop(root, say, quick)
    drawn = (
        "all utterances" if quick is None else f"at most {quick} utterances of each intent, two wordings of each entry"
    )
    yield f"trained on {drawn}: {len(workshop.texts):,} texts in all; 95 % intervals by bootstrap"
    yield f"\nmeasured on {LEARNED_ON}; FAQ: of the questions that an entry answers"
    whole: dict[str, list[Question]] = {}
    for number, variant in enumerate(variants, 1):
        say(f"{number} of {len(variants)}: {variant.name}")
        trained = workshop.make(variant)
        figures, questions = workshop.measure(trained, Parts())
        yield f"  {variant.name:30} {figures}"
        if number == 1:
            whole = questions
            for name, parts in ALONE.items():
                yield f"  {name:30} {workshop.measure(trained, parts)[0]}"
    yield f"\nFAQ by what speaks for an entry: weights learned on {LEARNED_ON}, measured on {CHECKED_ON}"
    yield from fusion_lines(whole[LEARNED_ON], whole[CHECKED_ON])


def train_encoder(variant: Variant, texts: Sequence[TrainingText], analyser: Analyser, say: Say) -> StaticEncoder:
    """The variant's encoder."""
    settings = variant.settings
    if not variant.random_start:
        # a block that is left out weighs 0; its logarithm is minus infinity and stays it
        with np.errstate(divide="ignore"):
            return train_static(texts, analyser, settings, say)
    documents = build_documents([item.text for item in texts], analyser, settings)
    shape = (len(documents.vocabulary), settings.dim)
    table = np.random.default_rng(settings.seed).standard_normal(shape, dtype=np.float32)
    table, head = train_contrastive(texts, documents, table, analyser, settings, say)
    stored = (table / np.abs(table).max()).astype(np.float16)
    return StaticEncoder(analyser, documents.vocabulary, stored, settings, head)


def train_linear(examples: Sequence[Example], pinyin: bool = True) -> Linear:
    """The classifier's linear model, without pinyin features if so wished."""
    space = build_space([example.analysis for example in examples])
    if not pinyin:
        names = [name for name in space.names if name[0] != "p"]
        kept = [space.names[name] for name in names]
        space = FeatureSpace({name: index for index, name in enumerate(names)}, space.idf[kept])
    labels = np.asarray([example.label for example in examples])
    classes, weights, bias = train_parted(sparse_rows(examples, space), labels, _PROCESSES)
    return Linear(classes, space, weights, bias)


def judge(trained: Trained, items: Sequence[HeldOutText], parts: Parts) -> Judged:
    """Scores of the classes for each text, by the parts that have a say."""
    linear, head = trained.linear, trained.encoder.head
    analyses = [trained.analyser(item.text) for item in items]
    vectors = trained.encoder.encode_analysed(analyses)
    scores = np.zeros((len(items), len(linear.classes)), dtype=np.float32)
    if parts.linear:
        examples = [Example("", analysis) for analysis in analyses]
        scores += sparse_rows(examples, linear.space) @ linear.weights + linear.bias
    if parts.head and head is not None:
        weights, bias = head_beside(head, linear.classes)
        scores += vectors @ weights + bias
    return Judged(scores, analyses, vectors)


def _questions(trained: Trained, items: Sequence[HeldOutText], judged: Judged, chances: Floats) -> list[Question]:
    likely = [dict(zip(trained.linear.classes, row.tolist())) for row in chances]
    return questions_of(trained.index, items, judged.analyses, judged.vectors, likely)


def fusion_lines(learned_on: Sequence[Question], checked_on: Sequence[Question]) -> Iterator[str]:
    """What the ranking of entries comes to without each of FEATURES, and with simpler weights."""

    def learned(*left_out: str) -> Ranker:
        return fit_ranker(without_legs(learned_on, left_out))

    spread = np.concatenate([question.features for question in learned_on]).std(axis=0)
    rankers = {"all legs": learned(), **{f"without {name}": learned(name) for name in FEATURES}}
    rankers["equal weights over the spread"] = Ranker((1 / np.where(spread > 0, spread, 1)).astype(np.float32))
    rankers["vectors alone"] = learned(*_others(_VECTORS))
    rankers["BM25 alone"] = learned(*_others(_BM25))
    for name in (_VECTORS[0], _BM25[0]):
        rankers[f"{name} alone"] = learned(*_others((name,)))
    for name, ranker in rankers.items():
        yield f"  {name:30} {placed(ranker, checked_on)}"


def without_legs(questions: Sequence[Question], names: Sequence[str]) -> list[Question]:
    """The questions with these of FEATURES at 0: a weight learned for them stays 0."""
    kept: NDArray[np.float32] = np.asarray([name not in names for name in FEATURES], dtype=np.float32)
    return [Question(question.features * kept, question.right) for question in questions]


def _others(names: Sequence[str]) -> list[str]:
    """All of FEATURES but these, each of which is one."""
    if unknown := set(names).difference(FEATURES):
        raise ValueError(f"no features of the ranker: {', '.join(sorted(unknown))}")
    return [name for name in FEATURES if name not in names]
