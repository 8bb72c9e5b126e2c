"""Everything the pipeline is made of, for one state of the content: encoder, index, classifier, policy, tone.

Each lies in a folder named by a hash of what it was made from (content, lexicon, code), so that nothing is made twice:
not by `python -m bot.train`, which makes them while Rasa is still being imported, nor by a stock `rasa train`.

Reading 30,000 texts and hashing them takes seconds, and Rasa's components ask a dozen times: `using` lets
`python -m bot.train` tell them once where the parts lie.

    models/classifier/<hash>/   classifier, and what it makes of texts it has not seen
    models/policy/<hash>/       when to trust it, thresholds, and the report of how good they are
    models/tone/<hash>/         emotion, signs of fraud, urgency
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from bot.logic.classifier import Classifier
from bot.logic.decision import Nearest
from bot.logic.progress import tell
from bot.logic.tone import URGENCY_WORDS, ScenarioUrgency
from common import fingerprint
from common.content import LEXICON, OUT_OF_SCOPE, Content, load_content
from common.held_out import SETS, load_held_out
from common.labelled import EMOTION_TEXTS, FRAUD_TEXTS
from faq_index.build import ANALYSIS_CODE, CODE, Built, Say, Workshop, build, keep_newest, plan, write_folder
from faq_index.encoder import StaticEncoder
from faq_index.index import FaqIndex, Hit
from faq_index.lexicon import ALIASES, lexicon_fingerprint

CLASSIFIERS = Path("models/classifier")
POLICIES = Path("models/policy")
TONES = Path("models/tone")

_CODE = Path(__file__).parent
_CALIBRATION = "*.calibration.jsonl"
#: Fewer calibration texts tell less than the utterances out of fold.
_ENOUGH = 500

#: A training example: (intent, text).
Labelled = tuple[str, str]
_FITTING_CODE = [*(_CODE / name for name in ("classifier.py", "fitting.py")), CODE / "bags.py", *ANALYSIS_CODE]
_POLICY_CODE = [_CODE / name for name in ("decision.py", "decision_fitting.py")]
_TONE_CODE = [_CODE / name for name in ("tone.py", "tone_fitting.py")]


@dataclass(frozen=True)
class Artifacts:
    """Where the parts lie."""

    faq: Built
    classifier: Path
    policy: Path
    tone: Path


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
    policy = fingerprint.of_parts(
        classifier, faq.index.name, sorted(content.scenario_ids), fingerprint.of_files(_POLICY_CODE)
    )
    tone = _tone_hash(root, content)
    return Artifacts(faq, root / CLASSIFIERS / classifier, root / POLICIES / policy, root / TONES / tone)


def make_artifacts(
    root: Path,
    say: Say,
    content: Content | None = None,
    labelled: Iterable[Labelled] | None = None,
    fresh: bool = False,
    workshop: Workshop | None = None,
) -> Artifacts:
    """Make the parts that are missing; `fresh` trains the encoder even if an older one would do."""
    content = content or load_content(root)
    workshop = workshop or Workshop(root)
    examples = _labelled(content, labelled)
    faq = build(root, say, content=content, workshop=workshop, fresh=fresh)
    held_out = calibration_texts(root)
    artifacts = _planned(root, content, examples, held_out, faq)
    scenarios = content.scenario_ids
    making: list[tuple[Path, str, Callable[[Path], None]]] = [
        (
            artifacts.classifier,
            f"classifier from {len(examples)} utterances",
            lambda folder: _fit_classifier(workshop, content, examples, held_out, faq, folder),
        ),
        (
            artifacts.policy,
            "thresholds",
            lambda folder: _fit_policy(workshop, scenarios, bool(held_out), artifacts, folder),
        ),
        (artifacts.tone, "tone", lambda folder: _fit_tone(root, workshop, content, folder)),
    ]
    missing = [item for item in making if not item[0].exists()]
    for part, name, fit in missing:
        say(name)
        write_folder(part, fit)
    if missing:
        workshop.save()
    for part, _, _ in making:
        keep_newest(part.parent, part)
    return artifacts


def _labelled(content: Content, labelled: Iterable[Labelled] | None) -> list[Labelled]:
    pairs = labelled if labelled is not None else ((item.intent, item.text) for item in content.utterances)
    return sorted(set(pairs))


def _classifier_hash(content: Content, labelled: list[Labelled], held_out: list[Labelled], faq: Built) -> str:
    code = fingerprint.of_files(_FITTING_CODE)
    return fingerprint.of_parts(labelled, held_out, described_texts(content), faq.encoder.name, code)


def _tone_hash(root: Path, content: Content) -> str:
    files = [root / path for path in (EMOTION_TEXTS, FRAUD_TEXTS, LEXICON / URGENCY_WORDS)]
    code = fingerprint.of_files([*(path for path in files if path.exists()), *_TONE_CODE, *_FITTING_CODE])
    spoken = [(utterance.intent, utterance.text) for utterance in content.utterances]
    urgent = [(scenario.id, scenario.urgency) for scenario in content.scenarios]
    return fingerprint.of_parts(spoken, urgent, lexicon_fingerprint(root / LEXICON), code)


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
    workshop: Workshop,
    content: Content,
    labelled: list[Labelled],
    held_out: list[Labelled],
    faq: Built,
    folder: Path,
) -> None:
    from bot.logic.fitting import Example, Kind, fit

    encoder, analyser, featuriser = workshop.encoder(faq.encoder), workshop.analyser, workshop.featuriser
    examples = [Example(intent, analyser(text)) for intent, text in labelled]
    examples += [Example(scenario, analyser(text), Kind(kind)) for scenario, text, kind in described_texts(content)]
    known = {example.label for example in examples}
    unseen = [Example(intent, analyser(text)) for intent, text in held_out if intent in known]
    unseen_vectors = featuriser.vectors(encoder, [example.analysis for example in unseen]) if unseen else None
    if isinstance(encoder, StaticEncoder):
        # its vectors are sums over the very features that the classifier sees: only its head adds to them
        fitted = fit(examples, None, unseen, unseen_vectors, encoder.head, featuriser=featuriser)
    else:
        vectors = featuriser.vectors(encoder, [example.analysis for example in examples])
        fitted = fit(examples, vectors, unseen, unseen_vectors, featuriser=featuriser)
    fitted.classifier.save(folder)
    fitted.unseen.save(folder)


def _fit_policy(
    workshop: Workshop, scenarios: frozenset[str], calibrated: bool, artifacts: Artifacts, folder: Path
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
        index = FaqIndex.load(artifacts.faq.index)
        analyses = [workshop.analyser(text) for text in unseen.texts]
        vectors = workshop.featuriser.vectors(workshop.encoder(artifacts.faq.encoder), analyses)
        for row, analysis in enumerate(analyses):
            likely = dict(zip(classes, unseen.probabilities[row].tolist()))
            found = index.search(analysis, vectors[row : row + 1], likely, 1)
            cases[row] = replace(cases[row], nearest=nearest_of(found.hits), told=found.scenarios)
    policy, report = fit_policy(cases, scenarios, calibration_sets=calibrated)
    policy.save(folder)
    report.save(folder)


def _fit_tone(root: Path, workshop: Workshop, content: Content, folder: Path) -> None:
    from bot.logic.tone_fitting import fit_tone

    fit_tone(root, workshop.analyser, folder)
    for name in (URGENCY_WORDS, ALIASES):
        shutil.copyfile(root / LEXICON / name, folder / name)
    ScenarioUrgency({scenario.id: scenario.urgency for scenario in content.scenarios}).save(folder)


def nearest_of(hits: Sequence[Hit]) -> Nearest | None:
    """The best of the retriever's hits, as the decision sees it."""
    return Nearest(hits[0].scenario, hits[0].score, hits[0].likeness) if hits else None
