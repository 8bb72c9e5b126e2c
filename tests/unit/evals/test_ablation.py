"""The table of ablations, over a tiny project."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.content import load_content
from evals.ablation import (
    ALONE,
    VARIANTS,
    Variant,
    WithoutConcepts,
    fusion_lines,
    report,
    train_encoder,
    train_linear,
    without_legs,
)
from evals.examples import spoken_examples
from evals.ranker import Question
from faq_index.analysis import Analyser
from faq_index.encoder import StaticSettings
from faq_index.ranker import FEATURES
from faq_index.training_text import TrainingText

ASKED = {
    "account_register": "新账号怎么注册呀|怎样建个新号|手机号注册上限是多少",
    "pay_not_arrived": "充值了没到账啊|灵玉怎么还没收到|充完几分钟到账",
    "service_human": "排人工要多久|客服要等多长时间|怎么转人工",
}


@pytest.fixture
def measured(project: Path) -> Path:
    """The project with the two sets that are measured and learned on."""
    items = [
        {
            "id": f"{scenario}.{number}",
            "text": text,
            "author": "d",
            "scenarios": [scenario],
            "entries": [f"{scenario}.q0"],
        }
        for scenario, texts in ASKED.items()
        for number, text in enumerate(texts.split("|"))
    ]
    (project / "evals/sets").mkdir(parents=True)
    for part in ("tuning", "calibration"):
        lines = [json.dumps(item, ensure_ascii=False) for item in items]
        (project / f"evals/sets/scenarios.{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    """Over the real lexicon."""
    return Analyser.load(Path(__file__).parents[3] / "data/lexicon")


def test_every_ingredient_has_its_line(measured: Path) -> None:
    said: list[str] = []
    brief = [replace(item, settings=replace(item.settings, epochs=min(item.settings.epochs, 1))) for item in VARIANTS]
    lines = list(report(measured, said.append, quick=6, variants=brief))
    assert lines[0].startswith("trained on at most 6 utterances of each intent, two wordings of each entry: ")
    text = "\n".join(lines)
    for name in [*(variant.name for variant in VARIANTS), *ALONE]:
        assert f"  {name} " in text
    assert text.count("scenario first") == len(VARIANTS) + len(ALONE)
    assert all(f"  without {name} " in text for name in FEATURES)
    assert text.count("n=9") == 4 * (len(VARIANTS) + len(ALONE)) + 2 * (len(FEATURES) + 6)
    assert said.count("linear model") == 3  # with everything, without concepts, without pinyin


def test_concepts_are_left_out_of_an_analysis(analyser: Analyser) -> None:
    without = WithoutConcepts(analyser)
    assert analyser("充值没到账").concepts
    assert without("充值没到账") == without.once("充值没到账") == replace(analyser("充值没到账"), concepts=())


def test_without_pinyin_a_homophone_is_but_strange_characters(project: Path, analyser: Analyser) -> None:
    known = spoken_examples(load_content(project).utterances, analyser)
    assert {name[0] for name in train_linear(known).space.names} == set("cwkp")
    assert {name[0] for name in train_linear(known, pinyin=False).space.names} == set("cwk")
    texts = [TrainingText(item.analysis.source, item.label) for item in known]
    analyser = WithoutConcepts(analyser)  # a concept may be heard, too
    for epochs in (0, 2):  # as the SVD leaves it, and after contrastive training
        mute = StaticSettings(epochs=epochs, blocks=(1.0, 1.0, 4.0, 0.0), min_count=1, hard_negatives=False)
        encoder = train_encoder(Variant("", mute, pinyin=False), texts, analyser, str)
        homophone, stranger = encoder.encode(["冲直", "龘靐"])  # neither has a character that occurs in training
        assert np.allclose(homophone, stranger)
        loud = train_encoder(Variant("", replace(mute, blocks=(1.0, 1.0, 4.0, 0.5))), texts, analyser, str)
        homophone, stranger = loud.encode(["冲直", "龘靐"])
        assert not np.allclose(homophone, stranger)


def test_a_table_of_random_numbers_learns_too(project: Path, analyser: Analyser) -> None:
    texts = [TrainingText(item.text, item.intent) for item in load_content(project).utterances]
    settings = StaticSettings(epochs=6, hard_negatives=False, min_count=1)
    encoder = train_encoder(Variant("", settings, random_start=True), texts, analyser, str)
    assert encoder.head is not None
    scores = encoder.head.scores(encoder.encode([item.text for item in texts]))
    right = [encoder.head.classes[best] == item.label for best, item in zip(scores.argmax(axis=1), texts)]
    assert np.mean(right) > 0.8


def test_a_leg_that_decides_is_missed_when_it_is_left_out() -> None:
    random = np.random.default_rng(0)
    questions = []
    for place in range(40):
        features = random.normal(size=(12, len(FEATURES))).astype(np.float32) * 0.1
        features[place % 12, FEATURES.index("entry")] = 2.0
        questions.append(Question(features, [place % 12]))
    lines = {line[2:32].strip(): line for line in fusion_lines(questions, questions)}
    assert "right first 100.0%" in lines["all legs"] and "right first 100.0%" in lines["BM25 alone"]
    assert "right first 100.0%" not in lines["without entry"]
    assert not without_legs(questions, ["entry"])[0].features[:, FEATURES.index("entry")].any()
