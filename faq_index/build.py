"""Building encoder and index from the content, once for each state of it.

    models/encoder/<hash>/   the encoder, for the texts, the lexicon and the code it was trained from
    models/faq/<hash>/       index, compiled library and manifest, for the library and the encoder

A folder is written under another name and then renamed: what is there is whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common import fingerprint
from common.content import LEXICON, Content
from faq_index.analysis import Analyser
from faq_index.check import check_content
from faq_index.encoder import STATIC, StaticEncoder, StaticSettings, TransformerEncoder, load_encoder
from faq_index.errors import ContentError
from faq_index.index import FaqIndex
from faq_index.library import Library

ENCODERS = Path("models/encoder")
INDEXES = Path("models/faq")
CODE = Path(__file__).parent
#: What decides how a text is taken apart.
ANALYSIS_CODE = [
    CODE.parent / "common" / "text.py",
    *(CODE / file for file in ("analysis.py", "lexicon.py", "words.py")),
]
#: Older builds are removed but for this many.
_KEPT = 5

Say = Callable[[str], None]


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
    analyser = Analyser.load(root / LEXICON)
    encoder = root / ENCODERS / _encoder_hash(texts_of(content), analyser, encoder_name or encoder_setting())
    library = Library.compile(content.entries, content.facts)
    return Built(encoder, root / INDEXES / _index_hash(library, encoder))


def build(root: Path, say: Say, encoder_name: str | None = None, content: Content | None = None) -> Built:
    """Encoder and index for the content under `root`; what exists for this state of it is used again."""
    content = content or checked_content(root)
    name = encoder_name or encoder_setting()
    built = plan(root, content, name)
    if not built.encoder.exists():
        write_folder(built.encoder, _new_encoder(root, content, name, say).save)
    if not built.index.exists():
        say(f"index of {len(content.entries)} entries")
        library = Library.compile(content.entries, content.facts)
        index = FaqIndex.build(library, load_encoder(built.encoder), Analyser.load(root / LEXICON))
        write_folder(built.index, index.save)
    keep_newest(root / ENCODERS, built.encoder)
    keep_newest(root / INDEXES, built.index)
    return built


def texts_of(content: Content) -> list[str]:
    """Every text of the content that a player might have typed, each once, sorted."""
    return sorted(
        {utterance.text for utterance in content.utterances}
        | {text for entry in content.entries for text, _ in entry.wordings}
    )


def _new_encoder(root: Path, content: Content, name: str, say: Say) -> StaticEncoder | TransformerEncoder:
    if name != STATIC:
        say(f"encoder {name}")
        return TransformerEncoder(name)
    from faq_index.training import train_static

    texts = texts_of(content)
    say(f"encoder from {len(texts)} texts")
    return train_static(texts, Analyser.load(root / LEXICON))


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


def _encoder_hash(texts: list[str], analyser: Analyser, name: str) -> str:
    if name != STATIC:
        return fingerprint.of_parts(name)
    code = fingerprint.of_files([CODE / file for file in ("analysis.py", "encoder.py", "training.py")] + ANALYSIS_CODE)
    return fingerprint.of_parts(texts, analyser.fingerprint, StaticSettings(), code)


def _index_hash(library: Library, encoder: Path) -> str:
    code = fingerprint.of_files([CODE / file for file in ("index.py", "lexical.py")] + ANALYSIS_CODE)
    return fingerprint.of_parts(library.dumps(), encoder.name, code)
