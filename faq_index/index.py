"""The FAQ index: finds the entries that answer a text, by meaning (FAISS), by words (BM25) and by likely
scenario. How these are weighed is learned (faq_index.ranker).

A row is a wording of an entry: its question, a similar question, or a training utterance that it answers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import faiss
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from faq_index.analysis import Analyser, Analysis
from faq_index.bags import Bags
from faq_index.encoder import Encoder, Vectors, unit
from faq_index.errors import IndexMismatch
from faq_index.featuriser import Featuriser
from faq_index.lexical import LexicalIndex, terms_of
from faq_index.library import LIBRARY_FILE, Entry, Library
from faq_index.ranker import FEATURES, Ranker

_MANIFEST = "manifest.json"
_ROWS = "rows.json"
_VECTORS = "vectors.faiss"
_FORMAT = 3
_CENTRES = "centres.npy"
_RANKER = "ranker.json"
#: The folders of the lexical indexes.
_QUESTIONS, _ENTRIES = "questions", "entries"

#: The columns of the feature matrix that hold what was told of the scenario.
_IS_CHANCE = np.asarray([name == "log_chance" for name in FEATURES])
#: So many places further down an entry counts a third (1/e) of what the first one does.
_PLACES = 6.0
#: A scenario less likely than this is no less likely than others.
_LEAST_CHANCE = 1e-4
#: What a text may say of the platform it is about.
_PLATFORM_WORDS = {
    "ios": re.compile(r"ios|iphone|ipad|苹果|app ?store"),
    "android": re.compile(r"安卓|android|华为|小米|红米|oppo|vivo|荣耀|一加"),
    "pc": re.compile(r"电脑|端游|pc|windows|win1[01]|台式|笔记本"),
}
#: From so many rows on, FAISS searches the nearest cells of an inverted file (IVF) instead of all rows.
EXACT_ROWS = 20_000
#: One of so many cells is searched.
_CELLS_SEARCHED = 20
_SIGNS = re.compile(r"[*#>`\-\n]+|^\d+\.", re.MULTILINE)
#: So many wordings count as alike in meaning; all others not at all.
_NEIGHBOURS = 256
#: Texts that are this alike (0..100, rapidfuzz) are the same question.
_NEARLY_EXACT = 93.0
#: A shorter text with a slip may mean something else.
_SHORTEST_SLIP = 6
_FRESH = Featuriser()


@dataclass(frozen=True)
class Hit:
    """An entry that may answer."""

    id: str
    scenario: str
    question: str
    #: 0..1: how likely it is the right one; 1 when the text is one of the entry's wordings.
    score: float
    #: 0..1: the cosine of its nearest wording; 0 when it has none among the nearest.
    likeness: float = 0.0


@dataclass(frozen=True)
class Found:
    """What the index makes of a text."""

    #: The best entries, best first, each once.
    hits: list[Hit]
    #: How likely each scenario is by the entries alone, whatever was told of its probability; adds up to 1.
    scenarios: dict[str, float]


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
    ) -> Found:
        """The best entries for a text."""


@dataclass(frozen=True)
class LexicalLegs:
    """BM25 over two views of each entry: its wordings, and these with its answer, where a short question may find what no
    wording says.
    """

    questions: LexicalIndex
    entries: LexicalIndex

    @classmethod
    def build(cls, terms: Bags, sizes: Sequence[int]) -> LexicalLegs:
        """The legs of a library: `terms` are those of each entry's wordings, `sizes` of them, and of its answer."""
        whole = np.asarray(sizes, dtype=np.int64) + 1
        questions = np.delete(np.arange(len(terms)), np.cumsum(whole) - 1)
        legs = terms.take(questions).merged(sizes), terms.merged(whole)
        return cls(*(LexicalIndex.of_counts(leg.counted()) for leg in legs))

    def save(self, folder: Path) -> None:
        """Write each to a folder of its own."""
        for name, leg in ((_QUESTIONS, self.questions), (_ENTRIES, self.entries)):
            (folder / name).mkdir(exist_ok=True)
            leg.save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> LexicalLegs:
        """The legs saved to `folder`."""
        return cls(LexicalIndex.load(folder / _QUESTIONS), LexicalIndex.load(folder / _ENTRIES))


@dataclass(frozen=True)
class Rows:
    """The wordings as they are compared letter by letter, entry after entry."""

    #: The bare text (see `bare`) of every row.
    keys: list[str]
    #: How many rows each entry has.
    sizes: list[int]


