"""Everything that is measured, over a tiny project with a reader that knows the answers to some questions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.logic.decision import Decision, Ranked
from common.content import LEXICON
from common.held_out import SETS
from common.traffic import BadTraffic, load_traffic
from evals import decisions, faq, reliability, scenarios, tone, traffic
from evals.__main__ import main
from evals.document import Chart, Section, Share, Table
from evals.measures import chapters
from evals.quality import Understood
from evals.runs import Run, log_test_run, read_sets
from evals.stock_rasa import Prediction, write_baseline
from faq_index.analysis import Analyser
from faq_index.encoder import Vectors
from faq_index.lexicon import load_lexicon

ASKED = [
    ("s1", "钱扣了灵玉没到", "pay_not_arrived", ["pay_not_arrived.q0"], "short"),
    ("s2", "充值多久能到账", "pay_not_arrived", ["pay_not_arrived.q1"], "typo"),
    ("s3", "想注册一个新号", "account_register", ["account_register.q0"], "slang"),
    ("s4", "给我转真人客服", "service_human", ["service_human.q0"], "short"),
]


class FakeReader:
    """Takes everything for a missing payment, but for new accounts; knows a text out of scope by its weather."""

    name = "fake"

    def __init__(self, root: Path) -> None:
        self.analyser = Analyser(load_lexicon(root / LEXICON))

    def encode(self, text: str) -> Vectors:
        return np.zeros((1, 2), dtype=np.float32)

    def __call__(self, text: str) -> Understood:
        names = ["pay_not_arrived", "account_register", "service_human"]
        names = sorted(names, key=lambda name: ("注册" in text) != (name == "account_register"))
        if "天气" in text:
            foreign = Ranked("out_of_scope", 0.9)
            return Understood([foreign], names, Decision.FALLBACK, "out_of_scope", [], 0.9, foreign)
        ranking = [Ranked(name, chance) for name, chance in zip(names, (0.6, 0.2, 0.1))]
        entries = [f"{names[0]}.q0", f"{names[1]}.q0"]
        return Understood(ranking, names, Decision.ANSWER, names[0], entries, 0.7, ranking[0])


@pytest.fixture
def run(project: Path) -> Run:
    (project / SETS).mkdir(parents=True)
    asked = [
        {"id": key, "text": text, "author": "d1", "style": style, "scenarios": [scenario], "entries": entries}
        for key, text, scenario, entries, style in ASKED
    ]
    foreign = [
        {"id": "o1", "text": "天气不错", "author": "d5", "kind": "chat", "scenarios": ["out_of_scope"]},
        {"id": "o2", "text": "netflix charged me twice", "author": "d5", "kind": "near", "scenarios": ["out_of_scope"]},
    ]
    acts = [{"id": "a1", "text": "你好呀", "author": "d5", "scenarios": ["greet"]}]
    for kind, items in (("scenarios", asked), ("out_of_scope", foreign), ("dialogue", acts)):
        lines = "\n".join(json.dumps(item) for item in items)
        (project / SETS / f"{kind}.tuning.jsonl").write_text(lines + "\n", encoding="utf-8")
    return read_sets(project, "tuning", FakeReader(project))


def value(section: Section, table: int, row: str, column: int) -> float:
    """The share in a row of one of the section's tables."""
    found = [block for block in section.blocks if isinstance(block, Table)][table]
    cell = next(cells for cells in found.rows if cells[0] == row)[column]
    assert isinstance(cell, Share)
    return cell.value


def test_scenarios_stand_beside_a_linear_svm(run: Run) -> None:
    section = scenarios.section(run)
    assert value(section, 0, "ours", 1) == 0.75 and value(section, 0, "ours", 2) == 1
    assert value(section, 0, "linear SVM on character TF-IDF", 1) >= 0.5
    assert value(section, 1, "short", 1) == 0.5 and value(section, 2, "d1", 1) == 0.75
    confusions = next(block for block in section.blocks if isinstance(block, Table) and block.columns[0] == "right")
    assert confusions.rows == [("service_human", "pay_not_arrived", 1, "给我转真人客服")]
    assert [goal.is_reached for goal in section.goals] == [False, False, True, None]


