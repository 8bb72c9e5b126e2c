"""The FAQ retriever: the entries that may answer the message."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import (
    FAQ,
    NEAREST,
    TOLD,
    analysis_of,
    copy_folder,
    labelled_texts,
    put,
    ranking_of,
    vector_of,
    wanted_scenario,
)
from bot.logic.artifacts import nearest_of, planned_artifacts, trained_artifacts
from faq_index.index import FaqIndex

#: How many entries a parse result holds.
_SHOWN = 5
_FIELDS = ("id", "scenario", "question", "score")


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
        """Find the entries that are valid today; all of one scenario where the caller wants those."""
        wanted = wanted_scenario(message)
        likely = {wanted: 1.0} if wanted else {item.name: item.confidence for item in ranking_of(message)}
        count = len(self._index.library) if wanted else _SHOWN
        today = datetime.now(timezone.utc).date()
        found = self._index.search(analysis_of(message), vector_of(message), likely, count, today=today)
        message.set(NEAREST, nearest_of(found.hits))
        message.set(TOLD, found.scenarios)
        hits = [hit for hit in found.hits if wanted in (None, hit.scenario)]
        put(message, FAQ, [{name: getattr(hit, name) for name in _FIELDS} for hit in hits])

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The state of the library and the encoder that the index is for."""
        return planned_artifacts(root_of(config)).faq.index.name
