"""`python -m evals.stock_rasa`: what a Rasa user gets by default, trained on our utterances; the baseline to beat.

JiebaTokenizer, CountVectorsFeaturizer over words and over characters, DIETClassifier and FallbackClassifier, run by Rasa's
own `train nlu`. DIET on all 40,000 utterances would take hours on two cores, so only so many of each intent are drawn, by
a hash of the text; the predictions say how many.

For the FAQ stock Rasa has a ResponseSelector, which is DIET once more, with a class for each of 2,336 entries: too slow; and a
sentence encoder from Hugging Face, which cannot be downloaded here. What stands for it is the cosine between the message
and each wording of an entry, over TF-IDF of the same features that DIET gets (`nearest_entries`). That is no Rasa
component, only what its features yield without training.

    models/stock_rasa/<hash>/               the model, for the drawn utterances and the configuration
    evals/baselines/stock_rasa.PART.jsonl   its predictions on scenarios.PART and out_of_scope.PART, after a header line

Predicting prints no figure, so it is not logged as a run on a test set.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.logic.decision import Ranked
from bot.logic.progress import tell
from bot.logic.quiet import silence_loaded_rasa, silence_rasa, without_warnings
from common import fingerprint
from common.content import OUT_OF_SCOPE, FaqEntry, load_content
from common.errors import SupportError
from common.held_out import SETS, HeldOutText, load_held_out
from evals.public import SETS as PUBLIC_SETS
from evals.public import Guess, Guesses, Row, StockFigures, load_public, measure, save_stock
from faq_index.build import Say, keep_newest, write_folder

MODELS = Path("models/stock_rasa")
BASELINES = Path("evals/baselines")
PARTS = ("tuning", "calibration", "test")
PER_INTENT = 40
EPOCHS = 100
#: Where the public sets lie, seen from the project's folder.
DATASETS = Path("../shared/datasets")

_SEED = "stock rasa"
_SAVED, _KEPT = 3, 5
_MODEL, _ABOUT = "model.tar.gz", "about.json"
_FALLBACK = "nlu_fallback"
#: Seconds between two lines about the progress of a training.
_EVERY = 60.0
_CONFIG = """\
recipe: default.v1
assistant_id: stock-rasa
language: zh
pipeline:
- name: JiebaTokenizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: {epochs}
  entity_recognition: false
  random_seed: 0  # so that the same draw gives the same figures
- name: FallbackClassifier
  threshold: 0.3
  ambiguity_threshold: 0.1
"""


class TrainingFailed(SupportError):
    """Rasa did not train the baseline."""

    code = "training_failed"


@dataclass(frozen=True)
class Prediction:
    """What stock Rasa makes of a text."""

    #: The likeliest intents, best first, the fallback not among them.
    ranking: list[Ranked]
    #: Whether FallbackClassifier put its own intent above them.
    fallback: bool
    #: How long the parse took; 0 when read from a file.
    milliseconds: float = 0.0


@dataclass(frozen=True)
class About:
    """What a model was trained from."""

    #: Utterances drawn of each intent; None: all.
    per_intent: int | None
    utterances: int
    epochs: int
    #: Rasa's own start included.
    train_seconds: float
    #: The hash of drawn utterances and configuration.
    inputs: str


@dataclass(frozen=True)
class Baseline:
    """Saved predictions on one part of the sets, by the text's id."""

    about: About
    parse_p50_ms: float
    predictions: dict[str, Prediction]
    #: Whether the sets hold other texts by now.
    stale: bool


#: Fills a folder with the model of these utterances: (folder, utterances, configuration, say).
Fit = Callable[[Path, Sequence[Row], str, Say], None]
#: (root, model, texts): a prediction for each text.
Predict = Callable[[Path, Path, Sequence[str]], list[Prediction]]


def main(argv: list[str] | None = None) -> int:
    """Train if need be, predict and write the files; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m evals.stock_rasa", description="Stock Rasa as a baseline.")
    parser.add_argument("--root", type=Path, default=Path("."), help="the project's folder")
    parser.add_argument("--per-intent", type=_count, default=PER_INTENT, metavar="N", help="utterances drawn, or 'all'")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--set", nargs="+", choices=PARTS, default=list(PARTS), dest="parts")
    parser.add_argument("--public", nargs="+", choices=PUBLIC_SETS, default=[], help="measure on public sets instead")
    parser.add_argument("--folder", type=Path, help="where the public sets lie")
    arguments = parser.parse_args(argv)
    root = arguments.root
    try:
        for name in arguments.public:
            folder = arguments.folder or root / DATASETS
            write_public(root, folder, name, arguments.per_intent, tell, arguments.epochs)
        if not arguments.public:
            model = train(root, arguments.per_intent, tell, arguments.epochs)
            for part in arguments.parts:
                write_baseline(root, part, model, tell)
    except SupportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def draw(rows: Iterable[Row], per_intent: int | None) -> list[Row]:
    """At most so many (intent, text) of each intent, always the same ones; None: all."""
    ordered = sorted(set(rows), key=lambda row: (row[0], hashlib.sha256((_SEED + row[1]).encode()).digest()))
    return [row for _, group in groupby(ordered, lambda row: row[0]) for row in islice(group, per_intent)]


def train(root: Path, per_intent: int | None, say: Say, epochs: int = EPOCHS, fit: Fit | None = None) -> Path:
    """The model's folder, below `root`; trained unless there is one for the drawn utterances already."""
    rows = [(utterance.intent, utterance.text) for utterance in load_content(root).utterances]
    return train_on(root, rows, per_intent, say, epochs, fit)


