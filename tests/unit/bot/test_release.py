"""Releases are switched whole, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.release import (
    CURRENT,
    CURRENT_MODEL,
    KEPT,
    RELEASES,
    Manifest,
    Release,
    ReleaseError,
    load_release,
    make_release,
)
from bot.train import inputs_hash, main, train
from suggest.tables import COMPLETION_FILE

MANIFEST = Manifest(
    "hash", "models/encoder/e", "models/faq/f", "models/classifier/c", "models/policy/p", "2026-11-23T00:00:00+00:00"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models/faq/f").mkdir(parents=True)
    (tmp_path / "models/faq/f/library.json").write_text("[]", encoding="utf-8")
    return tmp_path


def write(path: Path, model: str = "model") -> None:
    path.write_text(model, encoding="utf-8")
    path.with_name(COMPLETION_FILE).touch()


def release(root: Path, model: str) -> Release:
    return make_release(root, lambda: MANIFEST, lambda path: write(path, model))


def test_a_release_becomes_current(root: Path) -> None:
    made = release(root, "model")
    assert load_release(root) == made
    assert made.model.read_text(encoding="utf-8") == "model" == (root / CURRENT_MODEL).read_text(encoding="utf-8")
    assert made.library == root / "models/faq/f/library.json"


def test_a_training_that_fails_changes_nothing(root: Path) -> None:
    good = release(root, "good")

    def fail(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise ReleaseError("no")

    with pytest.raises(ReleaseError):
        make_release(root, lambda: MANIFEST, fail)
    assert load_release(root) == good and len(list((root / RELEASES).iterdir())) == 1


def test_a_release_without_its_library_is_refused(root: Path) -> None:
    good = release(root, "good")
    with pytest.raises(ReleaseError, match=r"library\.json"):
        make_release(
            root,
            lambda: Manifest("h", "e", "models/faq/gone", "c", "p", "t"),
            write,
        )
    assert load_release(root) == good


def test_a_release_without_completion_is_refused(root: Path) -> None:
    good = release(root, "good")
    with pytest.raises(ReleaseError, match=COMPLETION_FILE):
        make_release(root, lambda: MANIFEST, lambda path: path.touch())
    assert load_release(root) == good


def test_the_last_three_are_kept(root: Path) -> None:
    made = [release(root, str(number)) for number in range(KEPT + 2)]
    assert sorted(path.name for path in (root / RELEASES).iterdir()) == [item.folder.name for item in made[-KEPT:]]
    assert (root / CURRENT).resolve() == made[-1].folder.resolve()


def test_no_release_says_what_to_do(root: Path) -> None:
    with pytest.raises(ReleaseError, match=r"python -m bot\.train"):
        load_release(root)


class TestTraining:
    def test_nothing_changed_is_nothing_done(self, project: Path, root: Path) -> None:
        manifest = Manifest(inputs_hash(project), "e", "models/faq/f", "c", "p", "t")
        made = make_release(project, lambda: manifest, write)
        assert train(project) == made

    def test_every_kind_of_content_counts(self, project: Path) -> None:
        seen = {inputs_hash(project)}
        for name in (
            "domain.yml",
            "data/scenarios.yml",
            "faq_index/facts.yml",
            "data/lexicon/urgency.tsv",
            "data/nlu/all.yml",
        ):
            path = project / name
            path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
            seen.add(inputs_hash(project))
        assert len(seen) == 6

    def test_faulty_content_stops_before_anything_is_trained(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project / "faq_index/facts.yml").write_text("pay:\n  hours: 1\n", encoding="utf-8")
        assert main(["--root", str(project)]) == 1
        assert "faq_index/library/all.yml:1: " in capsys.readouterr().err
        assert not (project / "models").exists()


def test_a_manifest_is_plain_json(root: Path) -> None:
    made = release(root, "m")
    assert json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))["faq"] == "models/faq/f"
