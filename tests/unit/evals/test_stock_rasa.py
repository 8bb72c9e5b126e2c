"""Stock Rasa as a baseline: what is drawn, what is done once, what is read back. A fake stands for Rasa."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.logic.decision import Ranked
from common.content import load_content
from evals.public import load_stock
from evals.stock_rasa import Prediction, cached, draw, nearest_entries, train, write_baseline, write_public

ROWS = [(intent, f"{intent} {number}") for intent in "ab" for number in range(10)]


class FakeRasa:
    """Counts its trainings and says the same of every text."""

    def __init__(self) -> None:
        self.trained: list[int] = []

    def fit(self, folder: Path, rows: Sequence[tuple[str, str]], config: str, say: object) -> None:
        self.trained.append(len(rows))
        (folder / "model.tar.gz").write_text(config)

    def predict(self, root: Path, model: Path, texts: Sequence[str]) -> list[Prediction]:
        assert (root / model / "model.tar.gz").exists()
        names = ("pay_not_arrived", "account_register", "greet", "service_human")
        ranking = [Ranked(name, 0.123456 / (place + 1)) for place, name in enumerate(names)]
        return [Prediction(ranking, "天气" in text, float(number)) for number, text in enumerate(texts)]


@pytest.fixture
def with_sets(project: Path) -> Path:
    (project / "evals/sets").mkdir(parents=True)
    write_set(project, "scenarios", {"s1": "钱付了没给", "s2": "新号"})
    write_set(project, "out_of_scope", {"o1": "天气不错"})
    return project


def write_set(root: Path, kind: str, texts: dict[str, str]) -> None:
    lines = [json.dumps({"id": key, "text": text, "author": "x"}) for key, text in texts.items()]
    (root / f"evals/sets/{kind}.tuning.jsonl").write_text("\n".join(lines) + "\n")


def nothing(line: str) -> None:
    del line


def test_a_draw_takes_so_many_of_each_intent_whatever_their_order() -> None:
    drawn = draw(ROWS, 3)
    assert Counter(intent for intent, _ in drawn) == {"a": 3, "b": 3}
    assert drawn == draw([*reversed(ROWS), *ROWS], 3)
    assert set(drawn) < set(draw(ROWS, 4))


def test_without_a_limit_everything_is_drawn() -> None:
    assert set(draw(ROWS, None)) == set(ROWS)


def test_the_same_draw_is_trained_once(with_sets: Path) -> None:
    rasa = FakeRasa()
    first = train(with_sets, 2, nothing, fit=rasa.fit)
    assert train(with_sets, 2, nothing, fit=rasa.fit) == first and rasa.trained == [10]
    assert train(with_sets, 3, nothing, fit=rasa.fit) != first
    assert train(with_sets, 2, nothing, epochs=1, fit=rasa.fit) != first


def test_what_was_predicted_is_read_back_rounded(with_sets: Path) -> None:
    rasa = FakeRasa()
    model = train(with_sets, 2, nothing, fit=rasa.fit)
    write_baseline(with_sets, "tuning", model, nothing, rasa.predict)
    baseline = cached(with_sets, "tuning")
    assert baseline is not None and not baseline.stale
    assert (baseline.about.per_intent, baseline.about.utterances, baseline.about.inputs) == (2, 10, model.name)
    assert baseline.parse_p50_ms == 1.0
    assert baseline.predictions.keys() == {"s1", "s2", "o1"}
    assert baseline.predictions["o1"].fallback and not baseline.predictions["s1"].fallback
    three = [Ranked("pay_not_arrived", 0.1235), Ranked("account_register", 0.0617), Ranked("greet", 0.0412)]
    assert baseline.predictions["s1"].ranking == three


def test_predictions_for_other_texts_are_stale(with_sets: Path) -> None:
    rasa = FakeRasa()
    write_baseline(with_sets, "tuning", train(with_sets, 2, nothing, fit=rasa.fit), nothing, rasa.predict)
    write_set(with_sets, "scenarios", {"s1": "钱付了没给", "s3": "别的"})
    baseline = cached(with_sets, "tuning")
    assert baseline is not None and baseline.stale


def test_what_was_never_predicted_is_none(with_sets: Path) -> None:
    assert cached(with_sets, "calibration") is None


def test_an_entry_is_found_by_its_wording(project: Path) -> None:
    found = nearest_entries(load_content(project).entries, ["一个手机号可以注册几个账号", "充值要等多久到账"], count=2)
    assert [ids[0] for ids in found] == ["account_register.q1", "pay_not_arrived.q1"]
    assert all(len(set(ids)) == 2 for ids in found)


def test_figures_of_a_public_set_are_kept_beside_those_of_others(tmp_path: Path) -> None:
    for name in ("massive_zh", "massive_zh_oos"):
        (tmp_path / "sets" / name).mkdir(parents=True)
        for part in ("train", "valid", "test"):
            rows = [{"text": f"{part} 到账", "label": "pay_not_arrived"}, {"text": f"{part} 天气", "label": "weather"}]
            lines = "\n".join(map(json.dumps, rows))
            (tmp_path / "sets" / name / f"{part}.jsonl").write_text(lines + "\n")
        rasa = FakeRasa()
        write_public(tmp_path, tmp_path / "sets", name, 40, nothing, 5, rasa.fit, rasa.predict)
    stock = load_stock(tmp_path)
    assert stock.keys() == {"massive_zh", "massive_zh_oos"}
    assert stock["massive_zh"].figures.right.value == 0.5
    assert (stock["massive_zh"].per_intent, stock["massive_zh"].utterances, stock["massive_zh"].epochs) == (40, 2, 5)
