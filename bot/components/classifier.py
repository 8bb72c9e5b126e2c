"""The scenario classifier: calibrated probabilities over scenarios, dialogue acts and out_of_scope."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import RANKING, analysis_of, copy_folder, labelled_texts, vector_of
from bot.logic.artifacts import planned_artifacts, trained_artifacts
from bot.logic.classifier import Classifier
from bot.logic.decision import Ranked


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ScenarioClassifier(FolderComponent, IntentClassifier):
    """Leaves the full ranking; the intent itself is the Decision's."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the classifier for these examples and the project's library, fitted now if it is not there."""
        copy_folder(trained_artifacts(self.root, labelled_texts(training_data)).classifier, folder)

    def read(self, folder: Path) -> None:
        """Read the model."""
        self._classifier = Classifier.load(folder)

    def handle(self, message: Message) -> None:
        """Rank all classes."""
        probabilities = self._classifier.probabilities(analysis_of(message), vector_of(message)[0])
        order = np.argsort(-probabilities, kind="stable")
        names = self._classifier.classes
        message.set(RANKING, [Ranked(names[index], float(probabilities[index])) for index in order])

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The state of the content that the classifier is for."""
        return planned_artifacts(root_of(config)).classifier.name
