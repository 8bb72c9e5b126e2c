"""The FAQ retriever: the entries that may answer the message."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import FAQ, analysis_of, copy_folder, labelled_texts, put, ranking_of, vector_of
from bot.logic.artifacts import planned_artifacts, trained_artifacts
from faq_index.index import FaqIndex

#: How many entries a parse result holds.
_SHOWN = 5


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FaqRetriever(FolderComponent):
    """Puts the best entries on every message."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the index of the project's library, built now if it is not there."""
        copy_folder(trained_artifacts(self.root, labelled_texts(training_data)).faq.index, folder)

    def read(self, folder: Path) -> None:
        """Read the index; one that is not what its manifest says is refused."""
        self._index = FaqIndex.load(folder)

    def handle(self, message: Message) -> None:
        """Find the entries that are valid today."""
        likely = {item.name: item.confidence for item in ranking_of(message)}
        today = datetime.now(timezone.utc).date()
        hits = self._index.search(analysis_of(message), vector_of(message), likely, _SHOWN, today=today)
        put(message, FAQ, [asdict(hit) for hit in hits])

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The state of the library and the encoder that the index is for."""
        return planned_artifacts(root_of(config)).faq.index.name
