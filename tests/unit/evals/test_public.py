"""The report on public sets, over tiny ones of the same shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.figures import share
from evals.public import (
    Caught,
    Figures,
    Guess,
    Guesses,
    NoPublicSet,
    PublicSet,
    StockFigures,
    load_stock,
    measure,
    report,
    save_stock,
)

TEXTS = {
    "alarm_set": "明早七点叫我起床|定个八点的闹钟|设一个九点的闹钟|七点半叫醒我|帮我定明天的闹钟|闹钟调到六点",
    "play_music": "放一首歌|来点音乐|播放周杰伦的歌|我想听歌|放点轻音乐|播放我的歌单",
    "weather_query": "今天天气怎么样|明天下雨吗|外面冷不冷|周末天气好吗|上海今天多少度|后天会下雪吗",
    "iot_cleaning": "让扫地机打扫客厅|打开扫地机器人|叫吸尘器开始工作|扫一下卧室的地|清扫厨房|启动扫地机",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both sets: train on four texts of each intent, one for valid, one for test, and one of train in test."""
    rows = {part: [] for part in ("train", "valid", "test")}  # type: dict[str, list[dict[str, str]]]
    for label, texts in TEXTS.items():
        *train, valid, test = ({"text": text, "label": label} for text in texts.split("|"))
        rows["train"] += train
        rows["valid"].append(valid)
        rows["test"] += [test, train[0]]
    foreign = {"text": "讲个笑话", "label": "oos"}
    for name, extra in (("massive_zh", []), ("massive_zh_oos", [foreign])):
        (tmp_path / "sets" / name).mkdir(parents=True)
        for part, items in rows.items():
            lines = [json.dumps(item) for item in (items if part == "train" else items + extra)]
            (tmp_path / "sets" / name / f"{part}.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path / "sets"


def test_the_report_sets_our_pipeline_beside_the_baselines(project: Path, folder: Path) -> None:
    lines = list(report(project, folder))
    assert [line for line in lines if not line.startswith(" ")] == [
        "massive_zh: 16 training texts, 8 test texts; 95 % intervals by bootstrap",
        "massive_zh_oos: 16 training texts, 9 test texts; 95 % intervals by bootstrap",
    ]
    assert sum("n=8)   not in train" in line and "n=4)" in line for line in lines) == 4  # two methods on two sets
    assert sum("out of scope caught" in line for line in lines) == 2
    assert "python -m evals.stock_rasa --public massive_zh --per-intent 40" in "\n".join(lines)


def test_saved_figures_of_stock_rasa_stand_in_the_report(project: Path, folder: Path) -> None:
    caught = Caught(share([True]), share([True, False]), 0.75)
    stock = StockFigures(40, 480, 100, Figures(share([True]), share([True]), caught, 60.0, 13.0))
    save_stock(project, "massive_zh_oos", stock)
    assert load_stock(project) == {"massive_zh_oos": stock}
    lines = "\n".join(report(project, folder))
    assert "from at most 40 utterances of each intent, 480 in all, 100 epochs" in lines
    assert "AUROC 0.750" in lines and "--public massive_zh_oos" not in lines


def test_a_missing_set_is_named(project: Path, tmp_path: Path) -> None:
    with pytest.raises(
        NoPublicSet, match=r"no public set .*massive_zh \(missing: train.jsonl, valid.jsonl, test.jsonl"
    ):
        list(report(project, tmp_path / "nowhere"))


def test_the_bar_is_chosen_on_the_valid_part() -> None:
    valid = [("a", f"v{number}") for number in range(20)]
    data = PublicSet("x", [("a", "t0")], valid, [("a", "t0"), ("a", "t1"), ("oos", "t2"), ("oos", "t3")])
    # of twenty sure ones at 0.05, 0.10 ... 1 one may be lost: the bar is 0.10
    guesses = [Guess("a", (number + 1) / 20) for number in range(20)]
    asked = [Guess("a", 0.9), Guess("b", 0.10), Guess("a", 0.09), Guess("a", 0.5)]
    figures = measure(data, Guesses(guesses, asked, 1.0, 1.0))
    assert figures.out_of_scope is not None
    assert (figures.out_of_scope.caught.value, figures.out_of_scope.kept.value) == (0.5, 1.0)
    assert figures.out_of_scope.auroc == 0.75  # of four pairs one is the wrong way round
    assert (figures.right.value, figures.right_unseen.value) == (0.5, 0.0)
