"""The FAQ index: finds the entries that answer a text, by meaning (FAISS), by words (BM25) and by likely scenario."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import faiss
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from faq_index.analysis import Analyser, Analysis
from faq_index.encoder import Encoder, Vectors, vectors_of
from faq_index.errors import IndexMismatch
from faq_index.lexical import LexicalIndex
from faq_index.library import LIBRARY_FILE, Entry, Library

_MANIFEST = "manifest.json"
_ROWS = "rows.json"
_VECTORS = "vectors.faiss"
_FORMAT = 2
#: The folders of the three lexical indexes.
_WORDINGS, _QUESTIONS, _ENTRIES = "wordings", "questions", "entries"

#: What the fused score is made of; the weights add up to 1. Chosen on evals/sets/scenarios.tuning.jsonl.
_BY_MEANING = 0.09  # the closest wording's vector
_BY_WORDING = 0.06  # BM25 of the best wording
_BY_QUESTIONS = 0.18  # BM25 of all wordings of the entry as one text
_BY_ENTRY = 0.30  # the same with its answer
_BY_SCENARIO = 0.30  # the chance of its scenario
_BY_ORDER = 0.07  # its place in its scenario: the library names what is asked most first
#: So many places further down an entry counts a third (1/e) of what the first one does.
_PLACES = 6.0
_SIGNS = re.compile(r"[*#>`\-\n]+|^\d+\.", re.MULTILINE)
#: So many wordings count as alike in meaning; all others not at all.
_NEIGHBOURS = 256
#: Texts that are this alike (0..100, rapidfuzz) are the same question.
_NEARLY_EXACT = 93.0


@dataclass(frozen=True)
class Hit:
    """An entry that may answer."""

    id: str
    scenario: str
    question: str
    #: 0..1, the higher the better; 1 when the text is one of the entry's wordings.
    score: float


@dataclass(frozen=True)
class Manifest:
    """What an index was built from; all of it is checked when it is loaded."""

    format: int
    encoder: str
    encoder_fingerprint: str
    lexicon_fingerprint: str
    dim: int
    #: sha256 over the index's own files.
    files: str
    entries: int
    wordings: int


class Index(Protocol):
    """Whatever finds entries for a text."""

    def search(
        self,
        analysis: Analysis,
        vector: Vectors,
        probabilities: Mapping[str, float],
        count: int = 5,
        platform: str | None = None,
        today: date | None = None,
    ) -> list[Hit]:
        """The best entries, best first, each once."""


@dataclass(frozen=True)
class LexicalLegs:
    """BM25 over three views of the library: what a short question misses in one wording stands in another or in the
    answer.
    """

    wordings: LexicalIndex
    questions: LexicalIndex
    entries: LexicalIndex

    @classmethod
    def build(cls, library: Library, analyser: Analyser, wordings: Sequence[Analysis]) -> LexicalLegs:
        """The legs of a library; `wordings` are the analyses of its rows."""
        questions = [[analyser(text) for text in entry.wordings] for entry in library.entries()]
        answers = [analyser(plain_text(entry.answer)) for entry in library.entries()]
        return cls(
            LexicalIndex.build([[wording] for wording in wordings]),
            LexicalIndex.build(questions),
            LexicalIndex.build([[*asked, answer] for asked, answer in zip(questions, answers)]),
        )

    def save(self, folder: Path) -> None:
        """Write each to a folder of its own."""
        for name, leg in ((_WORDINGS, self.wordings), (_QUESTIONS, self.questions), (_ENTRIES, self.entries)):
            (folder / name).mkdir(exist_ok=True)
            leg.save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> LexicalLegs:
        """The legs saved to `folder`."""
        return cls(*(LexicalIndex.load(folder / name) for name in (_WORDINGS, _QUESTIONS, _ENTRIES)))


class FaqIndex:
    """Every wording of an entry is a row; an entry is as good as its best row, its questions and its answer."""

    def __init__(
        self,
        library: Library,
        encoder_name: str,
        encoder_fingerprint: str,
        lexicon_fingerprint: str,
        vectors: faiss.Index,
        lexical: LexicalLegs,
        keys: Sequence[str],
    ) -> None:
        """`keys` holds the bare text (see `bare`) of every row, in the library's order."""
        self.library = library
        self.encoder_name = encoder_name
        self.encoder_fingerprint = encoder_fingerprint
        self.lexicon_fingerprint = lexicon_fingerprint
        self._vectors = vectors
        self._lexical = lexical
        self._keys = list(keys)
        self._entries = library.entries()
        sizes = [len(entry.wordings) for entry in self._entries]
        self._first = np.cumsum([0, *sizes])[:-1]
        self._entry_of_row = np.repeat(np.arange(len(sizes)), sizes)
        self._exact = {key: int(self._entry_of_row[row]) for row, key in reversed(list(enumerate(self._keys)))}
        self._scenarios = sorted({entry.scenario for entry in self._entries})
        position = {scenario: index for index, scenario in enumerate(self._scenarios)}
        self._scenario_of = np.asarray([position[entry.scenario] for entry in self._entries])
        self._order = np.exp(-np.asarray(_places(self._entries)) / _PLACES).astype(np.float32)

    @classmethod
    def build(cls, library: Library, encoder: Encoder, analyser: Analyser) -> FaqIndex:
        """The index of a library."""
        wordings = [text for entry in library.entries() for text in entry.wordings]
        analyses = [analyser(text) for text in wordings]
        vectors = faiss.IndexFlatIP(encoder.dim)
        vectors.add(vectors_of(encoder, analyses))
        return cls(
            library,
            encoder.name,
            encoder.fingerprint,
            analyser.fingerprint,
            vectors,
            LexicalLegs.build(library, analyser, analyses),
            [bare(analysis.text) for analysis in analyses],
        )

    @property
    def dim(self) -> int:
        """The length of the vectors."""
        return int(self._vectors.d)

    def search(
        self,
        analysis: Analysis,
        vector: Vectors,
        probabilities: Mapping[str, float],
        count: int = 5,
        platform: str | None = None,
        today: date | None = None,
    ) -> list[Hit]:
        """The best entries for a text.

        `vector` is the text's encoding, [1, dim]; `probabilities` those of the scenarios (missing ones count as 0).
        Entries for another platform or another time are left out.
        """
        scores = self._scores(analysis, vector, probabilities)
        same = self._same_question(analysis, scores)
        if same is not None:
            scores[same] = 1.0
        hits = []
        for index in np.argsort(-scores, kind="stable"):
            entry = self._entries[index]
            if entry.fits(platform, today):
                hits.append(Hit(entry.id, entry.scenario, entry.question, round(float(scores[index]), 4)))
                if len(hits) == count:
                    break
        return hits

    def _scores(self, analysis: Analysis, vector: Vectors, probabilities: Mapping[str, float]) -> NDArray[np.float32]:
        likely = np.asarray([probabilities.get(scenario, 0.0) for scenario in self._scenarios], dtype=np.float32)
        rows = _BY_MEANING * self._by_meaning(vector) + _BY_WORDING * self._lexical.wordings.scores(analysis)
        fused: NDArray[np.float32] = (
            np.maximum.reduceat(rows, self._first)
            + _BY_QUESTIONS * self._lexical.questions.scores(analysis)
            + _BY_ENTRY * self._lexical.entries.scores(analysis)
            + _BY_SCENARIO * likely[self._scenario_of]
            + _BY_ORDER * self._order
        )
        return fused

    def _by_meaning(self, vector: Vectors) -> NDArray[np.float32]:
        if vector.shape != (1, self.dim):
            raise IndexMismatch(f"expected a vector of shape (1, {self.dim}), got {vector.shape}")
        scores, rows = self._vectors.search(vector, min(self._vectors.ntotal, _NEIGHBOURS))
        likeness = np.zeros(self._vectors.ntotal, dtype=np.float32)
        likeness[rows[0]] = scores[0]
        return np.maximum(likeness, 0.0)

    def _same_question(self, analysis: Analysis, scores: NDArray[np.float32]) -> int | None:
        """The entry one of whose wordings is this text, but for punctuation or a slip."""
        key = bare(analysis.text)
        if key in self._exact:
            return self._exact[key]
        best = int(np.argmax(scores))
        start = int(self._first[best])
        wordings = self._keys[start : start + len(self._entries[best].wordings)]
        alike = max(fuzz.ratio(key, wording) for wording in wordings)
        return best if len(key) >= 6 and alike >= _NEARLY_EXACT else None

    def save(self, folder: Path) -> None:
        """Write the index, its library and its manifest to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(self._vectors, str(folder / _VECTORS))
        self._lexical.save(folder)
        (folder / LIBRARY_FILE).write_text(self.library.dumps(), encoding="utf-8")
        (folder / _ROWS).write_text(json.dumps(self._keys, ensure_ascii=False), encoding="utf-8")
        manifest = Manifest(
            _FORMAT,
            self.encoder_name,
            self.encoder_fingerprint,
            self.lexicon_fingerprint,
            self.dim,
            _hash_files(folder),
            len(self.library),
            len(self._keys),
        )
        (folder / _MANIFEST).write_text(json.dumps(manifest.__dict__, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None = None) -> FaqIndex:
        """The index in `folder`; IndexMismatch when a file has changed or it was built with another encoder."""
        manifest = read_manifest(folder)
        _check(manifest, folder, encoder)
        vectors = faiss.read_index(str(folder / _VECTORS))
        keys = json.loads((folder / _ROWS).read_text(encoding="utf-8"))
        if (vectors.d, vectors.ntotal, len(keys)) != (manifest.dim, manifest.wordings, manifest.wordings):
            raise IndexMismatch(
                f"{folder}: expected {manifest.wordings} vectors of length {manifest.dim}, got {vectors.ntotal} of "
                f"{vectors.d} and {len(keys)} texts. Build it again with `python -m faq_index build`"
            )
        return cls(
            Library.load(folder / LIBRARY_FILE),
            manifest.encoder,
            manifest.encoder_fingerprint,
            manifest.lexicon_fingerprint,
            vectors,
            LexicalLegs.load(folder),
            keys,
        )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the index in `folder`."""
    try:
        return Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, ValueError) as error:
        raise IndexMismatch(f"no FAQ index in {folder} ({error}): run `python -m faq_index build`") from error


