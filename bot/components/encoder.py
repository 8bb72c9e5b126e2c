"""The message's vector, made once and used by classifier and retriever."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import VECTOR, analysis_of, copy_folder, labelled_texts
from bot.logic.artifacts import planned_artifacts, trained_artifacts
from faq_index.encoder import load_encoder, vectors_of


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceEncoder(FolderComponent):
    """Leaves the encoding of every message. Which encoder: the setting ENCODER."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the encoder for the project's content, trained now if it is not there."""
        copy_folder(trained_artifacts(self.root, labelled_texts(training_data)).faq.encoder, folder)

    def read(self, folder: Path) -> None:
        """Read the encoder the model was trained with."""
        self._encoder = load_encoder(folder)

    def handle(self, message: Message) -> None:
        """Encode the message."""
        message.set(VECTOR, vectors_of(self._encoder, [analysis_of(message)]))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing: the classifier encodes its examples itself, all at once."""
        return training_data

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The state of the content that the encoder is for."""
        return planned_artifacts(root_of(config)).faq.encoder.name
