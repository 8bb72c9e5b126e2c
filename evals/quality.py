"""How good the release in use is on the held-out sets: scenarios, decisions, out of scope, FAQ; beside simple baselines.

A run on a test set is logged in evals/test_runs.tsv: a test set that is looked at often is one that is tuned on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from bot.logic.classifier import Classifier
from bot.logic.decision import Decision, Policy, Ranked, Thresholds
from bot.logic.tone import Risk, ToneModels
from bot.logic.tone_fitting import fit_tone
from bot.release import load_release
from common.content import OUT_OF_SCOPE, STYLES, Content, load_content
from common.errors import SupportError
from common.held_out import SETS, HeldOutText, load_held_out
from evals.figures import Share, share
from faq_index.analysis import Analyser, Analysis
from faq_index.encoder import load_encoder, vectors_of
from faq_index.index import FaqIndex
from faq_index.lexical import LexicalIndex

PARTS = ("tuning", "calibration", "test")
RUNS = Path("evals/test_runs.tsv")
_THREE = 3
#: The scenario whose answer is a person.
_AWAY = (Decision.FALLBACK, Decision.SMALLTALK)


class NoSet(SupportError):
    """There is no such set."""

    code = "no_set"


@dataclass(frozen=True)
class Understood:
    """What the pipeline makes of a text."""

    ranking: list[Ranked]
    scenarios: list[str]
    decision: Decision
    intent: str
    entries: list[str]


class Bot:
    """The release in use, without Rasa around it: the same parts, text by text."""

    def __init__(self, root: Path) -> None:
        release = load_release(root)
        self.name = release.folder.name
        encoder = load_encoder(root / release.manifest.encoder)
        self._encoder = encoder
        self.analyser = Analyser.load(root / release.manifest.encoder / "lexicon")
        self._classifier = Classifier.load(root / release.manifest.classifier)
        self.index = FaqIndex.load(release.faq, encoder)
        scenarios = frozenset(entry.scenario for entry in self.index.library.entries())
        self._policy = Policy(Thresholds.load(root / release.manifest.classifier), scenarios)

    def analyse(self, text: str) -> Analysis:
        """The text taken apart."""
        return self.analyser(text)

    def __call__(self, text: str) -> Understood:
        analysis = self.analyser(text)
        vector = vectors_of(self._encoder, [analysis])
        chances = self._classifier.probabilities(analysis, vector[0])
        names = self._classifier.classes
        ranking = [Ranked(names[i], float(chances[i])) for i in np.argsort(-chances, kind="stable")]
        likely = {item.name: item.confidence for item in ranking}
        hits = self.index.search(analysis, vector, likely, _THREE)
        same = hits[0].scenario if hits and hits[0].score == 1.0 else None
        outcome = self._policy.decide(ranking, same)
        scenarios = [item.name for item in self._policy.scenarios_of(ranking, same)]
        return Understood(ranking, scenarios, outcome.decision, outcome.intent.name, [hit.id for hit in hits])


def report(root: Path, part: str) -> Iterator[str]:
    """The lines of the report on one part of the sets."""
    bot, content = Bot(root), load_content(root)
    asked, foreign, acts = (_items(root, kind, part) for kind in ("scenarios", OUT_OF_SCOPE, "dialogue"))
    if not asked:
        raise NoSet(f"there is no set {SETS}/scenarios.{part}.jsonl")
    understood = [bot(item.text) for item in asked]
    first = [found.scenarios[0] in item.fields["scenarios"] for item, found in zip(asked, understood)]
    yield f"release {bot.name}, {part} sets; 95 % intervals by bootstrap"
    yield "\nscenarios"
    yield from _beside(asked, understood, _linear_tfidf(content, asked))
    yield from _by_style(asked, first)
    yield "\ndecisions"
    yield from _decisions(asked, understood)
    yield from _others(bot, foreign, acts)
    yield "\nFAQ, of the questions that an entry of the library answers (two readers say so)"
    yield from _faq(bot, asked, understood)
    yield from _tone(root, bot, part)
    yield from _worst(asked, understood)
    if part == "test":
        _log(root, bot.name, share(first))


def _items(root: Path, kind: str, part: str) -> list[HeldOutText]:
    path = SETS / f"{kind}.{part}.jsonl"
    return load_held_out(root, path, []) if (root / path).exists() else []


def _beside(asked: Sequence[HeldOutText], understood: Sequence[Understood], tfidf: list[list[str]]) -> Iterator[str]:
    ours = [found.scenarios[:_THREE] for found in understood]
    for name, ranked in (("ours", ours), ("linear SVM on character TF-IDF", tfidf)):
        labels = [item.fields["scenarios"] for item in asked]
        top = share([found[0] in right for found, right in zip(ranked, labels)])
        three = share([any(name in right for name in found) for found, right in zip(ranked, labels)])
        yield f"  {name:32} right first {top}   among three {three}"


def _linear_tfidf(content: Content, asked: Sequence[HeldOutText]) -> list[list[str]]:
    """The three likeliest scenarios by a linear SVM on character 1–4-grams of the same utterances."""
    known = [utterance for utterance in content.utterances if utterance.intent in content.scenario_ids]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    model = LinearSVC(tol=0.1, random_state=0)
    model.fit(vectorizer.fit_transform([item.text for item in known]), [item.intent for item in known])
    scores = model.decision_function(vectorizer.transform([item.text for item in asked]))
    return [[str(model.classes_[i]) for i in np.argsort(-row)[:_THREE]] for row in scores]


def _by_style(asked: Sequence[HeldOutText], first: Sequence[bool]) -> Iterator[str]:
    for style in STYLES:
        hits = [hit for item, hit in zip(asked, first) if item.fields.get("style") == style]
        if hits:
            yield f"    {style:30} {share(hits)}"
    for author in sorted({item.author for item in asked}):
        hits = [hit for item, hit in zip(asked, first) if item.author == author]
        yield f"    author {author:23} {share(hits)}"


def _decisions(asked: Sequence[HeldOutText], understood: Sequence[Understood]) -> Iterator[str]:
    pairs = list(zip(asked, understood))
    answered = [(item, found) for item, found in pairs if found.decision in (Decision.ANSWER, Decision.HANDOFF)]
    clarified = [(item, found) for item, found in pairs if found.decision is Decision.CLARIFY]
    right = [found.scenarios[0] in item.fields["scenarios"] for item, found in answered]
    offered = [_overlap(found.scenarios[:_THREE], item.fields["scenarios"]) for item, found in clarified]
    yield f"  answered straight away           {share([found in answered for found in pairs])}   right {share(right)}"
    yield f"  asked back                       {share([found in clarified for found in pairs])}   right one offered {share(offered)}"
    yield f"  real questions lost              {share([found.decision in _AWAY for _, found in pairs])}"


def _others(bot: Bot, foreign: Sequence[HeldOutText], acts: Sequence[HeldOutText]) -> Iterator[str]:
    caught = [(item, bot(item.text).decision in _AWAY) for item in foreign]
    yield f"  out of scope caught              {share([hit for _, hit in caught])}"
    for kind in sorted({item.fields["kind"] for item in foreign}):
        yield f"    {kind:30} {share([hit for item, hit in caught if item.fields['kind'] == kind])}"
    yield f"  dialogue acts right              {share([bot(item.text).intent in item.fields['scenarios'] for item in acts])}"


def _faq(bot: Bot, asked: Sequence[HeldOutText], understood: Sequence[Understood]) -> Iterator[str]:
    pairs = [(item, found) for item, found in zip(asked, understood) if item.fields.get("entries")]
    words = _bm25(bot)
    rankings: dict[str, Callable[[HeldOutText, Understood], list[str]]] = {
        "ours": lambda item, found: found.entries,
        "BM25": lambda item, found: words(item.text),
    }
    for name, ranked in rankings.items():
        tops = [(ranked(item, found), item.fields["entries"]) for item, found in pairs]
        first = share([top[0] in right for top, right in tops])
        three = share([_overlap(top[:_THREE], right) for top, right in tops])
        yield f"  {name:32} right first {first}   among three {three}"


def _bm25(bot: Bot) -> Callable[[str], list[str]]:
    """Entries by plain BM25 over all wordings, without concepts."""
    rows = [(entry.id, text) for entry in bot.index.library.entries() for text in entry.wordings]
    index = LexicalIndex.build([[_plain(bot.analyse(text))] for _, text in rows])

    def search(text: str) -> list[str]:
        scores: NDArray[np.float32] = index.scores(_plain(bot.analyse(text)))
        best = dict.fromkeys(rows[row][0] for row in np.argsort(-scores, kind="stable")[:200])
        return list(best)[:_THREE]

    return search


def _plain(analysis: Analysis) -> Analysis:
    return Analysis(analysis.source, analysis.normalised, analysis.words, ())


def _tone(root: Path, bot: Bot, part: str) -> Iterator[str]:
    """Emotion and fraud; the models are trained here as they are for the release, in a few seconds."""
    emotions, frauds = _items(root, "tone", part), _items(root, "fraud", part)
    if not emotions or not frauds:
        return
    with TemporaryDirectory() as folder:
        fit_tone(root, bot.analyser, Path(folder))
        models = ToneModels.load(Path(folder))
    felt = [models.emotion_of(bot.analyse(item.text)).value for item in emotions]
    right = [found in item.fields["emotions"] for item, found in zip(emotions, felt)]
    macro = f1_score([item.fields["emotions"][0] for item in emotions], felt, average="macro")
    yield f"\ntone\n  emotion right                    {share(right)}   macro-F1 {macro:.3f}"
    seen = [models.risk_of(bot.analyse(item.text)) for item in frauds]
    real = [item.fields["risks"] != [Risk.NONE.value] for item in frauds]
    found = share([risk is not Risk.NONE for risk, fraud in zip(seen, real) if fraud])
    false = share([risk is not Risk.NONE for risk, fraud in zip(seen, real) if not fraud])
    macro = f1_score([item.fields["risks"][0] for item in frauds], [risk.value for risk in seen], average="macro")
    yield f"  fraud found                      {found}   macro-F1 of its kinds {macro:.3f}"
    yield f"  false alarms among look-alikes   {false}"


def _worst(asked: Sequence[HeldOutText], understood: Sequence[Understood]) -> Iterator[str]:
    """The scenarios with the most wrong first guesses, with an example."""
    wrong: dict[str, list[str]] = {}
    for item, found in zip(asked, understood):
        if found.scenarios[0] not in item.fields["scenarios"]:
            example = f"{found.scenarios[0]} for “{item.text}”"
            wrong.setdefault(item.fields["scenarios"][0], []).append(example)
    yield "\nmost often wrong"
    for scenario in sorted(wrong, key=lambda name: (-len(wrong[name]), name))[:10]:
        yield f"  {len(wrong[scenario]):3} {scenario:28} e.g. {wrong[scenario][0]}"


def _overlap(found: Sequence[str], right: Sequence[str]) -> bool:
    return bool(set(found) & set(right))


def _log(root: Path, release: str, top: Share) -> None:
    with (root / RUNS).open("a", encoding="utf-8") as file:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        file.write(f"{now}\t{release}\tscenario right first {top}\n")
