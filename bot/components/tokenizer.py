"""Rasa's JiebaTokenizer with the game's dictionary, on the normalised text, with positions in the player's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.message import analysis_of
from common.fingerprint import of_files

#: Relative to the project's folder; holds nothing but dictionaries.
DICTIONARIES = "data/lexicon/jieba"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class GameTokenizer(JiebaTokenizer):
    """Tokens are normalised words."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """JiebaTokenizer's settings with our dictionaries."""
        return {**JiebaTokenizer.get_default_config(), "dictionary_path": DICTIONARIES}

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The words of the message's analysis; other attributes than its text as JiebaTokenizer cuts them."""
        tokens: list[Token]
        if attribute != TEXT:
            tokens = super().tokenize(message, attribute)
            return tokens
        analysis = analysis_of(message)
        spans = [(word.text, *analysis.normalised.source_span(word.start, word.end)) for word in analysis.words]
        tokens = self._apply_token_pattern([Token(text, start, end) for text, start, end in spans])
        return tokens

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> Optional[str]:
        """The dictionaries."""
        return of_files(sorted(Path(config.get("dictionary_path", DICTIONARIES)).glob("*")))
