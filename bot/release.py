"""Releases: model, encoder, index and library that belong together, switched by one rename.

models/releases/<UTC stamp>/manifest.json, model.tar.gz, completion.npz
models/current           a link to the release that serves
models/current.tar.gz    a link to its model, which a stock `rasa shell` finds as the newest one
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from common.errors import SupportError
from suggest.tables import COMPLETION_FILE

RELEASES = Path("models/releases")
CURRENT = Path("models/current")
CURRENT_MODEL = Path("models/current.tar.gz")
KEPT = 3

_MANIFEST = "manifest.json"
_MODEL = "model.tar.gz"


class ReleaseError(SupportError):
    """There is no release, or it is not whole."""

    code = "bad_release"


@dataclass(frozen=True)
class Manifest:
    """What a release is made of. Paths are relative to the project's folder."""

    #: A hash of everything that was trained on, and of the code.
    inputs: str
    #: The encoder's folder.
    encoder: str
    #: The index's folder, which holds library.json.
    faq: str
    #: The classifier's folder.
    classifier: str
    #: The policy's folder, which holds report.json.
    policy: str
    #: UTC, ISO 8601
    created: str


@dataclass(frozen=True)
class Release:
    """A release on disk."""

    root: Path
    folder: Path
    manifest: Manifest

    @property
    def model(self) -> Path:
        """The trained Rasa model."""
        return self.folder / _MODEL

    @property
    def completion(self) -> Path:
        """What completion serves from (suggest.tables)."""
        return self.folder / COMPLETION_FILE

    @property
    def faq(self) -> Path:
        """The index's folder."""
        return self.root / self.manifest.faq

    @property
    def library(self) -> Path:
        """The compiled library."""
        return self.faq / "library.json"


def load_release(root: Path, folder: Path | None = None) -> Release:
    """The release in `folder`, or the current one; ReleaseError when it is missing or not whole."""
    folder = (folder or root / CURRENT).resolve()
    try:
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, ValueError) as error:
        raise ReleaseError(f"no release in {folder} ({error}): run `python -m bot.train`") from error
    release = Release(root, folder, manifest)
    for path in (release.model, release.completion, release.library):
        if not path.exists():
            raise ReleaseError(f"the release {folder.name} lacks {path}: run `python -m bot.train --force`")
    return release


def make_release(root: Path, manifest: Callable[[], Manifest], train: Callable[[Path], None]) -> Release:
    """Let `train` write the model, and completion beside it, then make it the current release.

    Nothing changes when it fails.
    """
    folder = root / RELEASES / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}"
    folder.mkdir(parents=True)
    try:
        train(folder / _MODEL)
        text = json.dumps(asdict(manifest()), indent=1)
        (folder / _MANIFEST).write_text(text, encoding="utf-8")
        release = load_release(root, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    switch(root, release)
    return release


def switch(root: Path, release: Release) -> None:
    """Make a release the current one, in one rename, and remove all but the newest."""
    _link(root / CURRENT, Path("releases") / release.folder.name)
    _link(root / CURRENT_MODEL, Path("releases") / release.folder.name / _MODEL)
    folders = sorted((path for path in (root / RELEASES).iterdir() if path.is_dir()), reverse=True)
    for path in folders[KEPT:]:
        if path.resolve() != release.folder.resolve():
            shutil.rmtree(path)


def _link(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)