class FaqIndex:
    """Every wording of an entry is a row; an entry is as good as its nearest row, all its rows and its answer."""

    def __init__(
        self,
        library: Library,
        encoder_name: str,
        encoder_fingerprint: str,
        lexicon_fingerprint: str,
        vectors: faiss.Index,
        centres: Vectors,
        lexical: LexicalLegs,
        rows: Rows,
        ranker: Ranker,
    ) -> None:
        """`vectors` holds one vector a row, `centres` is [entries, dim]."""
        self.library = library
        self.encoder_name = encoder_name
        self.encoder_fingerprint = encoder_fingerprint
        self.lexicon_fingerprint = lexicon_fingerprint
        self._vectors = vectors
        self._centres = centres
        self._lexical = lexical
        self._rows = rows
        self.ranker = ranker
        self._entries = library.entries()
        self._first = np.cumsum([0, *rows.sizes])[:-1]
        self._entry_of_row = np.repeat(np.arange(len(rows.sizes)), rows.sizes)
        self._exact = {key: int(self._entry_of_row[row]) for row, key in reversed(list(enumerate(rows.keys)))}
        self._scenarios = sorted({entry.scenario for entry in self._entries})
        position = {scenario: index for index, scenario in enumerate(self._scenarios)}
        self._scenario_of = np.asarray([position[entry.scenario] for entry in self._entries])
        self._order = np.exp(-np.asarray(_places(self._entries)) / _PLACES).astype(np.float32)
        self._limited = {
            platform: np.asarray([_agreement(entry, platform) for entry in self._entries], dtype=np.float32)
            for platform in _PLATFORM_WORDS
        }

    @classmethod
    def build(
        cls,
        library: Library,
        encoder: Encoder,
        analyser: Analyser,
        asked: Mapping[str, Sequence[str]] = MappingProxyType({}),
        ranker: Ranker | None = None,
        featuriser: Featuriser = _FRESH,
    ) -> FaqIndex:
        """The index of a library; `asked` holds the utterances that an entry answers, by its id."""
        texts = [[*entry.wordings, *asked.get(entry.id, ())] for entry in library.entries()]
        sizes = [len(wordings) for wordings in texts]
        answers = [analyser(plain_text(entry.answer)) for entry in library.entries()]
        analyses = [[analyser(text) for text in wordings] for wordings in texts]
        flat = [analysis for wordings in analyses for analysis in wordings]
        whole = [analysis for wordings, answer in zip(analyses, answers) for analysis in (*wordings, answer)]
        encoded = featuriser.vectors(encoder, flat)
        return cls(
            library,
            encoder.name,
            encoder.fingerprint,
            analyser.fingerprint,
            searchable(encoded),
            unit(np.add.reduceat(encoded, np.cumsum([0, *sizes])[:-1], axis=0)),
            LexicalLegs.build(featuriser.terms(whole), sizes),
            Rows([bare(analysis.text) for analysis in flat], sizes),
            ranker or Ranker.load(),
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
    ) -> Found:
        """The best entries for a text.

        `vector` is the text's encoding, [1, dim]; `probabilities` those of the scenarios (missing ones count as 0).
        Entries for another platform or another time are left out.
        """
        features = self.features(analysis, vector, probabilities)
        chances = self.ranker.chances(features)
        told = self.ranker.chances(np.where(_IS_CHANCE, 0, features))
        by_scenario = np.bincount(self._scenario_of, weights=told, minlength=len(self._scenarios))
        same = self._same_question(analysis, chances)
        if same is not None:
            chances[same] = 1.0
        hits = []
        for index in np.argsort(-chances, kind="stable"):
            entry = self._entries[index]
            if entry.fits(platform, today):
                likeness = round(float(features[index, 0]), 4)
                hits.append(Hit(entry.id, entry.scenario, entry.question, round(float(chances[index]), 4), likeness))
                if len(hits) == count:
                    break
        return Found(hits, dict(zip(self._scenarios, by_scenario.tolist())))

    def features(self, analysis: Analysis, vector: Vectors, probabilities: Mapping[str, float]) -> Vectors:
        """[entries, len(FEATURES)]: what speaks for each entry; the arguments are those of `search`."""
        chance = np.asarray([probabilities.get(scenario, 0.0) for scenario in self._scenarios], dtype=np.float32)
        log_chance = np.log(np.maximum(chance, _LEAST_CHANCE))
        terms = set(terms_of(analysis))
        return np.column_stack(
            [
                self._by_meaning(vector),
                self._centres @ vector[0],
                self._lexical.questions.scores(terms),
                self._lexical.entries.scores(terms),
                log_chance[self._scenario_of],
                self._order,
                self._by_platform(analysis.text),
            ]
        )

    def _by_meaning(self, vector: Vectors) -> NDArray[np.float32]:
        if vector.shape != (1, self.dim):
            raise IndexMismatch(f"expected a vector of shape (1, {self.dim}), got {vector.shape}")
        scores, rows = self._vectors.search(vector, min(self._vectors.ntotal, _NEIGHBOURS))
        found = rows[0] >= 0
        likeness = np.zeros(len(self._entries), dtype=np.float32)
        np.maximum.at(likeness, self._entry_of_row[rows[0][found]], scores[0][found])
        return likeness

    def _by_platform(self, text: str) -> NDArray[np.float32]:
        named = [platform for platform, words in _PLATFORM_WORDS.items() if words.search(text)]
        if len(named) != 1:
            return np.zeros(len(self._entries), dtype=np.float32)
        return self._limited[named[0]]

    def _same_question(self, analysis: Analysis, chances: NDArray[np.float32]) -> int | None:
        """The entry one of whose wordings is this text, but for punctuation or a slip."""
        key = bare(analysis.text)
        if key in self._exact:
            return self._exact[key]
        if len(key) < _SHORTEST_SLIP:
            return None
        best = int(np.argmax(chances))
        start = int(self._first[best])
        alike = max(fuzz.ratio(key, wording) for wording in self._rows.keys[start : start + self._rows.sizes[best]])
        return best if alike >= _NEARLY_EXACT else None

    def save(self, folder: Path) -> None:
        """Write the index, its library and its manifest to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(self._vectors, str(folder / _VECTORS))
        np.save(folder / _CENTRES, self._centres)
        self._lexical.save(folder)
        self.ranker.save(folder / _RANKER)
        (folder / LIBRARY_FILE).write_text(self.library.dumps(), encoding="utf-8")
        (folder / _ROWS).write_text(json.dumps(asdict(self._rows), ensure_ascii=False), encoding="utf-8")
        manifest = Manifest(
            _FORMAT,
            self.encoder_name,
            self.encoder_fingerprint,
            self.lexicon_fingerprint,
            self.dim,
            _hash_files(folder),
            len(self.library),
            len(self._rows.keys),
        )
        (folder / _MANIFEST).write_text(json.dumps(manifest.__dict__, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None = None) -> FaqIndex:
        """The index in `folder`; IndexMismatch when a file has changed or it was built with another encoder."""
        manifest = read_manifest(folder)
        _check(manifest, folder, encoder)
        vectors = faiss.read_index(str(folder / _VECTORS))
        rows = Rows(**json.loads((folder / _ROWS).read_text(encoding="utf-8")))
        if (vectors.d, vectors.ntotal, len(rows.keys)) != (manifest.dim, manifest.wordings, manifest.wordings):
            raise IndexMismatch(
                f"{folder}: expected {manifest.wordings} vectors of length {manifest.dim}, got {vectors.ntotal} of "
                f"{vectors.d} and {len(rows.keys)} texts. Build it again with `python -m faq_index build`"
            )
        return cls(
            Library.load(folder / LIBRARY_FILE),
            manifest.encoder,
            manifest.encoder_fingerprint,
            manifest.lexicon_fingerprint,
            vectors,
            np.load(folder / _CENTRES),
            LexicalLegs.load(folder),
            rows,
            Ranker.load(folder / _RANKER),
        )


def searchable(vectors: Vectors) -> faiss.Index:
    """FAISS's index over [rows, dim]: exact, or an inverted file (Jégou et al. 2011) when there are many rows."""
    size, dim = vectors.shape
    if size < EXACT_ROWS:
        index = faiss.IndexFlatIP(dim)
    else:
        cells = int(2 * np.sqrt(size))
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, cells, faiss.METRIC_INNER_PRODUCT)
        index.nprobe = max(cells // _CELLS_SEARCHED, 1)
        index.cp.niter, index.cp.max_points_per_centroid = 5, 64
        index.train(vectors)
    index.add(vectors)
    return index


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the index in `folder`."""
    try:
        return Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, ValueError) as error:
        raise IndexMismatch(f"no FAQ index in {folder} ({error}): run `python -m faq_index build`") from error


def bare(text: str) -> str:
    """A normalised text without anything but letters and digits: what two typings of one question share."""
    return "".join(char for char in text if char.isalnum())


def _agreement(entry: Entry, platform: str) -> float:
    """1 when the entry is for this platform by name, -1 when it is for others only, 0 when it is for all."""
    return 0.0 if not entry.platform else 1.0 if platform in entry.platform else -1.0


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
