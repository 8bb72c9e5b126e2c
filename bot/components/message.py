"""What our components leave on a message for each other and for the worker."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.logic.context import WITHIN
from bot.logic.decision import Ranked
from faq_index.analysis import Analysis
from faq_index.encoder import Vectors

# for each other
ANALYSIS = "analysis"  # Analysis
VECTOR = "vector"  # Vectors, [1, dim]
RANKING = "ranking"  # list[Ranked], all classes, best first
NEAREST = "nearest"  # Nearest | None
TOLD = "told"  # dict[str, float], the chance of each scenario by its entries
# for the worker, beside Rasa's own text, intent, intent_ranking and entities
SCENARIO_RANKING = "scenario_ranking"
FAQ = "faq"
DECISION = "decision"
EMOTION = "emotion"
URGENCY = "urgency"
RISK = "risk"


def analysis_of(message: Message) -> Analysis:
    """The analysis that the Normaliser left."""
    analysis: Analysis = _left(message, ANALYSIS, "Normaliser")
    return analysis


def vector_of(message: Message) -> Vectors:
    """The encoding that the SentenceEncoder left."""
    vector: Vectors = _left(message, VECTOR, "SentenceEncoder")
    return vector


def ranking_of(message: Message) -> list[Ranked]:
    """The ranking that the ScenarioClassifier left."""
    ranking: list[Ranked] = _left(message, RANKING, "ScenarioClassifier")
    return ranking


def wanted_scenario(message: Message) -> str | None:
    """The scenario whose entries alone are wanted, if the caller named one."""
    return (message.get("metadata") or {}).get(WITHIN)


def put(message: Message, name: str, value: Any) -> None:
    """Set a property that becomes part of the parse result."""
    message.set(name, value, add_to_output=True)


def copy_folder(source: Path, target: Path) -> None:
    """Copy all of a folder into another that may exist already."""
    shutil.copytree(source, target, dirs_exist_ok=True)


def copy_files(files: Iterable[Path], folder: Path) -> None:
    """Copy files into a folder that exists."""
    for path in files:
        shutil.copyfile(path, folder / path.name)


def labelled_texts(training_data: TrainingData) -> list[tuple[str, str]]:
    """(intent, text) of every training example."""
    return [(message.get(INTENT), message.get(TEXT)) for message in training_data.intent_examples]


def _left(message: Message, name: str, component: str) -> Any:
    value = message.get(name)
    if value is None:
        raise ValueError(f"the message has no {name}: put {component} earlier in the pipeline of config.yml")
    return value
