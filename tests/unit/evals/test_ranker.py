"""Learning the retriever's weights again, with a tiny release."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.logic.artifacts import make_artifacts
from bot.release import Manifest, make_release
from evals.ranker import RANKER, Question, placed, report, scenario_texts
from evals.runs import NoSet
from faq_index.ranker import FEATURES, Ranker
from suggest.tables import COMPLETION_FILE

TEXTS = {
    "account_register.q0": "新账号怎么注册呀|怎样建个新号",
    "account_register.q1": "一个手机号可以注册几个|手机号注册上限是多少",
    "pay_not_arrived.q0": "充值了没到账啊|灵玉怎么还没收到",
    "service_human.q1": "排人工要多久|客服要等多长时间",
}


def _put_set(project: Path, part: str) -> None:
    items = [
        {"id": f"{entry}.{number}", "text": text, "author": "d", "scenarios": [entry[:-3]], "entries": [entry]}
        for entry, texts in TEXTS.items()
        for number, text in enumerate(texts.split("|"))
    ]
    folder = project / "evals/sets"
    folder.mkdir(parents=True, exist_ok=True)
    items.append({"id": "x", "text": "人工客服", "author": "d", "scenarios": ["service_human"], "entries": []})
    lines = [json.dumps(item, ensure_ascii=False) for item in items]
    (folder / f"scenarios.{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def released(project: Path) -> Path:
    """The project with both sets and a release without a Rasa model."""
    for part in ("tuning", "calibration"):
        _put_set(project, part)
    parts = make_artifacts(project, str)
    folders = (parts.faq.encoder, parts.faq.index, parts.classifier, parts.policy)
    names = [path.relative_to(project).as_posix() for path in folders]
    make_release(project, lambda: Manifest("inputs", *names, "2026-01-01T00:00:00+00:00"), _touch)
    return project


def _touch(model: Path) -> None:
    for path in (model, model.with_name(COMPLETION_FILE)):
        path.touch()


def test_new_weights_are_set_beside_the_old_and_written_only_when_asked(released: Path) -> None:
    lines = list(report(released))
    assert lines[0].endswith("weights learned on 8 questions of the tuning set")
    assert [line.split()[0] for line in lines[2:-4]] == list(FEATURES)
    assert all("n=8" in line for line in lines[-4:])
    assert not (released / RANKER).exists()
    list(report(released, write=True))
    learned = Ranker.load(released / RANKER).weights
    assert [f"{weight:.3f}" for weight in learned] == [line.split()[2] for line in lines[2:-4]]


def test_a_right_entry_is_placed_by_its_chance() -> None:
    features = np.zeros((5, len(FEATURES)), dtype=np.float32)
    features[:, 0] = (0.5, 0.4, 0.3, 0.2, 0.1)
    ranker = Ranker(np.ones(len(FEATURES), dtype=np.float32))
    found = placed(ranker, [Question(features, [0, 4]), Question(features, [2]), Question(features, [4])])
    assert found.first.value == pytest.approx(1 / 3)
    assert found.among_three.value == pytest.approx(2 / 3)


def test_without_a_set_there_is_nothing_to_learn_from(project: Path) -> None:
    with pytest.raises(NoSet):
        scenario_texts(project, "tuning")
