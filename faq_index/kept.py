"""What training has worked out of each text, kept on disk for the next one: an operator changes few texts at a time.

    models/texts/<hash>/analyses.pickle         the texts taken apart
    models/texts/<hash>/{features,terms}*.npz   their features and search terms
    models/texts/<hash>/vectors.<encoder>.npz   what an encoder makes of them

The hash stands for lexicon and code. A file appears whole or not at all; one that can't be read is as good as none.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from faq_index.analysis import Analysis, RememberingAnalyser
from faq_index.bags import Bags
from faq_index.encoder import Encoder, Vectors
from faq_index.featuriser import Featuriser, features_of
from faq_index.lexical import terms_of
from faq_index.lexicon import Lexicon

Stored = TypeVar("Stored")

#: Fewer new texts are sooner worked out again than everything is written.
WORTH_WRITING = 500
#: Where more texts than this have gathered, only those of the last training are kept.
MOST = 200_000

_ANALYSES = "analyses.pickle"
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile, pickle.UnpicklingError)


class KeptAnalyser(RememberingAnalyser):
    """Takes apart only texts that no training has met before."""

    def __init__(self, lexicon: Lexicon, folder: Path) -> None:
        super().__init__(lexicon)
        self._path = folder / _ANALYSES
        self._asked: set[str] = set()
        with _no_collection():
            self._known = _read(self._path, pickle.load) or {}
        self._read = len(self._known)

    def __call__(self, text: str) -> Analysis:
        self._asked.add(text)
        return super().__call__(text)

    def save(self) -> None:
        """Keep the analyses where that is worth it."""
        if len(self._known) - self._read < WORTH_WRITING:
            return
        if len(self._known) > MOST:
            self._known = {text: self._known[text] for text in self._asked}
        _write(self._path, lambda file: pickle.dump(self._known, file, protocol=pickle.HIGHEST_PROTOCOL))


class KeptFeaturiser(Featuriser):
    """Works out only what no training has worked out before. All analyses must be by the folder's lexicon."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bags: dict[str, _KeptBags] = {}
        self._vectors: dict[str, _KeptVectors] = {}

    def features(self, analyses: Sequence[Analysis], longest_gram: int) -> Bags:
        """See Featuriser."""
        return self._kept(f"features{longest_gram}", lambda analysis: features_of(analysis, longest_gram)).of(analyses)

    def terms(self, analyses: Sequence[Analysis]) -> Bags:
        """See Featuriser."""
        return self._kept("terms", terms_of).of(analyses)

    def vectors(self, encoder: Encoder, analyses: Sequence[Analysis]) -> Vectors:
        """See Featuriser."""
        name = f"vectors.{encoder.fingerprint}"
        if name not in self._vectors:
            self._vectors[name] = _KeptVectors(self._folder / f"{name}.npz", encoder.dim)
        return self._vectors[name].of(analyses, lambda new: super(KeptFeaturiser, self).vectors(encoder, new))

    def save(self) -> None:
        """Keep what was worked out where that is worth it; vectors of other encoders than those asked for go."""
        for bags in self._bags.values():
            bags.save()
        for vectors in self._vectors.values():
            vectors.save()
        if self._vectors:
            for path in self._folder.glob("vectors.*.npz"):
                if path.stem not in self._vectors:
                    path.unlink(missing_ok=True)

    def _kept(self, name: str, take_apart: Callable[[Analysis], list[str]]) -> _KeptBags:
        if name not in self._bags:
            self._bags[name] = _KeptBags(self._folder / f"{name}.npz", take_apart)
        return self._bags[name]


class _Rows:
    """Which row of a table belongs to which text, and which rows were asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.of = {text: row for row, text in enumerate(texts)}
        self._read = len(self.of)
        self._asked: set[str] = set()

    def new(self, analyses: Sequence[Analysis]) -> list[Analysis]:
        """Those that have no row yet, each once; they get the next ones."""
        self._asked.update(analysis.source for analysis in analyses)
        found = {analysis.source: analysis for analysis in analyses if analysis.source not in self.of}
        for text in found:
            self.of[text] = len(self.of)
        return list(found.values())

    def asked(self, analyses: Sequence[Analysis]) -> list[int]:
        """The row of each."""
        return [self.of[analysis.source] for analysis in analyses]

    @property
    def worth_writing(self) -> bool:
        """Whether there are enough new rows."""
        return len(self.of) - self._read >= WORTH_WRITING

    def wanted(self) -> dict[str, int]:
        """The texts to keep, with their rows."""
        if len(self.of) <= MOST:
            return self.of
        return {text: row for text, row in self.of.items() if text in self._asked}


class _KeptBags:
    """One bag a text."""

    def __init__(self, path: Path, take_apart: Callable[[Analysis], list[str]]) -> None:
        self._path = path
        self._take_apart = take_apart
        texts, self._bags = _read(path, _read_bags) or ([], Bags.of([]))
        self._rows = _Rows(texts)

    def of(self, analyses: Sequence[Analysis]) -> Bags:
        """The bag of each."""
        if new := self._rows.new(analyses):
            self._bags = self._bags.plus(map(self._take_apart, new))
        return self._bags.take(self._rows.asked(analyses))

    def save(self) -> None:
        """Write the bags where that is worth it."""
        if self._rows.worth_writing:
            wanted = self._rows.wanted()
            bags = self._bags.take(list(wanted.values()))
            names, texts = _packed(bags.names), _packed(list(wanted))
            _write(
                self._path,
                lambda file: np.savez(file, names=names, texts=texts, numbers=bags.numbers, sizes=bags.sizes),
            )


class _KeptVectors:
    """One vector a text."""

    def __init__(self, path: Path, dim: int) -> None:
        self._path = path
        nothing: Vectors = np.zeros((0, dim), dtype=np.float32)
        texts, self._vectors = _read(path, _read_vectors) or ([], nothing)
        self._rows = _Rows(texts)

    def of(self, analyses: Sequence[Analysis], encode: Callable[[list[Analysis]], Vectors]) -> Vectors:
        """The vector of each."""
        if new := self._rows.new(analyses):
            self._vectors = np.concatenate([self._vectors, encode(new)])
        found: Vectors = self._vectors[self._rows.asked(analyses)]
        return found

    def save(self) -> None:
        """Write the vectors where that is worth it."""
        if self._rows.worth_writing:
            wanted = self._rows.wanted()
            vectors = self._vectors[list(wanted.values())]
            _write(self._path, lambda file: np.savez(file, texts=_packed(list(wanted)), vectors=vectors))


def _read_bags(file: BinaryIO) -> tuple[list[str], Bags]:
    with np.load(file) as stored:
        bags = Bags(_unpacked(stored["names"]), stored["numbers"], stored["sizes"])
        return _unpacked(stored["texts"]), bags


def _read_vectors(file: BinaryIO) -> tuple[list[str], Vectors]:
    with np.load(file) as stored:
        return _unpacked(stored["texts"]), stored["vectors"]


def _packed(texts: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)


def _unpacked(array: NDArray[np.uint8]) -> list[str]:
    texts: list[str] = json.loads(array.tobytes())
    return texts


def _read(path: Path, load: Callable[[BinaryIO], Stored]) -> Stored | None:
    try:
        with path.open("rb") as file:
            return load(file)
    except _UNREADABLE:
        return None


def _write(path: Path, dump: Callable[[BinaryIO], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        dump(file)
    os.replace(partial, path)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A million small objects come to stay: looking for garbage among them would take as long as reading them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
