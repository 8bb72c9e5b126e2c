"""Everything the pipeline is made of, for one state of the content: encoder, index, classifier, policy.

Each lies in a folder named by a hash of what it was made from (content, lexicon, code), so that nothing is made twice:
not by `python -m bot.train`, which makes them while Rasa is still being imported, nor by a stock `rasa train`.

Reading 30,000 texts and hashing them takes seconds, and Rasa's components ask a dozen times: `using` lets
`python -m bot.train` tell them once where the parts lie.

    models/classifier/<hash>/   classifier, and what it makes of texts it has not seen
    models/policy/<hash>/       when to trust it, thresholds, and the report of how good they are
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from bot.logic.classifier import Classifier
from bot.logic.decision import Nearest
from bot.logic.progress import tell
from common import fingerprint
from common.content import LEXICON, OUT_OF_SCOPE, Content, load_content
from common.held_out import SETS, load_held_out
from faq_index.analysis import Analyser, RememberingAnalyser
from faq_index.build import ANALYSIS_CODE, Built, Say, build, keep_newest, plan, write_folder
from faq_index.encoder import StaticEncoder, load_encoder, vectors_of
from faq_index.index import FaqIndex, Hit
from faq_index.lexicon import load_lexicon

CLASSIFIERS = Path("models/classifier")
POLICIES = Path("models/policy")

_CODE = Path(__file__).parent
_CALIBRATION = "*.calibration.jsonl"
#: Fewer calibration texts tell less than the utterances out of fold.
_ENOUGH = 500

#: A training example: (intent, text).
Labelled = tuple[str, str]
_CLASSIFIER_CODE = ("classifier.py", "fitting.py")
_POLICY_CODE = ("decision.py", "decision_fitting.py")


@dataclass(frozen=True)
class Artifacts:
    """Where the parts lie."""

    faq: Built
    classifier: Path
    policy: Path


_in_use: ContextVar[Artifacts | None] = ContextVar("artifacts_in_use", default=None)


@contextmanager
def using(artifacts: Artifacts) -> Iterator[None]:
    """Let components trained inside take these parts, whatever examples Rasa hands them."""
    token = _in_use.set(artifacts)
    try:
        yield
    finally:
        _in_use.reset(token)


def planned_artifacts(root: Path) -> Artifacts:
    """Where the parts for the project's content lie, for a component's fingerprint."""
    return _in_use.get() or plan_artifacts(root)


def trained_artifacts(root: Path, labelled: Iterable[Labelled]) -> Artifacts:
    """The parts that a component is trained with: those in use, else those for the examples that Rasa read."""
    return _in_use.get() or make_artifacts(root, tell, labelled=labelled)


def calibration_texts(root: Path) -> list[Labelled]:
    """(intent, text) of the calibration sets; none unless they hold questions and texts out of scope."""
    paths = sorted(path.relative_to(root) for path in (root / SETS).glob(_CALIBRATION))
    items = [item for path in paths for item in load_held_out(root, path, [])]
    found = [(item.fields["scenarios"][0], item.text) for item in items if item.fields.get("scenarios")]
    enough = len(found) >= _ENOUGH and any(label == OUT_OF_SCOPE for label, _ in found)
    return found if enough else []


def plan_artifacts(root: Path, content: Content | None = None, labelled: Iterable[Labelled] | None = None) -> Artifacts:
    """Where the parts for this content lie, or would lie. `labelled` replaces the content's own utterances."""
    content = content or load_content(root)
    return _planned(root, content, _labelled(content, labelled), calibration_texts(root), plan(root, content))


def _planned(root: Path, content: Content, examples: list[Labelled], held_out: list[Labelled], faq: Built) -> Artifacts:
    classifier = _classifier_hash(content, examples, held_out, faq)
    code = fingerprint.of_files([_CODE / name for name in _POLICY_CODE])
    policy = fingerprint.of_parts(classifier, faq.index.name, sorted(content.scenario_ids), code)
    return Artifacts(faq, root / CLASSIFIERS / classifier, root / POLICIES / policy)


