"""Entities by spaCy with character segmentation and our patterns (bot.logic.entities)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

import bot.logic.entities
import bot.logic.times
from bot.components.base import FolderComponent, root_of
from bot.components.message import analysis_of, copy_files, put
from bot.logic.entities import FILES, EntityFinder
from common.content import LEXICON
from common.fingerprint import of_files


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class SpacyEntities(FolderComponent):
    """Adds what the player names: order numbers, amounts, times, servers, devices ..."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the patterns."""
        copy_files([self.root / LEXICON / name for name in FILES], folder)

    def read(self, folder: Path) -> None:
        """Build the spaCy pipeline from the patterns the model was trained with."""
        self._finder = EntityFinder(folder)

    def handle(self, message: Message) -> None:
        """Add the entities, with positions in the player's own text."""
        analysis = analysis_of(message)
        found = [
            {**asdict(entity), "extractor": type(self).__name__}
            for entity in self._finder.find(analysis.source, analysis.normalised)
        ]
        put(message, ENTITIES, [*message.get(ENTITIES, []), *found])

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The patterns and the code that reads them."""
        files = [root_of(config) / LEXICON / name for name in FILES]
        return of_files([*files, Path(bot.logic.entities.__file__), Path(bot.logic.times.__file__)])
