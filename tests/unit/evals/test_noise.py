"""Utterances whose label is doubted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.logic.fitting import Unseen
from common.content import Utterance
from common.yaml_items import Place
from evals.noise import find_doubts, report

CLASSES = ["greet", "pay_not_arrived"]


def _unseen(*chances: tuple[float, float]) -> Unseen:
    return Unseen([], [], np.asarray(chances, dtype=np.float32))


def _utterances(*texts: str) -> list[Utterance]:
    return [Utterance("greet", text, Place("nlu.yml", number)) for number, text in enumerate(texts, 1)]


def test_a_label_is_doubted_when_another_is_sure_and_it_is_ruled_out() -> None:
    lines = _utterances("充值没到账", "你好", "钱呢")
    doubts = find_doubts(lines, _unseen((0.01, 0.99), (0.95, 0.05), (0.03, 0.97)), CLASSES)
    assert [(doubt.utterance.text, doubt.predicted) for doubt in doubts] == [("充值没到账", "pay_not_arrived")]


def test_the_worst_comes_first() -> None:
    doubts = find_doubts(_utterances("充值", "没到账"), _unseen((0.02, 0.98), (0.005, 0.995)), CLASSES)
    assert [doubt.utterance.text for doubt in doubts] == ["没到账", "充值"]


def test_every_utterance_is_judged(project: Path) -> None:
    assert list(report(project))[-1].endswith(" of 60 labels doubted")