def make_artifacts(
    root: Path,
    say: Say,
    content: Content | None = None,
    labelled: Iterable[Labelled] | None = None,
    fresh: bool = False,
) -> Artifacts:
    """Make the parts that are missing; `fresh` trains the encoder even if an older one would do."""
    content = content or load_content(root)
    examples = _labelled(content, labelled)
    analyser = RememberingAnalyser(load_lexicon(root / LEXICON))
    faq = build(root, say, content=content, analyser=analyser, fresh=fresh)
    held_out = calibration_texts(root)
    artifacts = _planned(root, content, examples, held_out, faq)
    if not artifacts.classifier.exists():
        say(f"classifier from {len(examples)} utterances")
        write_folder(
            artifacts.classifier, lambda folder: _fit_classifier(analyser, content, examples, held_out, faq, folder)
        )
    if not artifacts.policy.exists():
        say("thresholds")
        write_folder(
            artifacts.policy,
            lambda folder: _fit_policy(analyser, content.scenario_ids, bool(held_out), artifacts, folder),
        )
    keep_newest(root / CLASSIFIERS, artifacts.classifier)
    keep_newest(root / POLICIES, artifacts.policy)
    return artifacts


def _labelled(content: Content, labelled: Iterable[Labelled] | None) -> list[Labelled]:
    pairs = labelled if labelled is not None else ((item.intent, item.text) for item in content.utterances)
    return sorted(set(pairs))


def _classifier_hash(content: Content, labelled: list[Labelled], held_out: list[Labelled], faq: Built) -> str:
    code = fingerprint.of_files([_CODE / name for name in _CLASSIFIER_CODE] + ANALYSIS_CODE)
    return fingerprint.of_parts(labelled, held_out, described_texts(content), faq.encoder.name, code)


def described_texts(content: Content) -> list[tuple[str, str, str]]:
    """(scenario, text, kind) of everything but utterances that tells what a scenario is about."""
    texts = []
    for scenario in content.scenarios:
        texts += [(scenario.id, text, "definition") for text in (scenario.name, *scenario.covers)]
        texts += [(border.scenario, border.topic, "definition") for border in scenario.not_this]
    for entry in content.entries:
        texts += [(entry.scenario, text, "wording") for text, _ in entry.wordings]
    return texts


def _fit_classifier(
    analyser: Analyser,
    content: Content,
    labelled: list[Labelled],
    held_out: list[Labelled],
    faq: Built,
    folder: Path,
) -> None:
    from bot.logic.fitting import Example, Kind, fit

    encoder = load_encoder(faq.encoder)
    examples = [Example(intent, analyser(text)) for intent, text in labelled]
    examples += [Example(scenario, analyser(text), Kind(kind)) for scenario, text, kind in described_texts(content)]
    known = {example.label for example in examples}
    unseen = [Example(intent, analyser(text)) for intent, text in held_out if intent in known]
    unseen_vectors = vectors_of(encoder, [example.analysis for example in unseen]) if unseen else None
    if isinstance(encoder, StaticEncoder):
        # its vectors are sums over the very features that the classifier sees: only its head adds to them
        fitted = fit(examples, None, unseen, unseen_vectors, encoder.head)
    else:
        fitted = fit(examples, vectors_of(encoder, [example.analysis for example in examples]), unseen, unseen_vectors)
    fitted.classifier.save(folder)
    fitted.unseen.save(folder)


def _fit_policy(
    analyser: Analyser, scenarios: frozenset[str], calibrated: bool, artifacts: Artifacts, folder: Path
) -> None:
    """Fit trust and thresholds to the classifier's predictions for unseen texts.

    The retriever has a say only where these are calibration sets: it knows the training utterances by heart.
    """
    from bot.logic.decision_fitting import UNLIKELY, Case, fit_policy, ranking_of
    from bot.logic.fitting import Unseen

    unseen = Unseen.load(artifacts.classifier)
    classes = Classifier.load(artifacts.classifier).classes
    least = 0.0 if calibrated else UNLIKELY
    rankings = [ranking_of(row, classes, least) for row in unseen.probabilities]
    cases = [Case(label, ranking) for label, ranking in zip(unseen.labels, rankings)]
    if calibrated:
        index, encoder = FaqIndex.load(artifacts.faq.index), load_encoder(artifacts.faq.encoder)
        analyses = [analyser(text) for text in unseen.texts]
        vectors = vectors_of(encoder, analyses)
        for row, analysis in enumerate(analyses):
            likely = dict(zip(classes, unseen.probabilities[row].tolist()))
            found = index.search(analysis, vectors[row : row + 1], likely, 1)
            cases[row] = replace(cases[row], nearest=nearest_of(found.hits), told=found.scenarios)
    policy, report = fit_policy(cases, scenarios, calibration_sets=calibrated)
    policy.save(folder)
    report.save(folder)


def nearest_of(hits: Sequence[Hit]) -> Nearest | None:
    """The best of the retriever's hits, as the decision sees it."""
    return Nearest(hits[0].scenario, hits[0].score, hits[0].likeness) if hits else None
