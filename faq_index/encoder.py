"""Texts to vectors. One interface, two adapters: the static encoder trained from our own content, and any
sentence-transformers model.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faq_index.analysis import Analyser, Analysis, features
from faq_index.errors import IndexMismatch
from faq_index.lexicon import ALIASES, CONCEPTS, DICTIONARIES

Vectors = NDArray[np.float32]

#: The name of the encoder that is trained from our own content.
STATIC = "static"

_VOCABULARY = "features.json"
_TABLE = "table.npy"
_HEAD = "head.npz"
_MANIFEST = "encoder.json"


class Encoder(Protocol):
    """Turns texts into vectors of unit length, so that an inner product is a cosine."""

    @property
    def name(self) -> str:
        """Which encoder this is: `static`, or a model's name or path."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    @property
    def fingerprint(self) -> str:
        """Changes when the same text could get another vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """[len(texts), dim], float32, rows of length 1 (a text without any known feature: all zeros)."""

    def save(self, folder: Path) -> None:
        """Write what `load_encoder` needs to `folder`."""


@dataclass(frozen=True)
class StaticSettings:
    """How the static encoder is trained; part of its fingerprint."""

    dim: int = 256
    longest_gram: int = 3
    min_count: int = 3
    #: Weights of the blocks: characters, words, concepts, pinyin.
    blocks: tuple[float, float, float, float] = (1.0, 1.0, 4.0, 0.5)
    #: Singular values to this power scale the dimensions; 0 would whiten, 1 is plain LSA.
    spectrum: float = 0.5
    #: Passes of contrastive training; 0: the table stays the SVD's.
    epochs: int = 6
    batch: int = 512
    #: The share of a text's features that are left out at random while training.
    dropped: float = 0.3
    #: How often a text is shown in its noised form.
    noise: float = 0.15
    hard_negatives: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Head:
    """A linear classifier over vectors, trained together with the encoder."""

    classes: list[str]
    #: [dim, classes]
    weights: Vectors
    #: [classes]
    bias: Vectors

    def scores(self, vectors: Vectors) -> Vectors:
        """[texts, classes], log odds but for a constant."""
        found: Vectors = vectors @ self.weights + self.bias
        return found

    def save(self, folder: Path) -> None:
        """Write the head to `folder`."""
        np.savez(folder / _HEAD, classes=np.asarray(self.classes), weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, folder: Path) -> Head | None:
        """The head saved to `folder`, if there is one."""
        if not (folder / _HEAD).exists():
            return None
        with np.load(folder / _HEAD) as arrays:
            return cls(arrays["classes"].tolist(), arrays["weights"], arrays["bias"])


class StaticEncoder:
    """A text's vector is the sum of its features' rows in one table: no network, nothing but numpy at serving.

    The features are character n-grams, words, concepts and pinyin; faq_index.training says where the table comes from.
    """

    name = STATIC

    def __init__(
        self,
        analyser: Analyser,
        vocabulary: dict[str, int],
        table: NDArray[np.float16],
        settings: StaticSettings,
        head: Head | None = None,
    ) -> None:
        self._analyser = analyser
        self._vocabulary = vocabulary
        #: [features, dim], in half precision: a table of 200,000 rows is a hundred megabytes as it is.
        self.table = table
        self.settings = settings
        #: Which class a vector belongs to, when the encoder was trained to tell.
        self.head = head
        self.dim = table.shape[1]
        self.fingerprint = _digest(analyser.fingerprint, settings, "\n".join(vocabulary), table.tobytes())

    @property
    def analyser(self) -> Analyser:
        """How this encoder takes a text apart."""
        return self._analyser

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`; see Encoder."""
        return self.encode_analysed([self._analyser(text) for text in texts])

    def encode_analysed(self, analyses: Sequence[Analysis]) -> Vectors:
        """Vectors of texts that were taken apart already (by an analyser with the same fingerprint)."""
        vectors = np.zeros((len(analyses), self.dim), dtype=np.float32)
        for row, analysis in enumerate(analyses):
            if rows := self.rows_of(analysis):
                vectors[row] = self.table[rows].sum(axis=0, dtype=np.float32)
        return unit(vectors)

    def rows_of(self, analysis: Analysis) -> list[int]:
        """The rows of the table that a text's vector is the sum of; may be empty."""
        return [
            index
            for part in keyed_features(analysis, self.settings.longest_gram)
            for feature in part
            if (index := self._vocabulary.get(feature)) is not None
        ]

    def save(self, folder: Path) -> None:
        """Write the encoder, with the lexicon it was trained with, to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        copy_lexicon(self._analyser.lexicon.folder, folder / "lexicon")
        (folder / _VOCABULARY).write_text(json.dumps(list(self._vocabulary), ensure_ascii=False), encoding="utf-8")
        np.save(folder / _TABLE, self.table)
        if self.head:
            self.head.save(folder)
        _write_manifest(self, folder, {"settings": asdict(self.settings)})

    @classmethod
    def load(cls, folder: Path) -> StaticEncoder:
        """The encoder that was saved to `folder`."""
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        names = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
        settings = manifest["settings"]
        settings["blocks"] = tuple(settings["blocks"])
        return cls(
            Analyser.load(folder / "lexicon"),
            {name: index for index, name in enumerate(names)},
            np.load(folder / _TABLE),
            StaticSettings(**settings),
            Head.load(folder),
        )


class TransformerEncoder:
    """Any sentence-transformers model, by name or path. Imports torch: only when it is chosen."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = name
        self._model = SentenceTransformer(name, device="cpu")
        self.dim = int(self._model.encode(["a"]).shape[1])
        probe = self._model.encode(["0", "abc", "YL"], normalize_embeddings=True)
        self.fingerprint = _digest(name, self.dim, np.round(probe, 3).tobytes())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`; see Encoder."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        vectors = self._model.encode(list(texts), normalize_embeddings=True, batch_size=64, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the model's name; its weights stay where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        _write_manifest(self, folder, {})


def load_encoder(folder: Path) -> StaticEncoder | TransformerEncoder:
    """The encoder saved to `folder`; IndexMismatch when it is missing or no longer what it was."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexMismatch(f"no encoder in {folder}: run `python -m faq_index build`") from None
    name = manifest["name"]
    encoder = StaticEncoder.load(folder) if name == STATIC else TransformerEncoder(name)
    if encoder.fingerprint != manifest["fingerprint"]:
        raise IndexMismatch(
            f"the encoder in {folder} has changed since it was saved: "
            f"expected {manifest['fingerprint']}, got {encoder.fingerprint}. Build it again with `python -m faq_index build`"
        )
    return encoder


def vectors_of(encoder: Encoder, analyses: Sequence[Analysis]) -> Vectors:
    """Vectors of texts that were taken apart already, where the encoder can make use of that."""
    if isinstance(encoder, StaticEncoder):
        return encoder.encode_analysed(analyses)
    return encoder.encode([analysis.source for analysis in analyses])


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return scaled


def keyed_features(analysis: Analysis, longest_gram: int) -> tuple[list[str], ...]:
    """The feature blocks with a prefix each, so that a word and an n-gram of the same letters stay apart."""
    return tuple([key + name for name in block] for key, block in zip("cwkp", features(analysis, longest_gram)))


def copy_lexicon(source: Path, target: Path) -> None:
    """Copy what an analyser reads of a lexicon folder."""
    if source == target:
        return
    (target / DICTIONARIES).mkdir(parents=True, exist_ok=True)
    for name in (ALIASES, CONCEPTS):
        shutil.copyfile(source / name, target / name)
    for path in sorted((source / DICTIONARIES).glob("*.txt")):
        shutil.copyfile(path, target / DICTIONARIES / path.name)


def _write_manifest(encoder: Encoder, folder: Path, more: dict[str, Any]) -> None:
    manifest = {"name": encoder.name, "dim": encoder.dim, "fingerprint": encoder.fingerprint, **more}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _digest(*parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
    return digest.hexdigest()[:16]