def train_on(
    root: Path, rows: Iterable[Row], per_intent: int | None, say: Say, epochs: int = EPOCHS, fit: Fit | None = None
) -> Path:
    """As `train`, from any labelled texts."""
    drawn, config = draw(rows, per_intent), _CONFIG.format(epochs=epochs)
    folder = MODELS / fingerprint.of_parts(drawn, config)

    def save(partial: Path) -> None:
        say(f"stock Rasa on {len(drawn)} utterances, {epochs} epochs")
        start = perf_counter()
        (fit or fit_rasa)(partial, drawn, config, say)
        about = About(per_intent, len(drawn), epochs, round(perf_counter() - start, 1), folder.name)
        (partial / _ABOUT).write_text(json.dumps(asdict(about)), encoding="utf-8")

    if not (root / folder).exists():
        write_folder(root / folder, save)
    keep_newest(root / MODELS, root / folder)
    return folder


def fit_rasa(folder: Path, rows: Sequence[Row], config: str, say: Say) -> None:
    """`rasa train nlu` in a process of its own, which knows nothing of the game's dictionary."""
    with TemporaryDirectory() as name:
        work = Path(name)
        (work / "config.yml").write_text(config, encoding="utf-8")
        (work / "nlu.yml").write_text(_training_file(rows), encoding="utf-8")
        command = [sys.executable, "-m", "rasa", "train", "nlu", "--config", "config.yml", "--nlu", "nlu.yml"]
        command += ["--out", str(folder.resolve()), "--fixed-model-name", _MODEL.partition(".")[0]]
        log = work / "log"
        with log.open("wb") as output:
            environ = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
            process = subprocess.Popen(command, cwd=work, env=environ, stdout=output, stderr=subprocess.STDOUT)
            _wait(process, log, say)
        if process.returncode or not (folder / _MODEL).exists():
            said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise TrainingFailed(f"Rasa trained no model (code {process.returncode}):\n{said}")


def predict(root: Path, model: Path, texts: Sequence[str]) -> list[Prediction]:
    """Rasa's prediction for each text, one at a time.

    Rasa's tokenizer uses the dictionary of the process: none of ours may have been loaded into it (faq_index.words).
    """
    silence_rasa()
    _jieba()
    with without_warnings():
        from rasa.core.agent import Agent

        silence_loaded_rasa()
        agent = Agent.load(str(root / model / _MODEL))

        async def parse(text: str) -> Prediction:
            start = perf_counter()
            found = await agent.parse_message(text)
            took = 1000 * (perf_counter() - start)
            ranking = [Ranked(item["name"], float(item["confidence"])) for item in found["intent_ranking"]]
            ranking = [item for item in ranking if item.name != _FALLBACK][:_KEPT]
            return Prediction(ranking, found["intent"]["name"] == _FALLBACK, took)

        async def parse_all() -> list[Prediction]:
            return [await parse(text) for text in texts]

        return asyncio.run(parse_all())


def write_baseline(root: Path, part: str, model: Path, say: Say, predict: Predict = predict) -> Path:
    """Predict one part of the sets and write the file, below `root`."""
    items = _items(root, part)
    say(f"stock Rasa reads {len(items)} texts of {part}")
    found = predict(root, model, [item.text for item in items])
    about = json.loads((root / model / _ABOUT).read_text(encoding="utf-8"))
    lines = [json.dumps({**about, "parse_p50_ms": round(_p50(found), 2)})]
    for item, prediction in zip(items, found):
        ranking = [[ranked.name, round(ranked.confidence, 4)] for ranked in prediction.ranking[:_SAVED]]
        lines.append(json.dumps({"id": item.id, "ranking": ranking, "fallback": prediction.fallback}))
    path = _path(part)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def cached(root: Path, part: str) -> Baseline | None:
    """The saved predictions on one part of the sets, or None."""
    if not (root / _path(part)).exists():
        return None
    header, *lines = map(json.loads, (root / _path(part)).read_text(encoding="utf-8").splitlines())
    parse_p50_ms = header.pop("parse_p50_ms")
    predictions = {
        line["id"]: Prediction([Ranked(*pair) for pair in line["ranking"]], line["fallback"]) for line in lines
    }
    stale = predictions.keys() != {item.id for item in _items(root, part)}
    return Baseline(About(**header), parse_p50_ms, predictions, stale)


