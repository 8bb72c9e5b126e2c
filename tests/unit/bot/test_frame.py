"""A model is what Rasa learned with the present parts put in; where texts may have shaped more, it is not made so."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from bot.frame import FRAMES, fill_frame, keep_frame
from bot.logic.artifacts import Artifacts
from bot.train import frame_hash
from common.content import load_content
from faq_index.build import Built

PARTS = {
    "train_bot.components.encoder.SentenceEncoder3": "encoder",
    "train_bot.components.classifier.ScenarioClassifier4": "classifier",
    "train_bot.components.retriever.FaqRetriever5": "faq",
    "train_bot.components.tone.ToneOfMessage6": "tone",
    "train_bot.components.decision.DecisionMaker7": "policy",
}
OTHERS = ("train_bot.components.normaliser.Normaliser0", "train_RulePolicy1", "domain_provider")


def model_with(root: Path, *folders: str) -> Path:
    """A model archive as Rasa writes it, each component's folder with a file in a folder."""
    source = root / "trained"
    for folder in folders:
        (source / "components" / folder / "inner").mkdir(parents=True)
        (source / "components" / folder / "inner" / "file").write_text(f"trained {folder}", encoding="utf-8")
    metadata = {"model_id": "old", "trained_at": "2026-11-23T00:00:00", "domain": {"intents": ["a"]}}
    (source / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    with tarfile.open(root / "trained.tar.gz", "w:gz") as archive:
        archive.add(source, arcname="")
    return root / "trained.tar.gz"


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    """Parts that say whose they are."""
    for name in PARTS.values():
        (tmp_path / "parts" / name / "deep").mkdir(parents=True)
        (tmp_path / "parts" / name / "deep" / "new").write_text(f"new {name}", encoding="utf-8")
    encoder, classifier, faq, tone, policy = (tmp_path / "parts" / name for name in PARTS.values())
    return Artifacts(Built(encoder, faq), classifier, policy, tone)


def test_the_parts_take_the_place_of_those_that_rasa_kept(tmp_path: Path, artifacts: Artifacts) -> None:
    assert keep_frame(tmp_path, "hash", model_with(tmp_path, *PARTS, *OTHERS))
    model, unpacked = tmp_path / "model.tar.gz", tmp_path / "unpacked"
    fill_frame(tmp_path / FRAMES / "hash", artifacts, model)
    with tarfile.open(model, "r:gz") as archive:
        archive.extractall(unpacked)
    files = {path.relative_to(unpacked / "components").as_posix(): path for path in unpacked.rglob("components/**/*")}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.is_file()}
    assert texts == {
        **{f"{folder}/deep/new": f"new {name}" for folder, name in PARTS.items()},
        **{f"{folder}/inner/file": f"trained {folder}" for folder in OTHERS},
    }


def test_each_model_has_an_id_of_its_own(tmp_path: Path, artifacts: Artifacts) -> None:
    keep_frame(tmp_path, "hash", model_with(tmp_path, *PARTS))
    told = []
    for name in ("first", "second"):
        fill_frame(tmp_path / FRAMES / "hash", artifacts, tmp_path / name)
        with tarfile.open(tmp_path / name, "r:gz") as archive:
            file = archive.extractfile("metadata.json")
            assert file is not None
            told.append(json.load(file))
    assert len({"old", *(item["model_id"] for item in told)}) == 3
    assert all(item["domain"] == {"intents": ["a"]} and item["trained_at"] > "2026-11-23" for item in told)


@pytest.mark.parametrize(
    "unknown", ["train_bot.components.new.NewComponent8", "train_rasa.nlu.classifiers.diet_classifier.DIETClassifier2"]
)
def test_a_component_that_texts_may_have_shaped_leaves_no_frame(tmp_path: Path, unknown: str) -> None:
    assert not keep_frame(tmp_path, "hash", model_with(tmp_path, *PARTS, *OTHERS, unknown))
    assert not (tmp_path / FRAMES).exists()


def test_rasa_is_trained_again_for_intents_stories_and_lexicon_and_not_for_texts(project: Path) -> None:
    before = frame_hash(project, load_content(project))

    def changed(name: str, old: str, new: str) -> bool:
        path = project / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1) or new, encoding="utf-8")
        found = frame_hash(project, load_content(project)) != before
        path.write_text(text, encoding="utf-8")
        return found

    assert not changed("data/nlu/all.yml", "转人工", "帮我转人工")
    assert not changed("faq_index/facts.yml", "10 分钟", "5 分钟")
    assert not changed("faq_index/library/all.yml", "在哪里注册", "去哪里注册")
    assert changed("data/nlu/all.yml", "intent: greet", "intent: hello")
    assert changed("domain.yml", "- greet", "- hello")
    assert changed("data/lexicon/aliases.tsv", "", "某某某\t某人\n")
    assert changed("data/stories/rules.yml", "", "rules:\n")
