"""The report on entities counts spans rightly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evals.entities import f1, report

ROOT = Path(__file__).parents[3]


def test_f1_is_over_all_texts() -> None:
    figure = f1(right=[1, 0, 2], found=[2, 0, 2], wanted=[1, 1, 2])
    assert figure.value == pytest.approx(0.75) and figure.count == 4
    assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize("counts", [[], [0, 0]])
def test_f1_of_nothing_is_zero(counts: list[int]) -> None:
    assert f1(counts, counts, counts).value == 0


def test_a_report_names_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "evals/sets").mkdir(parents=True)
    shutil.copytree(ROOT / "data/lexicon", tmp_path / "data/lexicon")
    text = "昨晚充了648元"
    entities = [
        {"label": "time", "start": 0, "end": 2, "text": "昨晚"},
        {"label": "item", "start": 2, "end": 3, "text": "充"},
    ]
    item = {"id": "x-1", "text": text, "author": "x", "entities": entities}
    (tmp_path / "evals/sets/entities.tuning.jsonl").write_text(json.dumps(item), encoding="utf-8")
    lines = "\n".join(report(tmp_path, "tuning"))
    assert "missed item “充”   false amount “648元”" in lines
    assert "50.0%" in lines