def test_saved_predictions_of_stock_rasa_stand_beside_ours(run: Run) -> None:
    def predict(root: Path, model: Path, texts: object) -> list[Prediction]:
        del root, model
        guess = [Ranked("greet", 0.6), Ranked("pay_not_arrived", 0.3)]
        return [Prediction(guess, False) for _ in range(len(texts))]  # type: ignore[arg-type]

    model = run.root / "models/stock_rasa/x"
    model.mkdir(parents=True)
    about = {"per_intent": 2, "utterances": 10, "epochs": 1, "train_seconds": 60.0, "inputs": "x"}
    (model / "about.json").write_text(json.dumps(about))
    write_baseline(run.root, "tuning", Path("models/stock_rasa/x"), lambda line: None, predict)
    again = read_sets(run.root, "tuning", FakeReader(run.root))
    section = scenarios.section(again)
    assert value(section, 0, "stock Rasa", 1) == 0.5 and section.goals[-1].is_reached
    assert value(decisions.section(again), 0, "stock Rasa", 6) == 1  # it takes all for a greeting


def test_decisions_count_answers_to_texts_out_of_scope(run: Run) -> None:
    section = decisions.section(run)
    assert value(section, 0, "ours", 1) == 1 and value(section, 0, "ours", 2) == 0.75
    assert value(section, 0, "ours", 3) == pytest.approx(3 / 5)  # the lost film service is answered
    assert value(section, 1, "chat", 1) == 1 and value(section, 1, "near", 1) == 0
    assert value(section, 2, "greet", 1) == 0


def test_risks_fall_with_sureness() -> None:
    curve = reliability.risks(np.asarray([0.1, 0.9, 0.5]), np.asarray([False, True, True]))
    assert curve.tolist() == pytest.approx([0, 0, 1 / 3])


def test_reliability_sets_the_plain_softmax_beside_the_evidence(run: Run) -> None:
    section = reliability.section(run)
    charts = [block for block in section.blocks if isinstance(block, Chart)]
    assert [line.name for line in charts[-1].lines] == ["all evidence (ours)", "softmax alone (baseline)"]
    assert charts[-1].lines[1].points[0] == pytest.approx((0.6, 0.6))  # of five guesses three are right


def test_a_mix_of_traffic_weighs_scenarios(run: Run) -> None:
    (run.root / "data/traffic.tsv").write_text("# a\npay_not_arrived\t8\naccount_register\t1\nservice_human\t1\n")
    section = traffic.section(run)
    assert value(section, 0, "right scenario first", 1) == 0.75
    assert value(section, 0, "right scenario first", 2) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("pay_not_arrived 3", "expected `scenario TAB weight`"),
        ("nobody\t1", "no scenario"),
        ("greet\t1", "no scenario"),
    ],
)
def test_a_bad_mix_names_its_line(run: Run, lines: str, fault: str) -> None:
    (run.root / "data/traffic.tsv").write_text(f"# a\n{lines}\n")
    with pytest.raises(BadTraffic, match=rf"data/traffic.tsv:2: .*{fault}"):
        traffic.section(run)


def test_the_mix_that_ships_is_whole() -> None:
    from common.content import load_scenarios

    root = Path(__file__).parents[3]
    weights = sorted(load_traffic(root, frozenset(s.id for s in load_scenarios(root, []))).values())
    assert sum(weights[-20:]) / sum(weights) == pytest.approx(0.7, abs=0.001)


def test_entries_stand_beside_bm25(run: Run) -> None:
    section = faq.section(run)
    assert value(section, 0, "ours", 1) == 0.5
    assert value(section, 0, "BM25", 2) == 1
    assert value(section, 1, "these three", 1) == 0.5


def test_missing_sets_are_said_in_a_sentence(run: Run) -> None:
    assert tone.section(run).blocks == ["There are no sets of tone and fraud for tuning."]
    assert traffic.section(run).blocks == ["There is no data/traffic.tsv."]


def test_all_chapters_end_with_the_goals(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.measures._CHAPTERS", (scenarios.section, decisions.section))
    assert [section.name for section in chapters(run)] == ["scenarios", "decisions", "goals"]


def test_a_run_on_a_test_set_is_logged(run: Run) -> None:
    (run.root / "evals").mkdir(exist_ok=True)
    log_test_run(run.root, run.summary)
    line = (run.root / "evals/test_runs.tsv").read_text(encoding="utf-8")
    assert line.count("\t") == 2 and "75.0%" in line


def test_a_missing_set_is_said_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path), "--set", "calibration"]) == 1
    assert "no set scenarios.calibration.jsonl" in capsys.readouterr().err
