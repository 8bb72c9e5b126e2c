"""First step: the message taken apart (normal form, words, concepts). Its text stays as the player typed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import ANALYSIS
from common.content import LEXICON
from common.fingerprint import of_files, of_parts
from faq_index.analysis import Analyser
from faq_index.build import ANALYSIS_CODE
from faq_index.encoder import copy_lexicon
from faq_index.lexicon import lexicon_fingerprint


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class Normaliser(FolderComponent):
    """Leaves an Analysis on every message. Carries the lexicon, so that a model never meets another one."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the lexicon."""
        copy_lexicon(self.root / LEXICON, folder)

    def read(self, folder: Path) -> None:
        """Read the lexicon the model was trained with."""
        self._analyser = Analyser.load(folder)

    def handle(self, message: Message) -> None:
        """Take the text apart."""
        message.set(ANALYSIS, self._analyser(message.get(TEXT) or ""))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same for training examples, which the tokenizer needs."""
        for message in training_data.training_examples:
            if message.get(TEXT):
                self.handle(message)
        return training_data

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The lexicon and the code that reads it."""
        return of_parts(lexicon_fingerprint(root_of(config) / LEXICON), of_files(ANALYSIS_CODE))
