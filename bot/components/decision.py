"""Last step: what becomes of the message, and the intent that goes with it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import DECISION, NEAREST, SCENARIO_RANKING, TOLD, labelled_texts, put, ranking_of
from bot.logic.artifacts import planned_artifacts, trained_artifacts
from bot.logic.decision import Policy
from common.content import SCENARIOS, load_scenarios
from common.fingerprint import of_files
from common.language import next_language

#: How many classes, and how many scenarios, a parse result holds.
_CLASSES = 10
_SCENARIOS = 5


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class DecisionMaker(FolderComponent):
    """Sets intent, rankings and decision."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Keep the thresholds that were fitted with the classifier, and which classes are scenarios."""
        artifacts = trained_artifacts(self.root, labelled_texts(training_data))
        scenarios = frozenset(item.id for item in load_scenarios(self.root, []))
        fitted = Policy.load(artifacts.policy)
        replace(fitted, scenarios=scenarios).save(folder)

    def read(self, folder: Path) -> None:
        """Read the thresholds."""
        self._policy = Policy.load(folder)

    def handle(self, message: Message) -> None:
        """Decide."""
        ranking = self._policy.blend.ranking(ranking_of(message), message.get(TOLD, {}))
        nearest = message.get(NEAREST)
        outcome = self._policy.decide(ranking, nearest, next_language(None, message.get(TEXT) or ""))
        others = [item for item in ranking if item.name != outcome.intent.name]
        put(message, DECISION, outcome.decision.value)
        put(message, INTENT, asdict(outcome.intent))
        put(message, INTENT_RANKING_KEY, [asdict(item) for item in [outcome.intent, *others][:_CLASSES]])
        put(
            message,
            SCENARIO_RANKING,
            [asdict(item) for item in self._policy.scenarios_of(ranking, nearest)[:_SCENARIOS]],
        )

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The state of the content that the thresholds are for."""
        root = root_of(config)
        return planned_artifacts(root).policy.name + of_files([root / SCENARIOS])
