"""Tone: emotion, urgency and signs of fraud."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.base import FolderComponent, root_of
from bot.components.message import EMOTION, RISK, URGENCY, analysis_of, copy_files, put, ranking_of
from bot.logic.tone import URGENCY_WORDS, ScenarioUrgency, ToneModels, UrgencyWords
from common.content import LEXICON, NLU, SCENARIOS, load_scenarios
from common.fingerprint import of_files, of_parts
from common.labelled import EMOTION_TEXTS, FRAUD_TEXTS
from common.text import Aliases
from faq_index.analysis import Analyser
from faq_index.build import ANALYSIS_CODE
from faq_index.lexicon import ALIASES, lexicon_fingerprint

_CODE = Path(__file__).parents[1] / "logic"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ToneOfMessage(FolderComponent):
    """Puts emotion, urgency and risk on every message."""

    def fill(self, folder: Path, training_data: TrainingData) -> None:
        """Train emotion and risk; keep the words of urgency and how urgent each scenario is."""
        from bot.logic.tone_fitting import fit_tone

        fit_tone(self.root, Analyser.load(self.root / LEXICON), folder)
        copy_files([self.root / LEXICON / name for name in (URGENCY_WORDS, ALIASES)], folder)
        ScenarioUrgency({item.id: item.urgency for item in load_scenarios(self.root, [])}).save(folder)

    def read(self, folder: Path) -> None:
        """Read what was trained."""
        self._models = ToneModels.load(folder)
        self._words = UrgencyWords(folder, Aliases.read(folder / ALIASES))
        self._urgency = ScenarioUrgency.load(folder)

    def handle(self, message: Message) -> None:
        """Read the tone; urgency comes from the likeliest scenario and from the words."""
        analysis = analysis_of(message)
        put(message, EMOTION, self._models.emotion_of(analysis).value)
        put(message, URGENCY, self._words.urgency(analysis.text, self._urgency.of(ranking_of(message)[0])))
        put(message, RISK, self._models.risk_of(analysis).value)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The texts, the words, the scenarios and the code that reads them."""
        root = root_of(config)
        texts = [path for path in (root / EMOTION_TEXTS, root / FRAUD_TEXTS) if path.exists()]
        files = [*texts, root / LEXICON / URGENCY_WORDS, root / SCENARIOS, *sorted((root / NLU).glob("*.yml"))]
        code = [_CODE / name for name in ("tone.py", "tone_fitting.py", "fitting.py", "classifier.py")]
        return of_parts(lexicon_fingerprint(root / LEXICON), of_files([*files, *code, *ANALYSIS_CODE]))
