"""The static encoder as a module of sentence-transformers: it can be used, compared and saved like any other model.

Serving does not need it (faq_index.encoder sums the same rows in numpy); a test holds both to the same vectors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers.base.modules.input_module import InputModule
from torch import Tensor
from torch.nn import functional

from faq_index.encoder import StaticEncoder

_FOLDER = "static"


class FeatureSum(InputModule):
    """Sums the table's rows of a text's features and scales the sum to length 1."""

    def __init__(self, encoder: StaticEncoder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._encoder = encoder
        self.register_buffer("_table", torch.from_numpy(encoder.table.astype(np.float32)))

    @classmethod
    def of(cls, encoder: StaticEncoder) -> FeatureSum:
        """The module with the encoder's own table."""
        return cls(encoder)

    def preprocess(self, inputs: list[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Tensor]:
        """`input_ids`, the rows of all texts one after the other, and `offsets`, where each text's begin."""
        rows = [self._encoder.rows_of(self._encoder.analyser((prompt or "") + text)) for text in inputs]
        starts = [0]
        for found in rows[:-1]:
            starts.append(starts[-1] + len(found))
        flat = [row for found in rows for row in found]
        return {"input_ids": torch.tensor(flat, dtype=torch.long), "offsets": torch.tensor(starts, dtype=torch.long)}

    def forward(self, features: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        """Adds `sentence_embedding`, [texts, dim]."""
        table: Tensor = self._table
        summed = functional.embedding_bag(features["input_ids"], table, features["offsets"], mode="sum")
        features["sentence_embedding"] = functional.normalize(summed, dim=1)
        return features

    def get_embedding_dimension(self) -> int:
        """The length of a vector."""
        return self._encoder.dim

    def get_sentence_embedding_dimension(self) -> int:
        """The length of a vector, by the name that older versions ask for."""
        return self._encoder.dim

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write the encoder, lexicon included, below `output_path`."""
        self._encoder.save(Path(output_path) / _FOLDER)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> FeatureSum:  # type: ignore[override]
        """The module saved to a folder."""
        return cls(StaticEncoder.load(Path(model_name_or_path) / subfolder / _FOLDER))