def bare(text: str) -> str:
    """A normalised text without anything but letters and digits: what two typings of one question share."""
    return "".join(char for char in text if char.isalnum())


def _places(entries: Sequence[Entry]) -> list[int]:
    """The place of each entry in its scenario, from 0."""
    seen: Counter[str] = Counter()
    places = []
    for entry in entries:
        places.append(seen[entry.scenario])
        seen[entry.scenario] += 1
    return places


def plain_text(markdown: str) -> str:
    """An answer's words without its Markdown signs."""
    return _SIGNS.sub(" ", markdown)


def _check(manifest: Manifest, folder: Path, encoder: Encoder | None) -> None:
    again = "Build it again with `python -m faq_index build`"
    if manifest.format != _FORMAT:
        raise IndexMismatch(f"{folder}: expected format {_FORMAT}, got {manifest.format}. {again}")
    files = _hash_files(folder)
    if manifest.files != files:
        raise IndexMismatch(f"{folder}: its files have changed, expected {manifest.files}, got {files}. {again}")
    if encoder is None:
        return
    built, asked = (manifest.encoder, manifest.encoder_fingerprint), (encoder.name, encoder.fingerprint)
    if built != asked:
        raise IndexMismatch(f"{folder}: built with encoder {built}, asked for {asked}. {again}")
    if manifest.dim != encoder.dim:
        raise IndexMismatch(f"{folder}: vectors of length {manifest.dim}, the encoder makes {encoder.dim}. {again}")


def _hash_files(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _MANIFEST):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
