"""Building encoder and index from the content, once for each state of it.

    models/encoder/<hash>/   the encoder, for the texts, the lexicon and the code it was trained from
    models/faq/<hash>/       index, compiled library and manifest, for the library and the encoder
    models/texts/<hash>/     what was worked out of each text, for lexicon and code (faq_index.kept)

A folder is written under another name and then renamed: what is there is whole. Training the encoder takes longest, and
a few new texts hardly change it: one that knows nearly all texts is used on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from common import fingerprint
from common.content import LEXICON, Content
from faq_index.check import check_content
from faq_index.encoder import STATIC, StaticEncoder, StaticSettings, TransformerEncoder, load_encoder
from faq_index.errors import ContentError
from faq_index.index import FaqIndex
from faq_index.kept import KeptAnalyser, KeptFeaturiser
from faq_index.lexicon import Lexicon, lexicon_fingerprint, load_lexicon
from faq_index.library import Library
from faq_index.training_text import TrainingText

ENCODERS = Path("models/encoder")
INDEXES = Path("models/faq")
TEXTS = Path("models/texts")
CODE = Path(__file__).parent
#: What decides how a text is taken apart.
ANALYSIS_CODE = [
    CODE.parent / "common" / "text.py",
    *(CODE / file for file in ("analysis.py", "lexicon.py", "words.py")),
]
_ENCODER_CODE = ("analysis.py", "encoder.py", "training.py", "contrastive.py", "noise.py")
_INDEX_CODE = ("index.py", "lexical.py", "bags.py", "featuriser.py", "ranker.py", "ranker.json")
#: The requirements too: another jieba may cut otherwise.
_KEPT_CODE = ("bags.py", "featuriser.py", "kept.py", "encoder.py", "lexical.py", "../requirements.txt")
#: An encoder is used on while it was trained from at least this share of the texts.
_KNOWN = 0.95
_TRAINED_FROM = "trained_from.json"
#: Older builds are removed but for this many.
_KEPT = 5
_KEPT_TEXTS = 2

Say = Callable[[str], None]


class Workshop:
    """What the parts are made with, read when it is first needed; remembers each text from one training to the next."""

    def __init__(self, root: Path) -> None:
        self._lexicon = root / LEXICON
        code = fingerprint.of_files([CODE / file for file in _KEPT_CODE] + ANALYSIS_CODE)
        self._folder = root / TEXTS / fingerprint.of_parts(lexicon_fingerprint(self._lexicon), code)
        self._encoders: dict[Path, StaticEncoder | TransformerEncoder] = {}

    @cached_property
    def analyser(self) -> KeptAnalyser:
        """Takes texts apart."""
        return KeptAnalyser(load_lexicon(self._lexicon), self._folder)

    @cached_property
    def featuriser(self) -> KeptFeaturiser:
        """Makes features, terms and vectors of them."""
        return KeptFeaturiser(self._folder)

    def warm(self) -> None:
        """Read what every training needs."""
        _ = self.analyser

    def encoder(self, folder: Path) -> StaticEncoder | TransformerEncoder:
        """The encoder in a folder."""
        if folder not in self._encoders:
            self._encoders[folder] = load_encoder(folder)
        return self._encoders[folder]

    def save(self) -> None:
        """Remember for the next training what was worked out in this one."""
        self.analyser.save()
        self.featuriser.save()
        if self._folder.exists():
            keep_newest(self._folder.parent, self._folder, _KEPT_TEXTS)


@dataclass(frozen=True)
class Built:
    """Where encoder and index lie."""

    encoder: Path
    index: Path

    @property
    def content_hash(self) -> str:
        """The name of the index folder."""
        return self.index.name


def encoder_setting(environ: Mapping[str, str] = os.environ) -> str:
    """Which encoder to use: `static` unless ENCODER names a sentence-transformers model."""
    return environ.get("ENCODER", "").strip() or STATIC


def checked_content(root: Path) -> Content:
    """The content under `root`; ContentError when anything is wrong with it."""
    content, problems = check_content(root)
    if problems:
        raise ContentError(problems)
    return content


def plan(root: Path, content: Content, encoder_name: str | None = None) -> Built:
    """Where encoder and index for this content lie, or would lie."""
    encoder = _encoder_folder(root, training_texts(content), encoder_name or encoder_setting())
    library = Library.compile(content.entries, content.facts)
    return Built(encoder, root / INDEXES / _index_hash(content, library, encoder))


def build(
    root: Path,
    say: Say,
    encoder_name: str | None = None,
    content: Content | None = None,
    workshop: Workshop | None = None,
    fresh: bool = False,
) -> Built:
    """Encoder and index for the content under `root`; what exists for this state of it is used again.

    `fresh` trains the encoder even if an older one would do.
    """
    content = content or checked_content(root)
    workshop = workshop or Workshop(root)
    name = encoder_name or encoder_setting()
    if fresh:
        _make_encoder(_own_encoder_folder(root, training_texts(content), name), content, name, workshop, say)
    built = plan(root, content, name)
    _make_encoder(built.encoder, content, name, workshop, say)
    if not built.index.exists():
        say(f"index of {len(content.entries)} entries")
        library, encoder = Library.compile(content.entries, content.facts), workshop.encoder(built.encoder)
        asked = asked_of(content)
        index = FaqIndex.build(library, encoder, workshop.analyser, asked, featuriser=workshop.featuriser)
        write_folder(built.index, index.save)
    keep_newest(root / ENCODERS, built.encoder)
    keep_newest(root / INDEXES, built.index)
    return built


def training_texts(content: Content) -> list[TrainingText]:
    """Every text of the content that a player might have typed, with its class and its entry, sorted."""
    entry_of = {(asked.scenario, asked.text): asked.entries[0] for asked in content.asked}
    texts = {TrainingText(text, entry.scenario, entry.id) for entry in content.entries for text, _ in entry.wordings}
    for utterance in content.utterances:
        entry = entry_of.get((utterance.intent, utterance.text), "")
        texts.add(TrainingText(utterance.text, utterance.intent, entry))
    return sorted(texts)


def asked_of(content: Content) -> dict[str, list[str]]:
    """The utterances that each entry answers, by its id."""
    found: dict[str, list[str]] = {}
    for asked in content.asked:
        for entry in asked.entries:
            found.setdefault(entry, []).append(asked.text)
    return found


def _make_encoder(folder: Path, content: Content, name: str, workshop: Workshop, say: Say) -> None:
    if folder.exists():
        return
    if name != STATIC:
        say(f"encoder {name}")
        write_folder(folder, TransformerEncoder(name).save)
        return
    from faq_index.training import train_static

    texts, analyser = training_texts(content), workshop.analyser
    say(f"encoder from {len(texts)} texts")
    encoder = train_static(texts, analyser, say=say)

    def save(partial: Path) -> None:
        encoder.save(partial)
        made_from = {"kind": _kind_hash(analyser.lexicon, texts), "texts": sorted(_short_hash(text) for text in texts)}
        (partial / _TRAINED_FROM).write_text(json.dumps(made_from), encoding="utf-8")

    write_folder(folder, save)


def _encoder_folder(root: Path, texts: list[TrainingText], name: str) -> Path:
    """The encoder of just these texts if there is one, else the newest that knows nearly all of them, else its place."""
    own = _own_encoder_folder(root, texts, name)
    if own.exists() or name != STATIC or not own.parent.exists():
        return own
    kind = _kind_hash(load_lexicon(root / LEXICON), texts)
    wanted = {_short_hash(text) for text in texts}
    folders = sorted(own.parent.glob(f"[!.]*/{_TRAINED_FROM}"), key=lambda path: path.parent.stat().st_mtime)
    for path in reversed(folders):
        made_from = json.loads(path.read_text(encoding="utf-8"))
        if made_from["kind"] == kind and len(wanted.intersection(made_from["texts"])) >= _KNOWN * len(wanted):
            return path.parent
    return own


def _own_encoder_folder(root: Path, texts: list[TrainingText], name: str) -> Path:
    if name != STATIC:
        return root / ENCODERS / fingerprint.of_parts(name)
    return root / ENCODERS / fingerprint.of_parts(texts, _kind_hash(load_lexicon(root / LEXICON), texts))


def _short_hash(text: TrainingText) -> str:
    return hashlib.sha256(repr(text).encode()).hexdigest()[:12]


def write_folder(folder: Path, save: Callable[[Path], None]) -> None:
    """Let `save` fill a folder that appears under its name only when it is whole."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save(partial)
    try:
        partial.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(partial)


def keep_newest(parent: Path, current: Path, kept: int = _KEPT) -> None:
    """Remove old builds; `current` becomes the newest."""
    os.utime(current)
    folders = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for path in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[kept:]:
        shutil.rmtree(path, ignore_errors=True)


def _kind_hash(lexicon: Lexicon, texts: list[TrainingText]) -> str:
    """What else than its texts decides what an encoder becomes: lexicon, settings, code, and the classes it tells."""
    code = fingerprint.of_files([CODE / file for file in _ENCODER_CODE] + ANALYSIS_CODE)
    classes = sorted({text.label for text in texts})
    return fingerprint.of_parts(lexicon.fingerprint, StaticSettings(), classes, code)


def _index_hash(content: Content, library: Library, encoder: Path) -> str:
    code = fingerprint.of_files([CODE / file for file in _INDEX_CODE] + ANALYSIS_CODE)
    return fingerprint.of_parts(library.dumps(), asked_of(content), encoder.name, code)
