"""Tone: emotion, urgency and signs of fraud."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

import bot.logic.tone
from bot.components.base import FolderComponent, root_of
from bot.components.message import EMOTION, RISK, URGENCY, analysis_of, copy_files, put, ranking_of
from bot.logic.tone import FILES, ScenarioUrgency, ToneReader
from common.content import LEXICON, SCENARIOS, load_scenarios
from common.fingerprint import of_files
from common.text import Aliases
from faq_index.lexicon import ALIASES


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ToneOfMessage(FolderComponent):
    """Puts emotion, urgency and risk on every message."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the word lists and how urgent each scenario is."""
        copy_files([self.root / LEXICON / name for name in (*FILES, ALIASES)], folder)
        ScenarioUrgency({item.id: item.urgency for item in load_scenarios(self.root, [])}).save(folder)

    def read(self, folder: Path) -> None:
        """Read the word lists the model was trained with."""
        self._reader = ToneReader(folder, Aliases.read(folder / ALIASES))
        self._urgency = ScenarioUrgency.load(folder)

    def handle(self, message: Message) -> None:
        """Read the tone; urgency comes from the likeliest scenario and from the words."""
        tone = self._reader.read(analysis_of(message).text, self._urgency.of(ranking_of(message)[0]))
        put(message, EMOTION, tone.emotion.value)
        put(message, URGENCY, tone.urgency)
        put(message, RISK, tone.risk.value)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The word lists, the scenarios and the code that reads them."""
        root = root_of(config)
        words = [root / LEXICON / name for name in (*FILES, ALIASES)]
        return of_files([*words, root / SCENARIOS, Path(bot.logic.tone.__file__)])