def write_public(
    root: Path,
    folder: Path,
    name: str,
    per_intent: int | None,
    say: Say,
    epochs: int = EPOCHS,
    fit: Fit | None = None,
    predict: Predict = predict,
) -> None:
    """Measure stock Rasa on a public set and save the figures; an intent's confidence says how sure it is."""
    data = load_public(folder, name)
    model = train_on(root, data.train, per_intent, say, epochs, fit)
    say(f"stock Rasa reads {len(data.valid) + len(data.test)} texts of {name}")
    found = predict(root, model, [text for _, text in (*data.valid, *data.test)])
    guesses = [_guess(item) for item in found]
    about = About(**json.loads((root / model / _ABOUT).read_text(encoding="utf-8")))
    split = len(data.valid)
    figures = measure(data, Guesses(guesses[:split], guesses[split:], about.train_seconds, round(_p50(found), 2)))
    save_stock(root, name, StockFigures(per_intent, about.utterances, epochs, figures))


def nearest_entries(entries: Sequence[FaqEntry], texts: Sequence[str], count: int = 3) -> list[list[str]]:
    """The ids of the entries with the nearest wordings for each text, by cosine over TF-IDF of DIET's features."""
    wordings = [(entry.id, text) for entry in entries for text, _ in entry.wordings]
    known, asked = list(_cut(text for _, text in wordings)), list(_cut(texts))
    vectorizers = [
        TfidfVectorizer(token_pattern=r"(?u)\b\w+\b"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4)),
    ]
    rows = scipy.sparse.hstack([vectorizer.fit_transform(known) for vectorizer in vectorizers], format="csr")
    queries = scipy.sparse.hstack([vectorizer.transform(asked) for vectorizer in vectorizers], format="csr")
    found = []
    for query in queries:
        scores = (rows @ query.T).toarray().ravel()  # both halves of a row have length 1: as good as the cosine
        best = (wordings[row][0] for row in np.argsort(-scores, kind="stable"))
        found.append(list(islice(dict.fromkeys(best), count)))
    return found


def _cut(texts: Iterable[str]) -> Iterator[str]:
    """Jieba's words with blanks between them, by its own dictionary alone."""
    tokenizer = _jieba().Tokenizer()
    for text in texts:
        yield " ".join(tokenizer.cut(text))


def _jieba() -> Any:
    """The library, told to load its dictionary in silence."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    return jieba


def _training_file(rows: Sequence[Row]) -> str:
    """Rasa's YAML; JSON's strings are YAML's, whatever stands in them."""
    lines = ['version: "3.1"', "nlu:"]
    for intent, group in groupby(rows, lambda row: row[0]):
        examples = "".join(f"- {' '.join(text.split())}\n" for _, text in group)
        lines += [f"- intent: {json.dumps(intent)}", f"  examples: {json.dumps(examples, ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"


def _wait(process: subprocess.Popen[bytes], log: Path, say: Say) -> None:
    """Until the training ends; says every so often how far it is."""
    start = perf_counter()
    try:
        while process.poll() is None:
            try:
                process.wait(_EVERY)
            except subprocess.TimeoutExpired:
                epochs = re.findall(r"Epochs:.*?(\d+/\d+)", log.read_text(encoding="utf-8", errors="replace"))
                say(f"{(perf_counter() - start) / 60:.0f} min, {f'epoch {epochs[-1]}' if epochs else 'preparing'}")
    finally:
        process.kill()


def _guess(prediction: Prediction) -> Guess:
    best = next(iter(prediction.ranking), Ranked("", 0.0))  # Rasa ranks nothing for a text without any token
    return Guess(best.name, best.confidence)


def _items(root: Path, part: str) -> list[HeldOutText]:
    paths = [SETS / f"{kind}.{part}.jsonl" for kind in ("scenarios", OUT_OF_SCOPE)]
    return [item for path in paths if (root / path).exists() for item in load_held_out(root, path, [])]


def _path(part: str) -> Path:
    return BASELINES / f"stock_rasa.{part}.jsonl"


def _p50(predictions: Sequence[Prediction]) -> float:
    return float(np.median([item.milliseconds for item in predictions])) if predictions else 0.0


def _count(value: str) -> int | None:
    return None if value == "all" else int(value)


if __name__ == "__main__":
    raise SystemExit(main())
