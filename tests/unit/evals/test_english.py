"""The report on English, over a tiny project with a reader that takes everything for a missing payment."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.logic.decision import Decision, Ranked
from common.content import LEXICON
from common.held_out import SETS
from evals import english
from evals.document import Share, Table
from evals.quality import Understood
from evals.runs import NoSet
from faq_index.analysis import Analyser
from faq_index.encoder import Vectors
from faq_index.lexicon import load_lexicon

VERSIONS = {
    "pay_not_arrived.q0": "My money has not arrived",
    "account_register.q0": "How do I make an account",
}
ASKED = [
    ("paid but the money has not arrived", "plain", "pay_not_arrived", ["pay_not_arrived.q0", "pay_not_arrived.q1"]),
    ("how to make a new account", "short", "account_register", ["account_register.q0"]),
    ("i want a person", "short", "service_human", ["service_human.q0"]),
]


class FakeReader:
    """Answers with the payment, first with an entry that has no English version; lets go of whatever wants a person."""

    name = "fake"

    def __init__(self, root: Path) -> None:
        self.analyser = Analyser(load_lexicon(root / LEXICON))

    def encode(self, text: str) -> Vectors:
        return np.zeros((1, 2), dtype=np.float32)

    def __call__(self, text: str) -> Understood:
        names = ["pay_not_arrived", "account_register"]
        decision = Decision.FALLBACK if "person" in text or "joke" in text else Decision.ANSWER
        return Understood(
            [Ranked(names[0], 1.0)], names, decision, names[0], ["pay_not_arrived.q1", "pay_not_arrived.q0"]
        )


@pytest.fixture
def tables(project: Path) -> list[Table]:
    library = project / "faq_index/library/all.yml"
    text = library.read_text(encoding="utf-8")
    for id, question in VERSIONS.items():
        version = f"  english:\n    question: {question}\n    similar: []\n    answer: |\n      Wait.\n"
        text = text.replace(f"- id: {id}\n", f"- id: {id}\n{version}")
    library.write_text(text, encoding="utf-8")
    (project / SETS).mkdir(parents=True)
    items = [
        {"id": f"e{n}", "text": text, "author": "e1", "style": style, "scenarios": [scenario], "entries": entries}
        for n, (text, style, scenario, entries) in enumerate(ASKED)
    ]
    strange = [{"id": "o1", "text": "tell me a joke please", "author": "d5", "scenarios": ["out_of_scope"]}]
    strange.append({**strange[0], "id": "o2", "text": "讲个笑话"})
    for kind, lines in (("english", items), ("out_of_scope", strange)):
        text = "".join(json.dumps(item) + "\n" for item in lines)
        (project / SETS / f"{kind}.tuning.jsonl").write_text(text, encoding="utf-8")
    blocks = english.section(project, "tuning", FakeReader(project)).blocks
    return [block for block in blocks if isinstance(block, Table)]


def shares(table: Table, row: str) -> list[tuple[float, int]]:
    cells = next(cells for cells in table.rows if cells[0] == row)
    return [(round(cell.value, 2), cell.count) for cell in cells if isinstance(cell, Share)]


def test_entries_without_an_english_version_do_not_count(tables: list[Table]) -> None:
    assert shares(tables[0], "ours") == [(0.33, 3), (0.67, 3), (0.5, 2), (0.5, 2)]


def test_bm25_reads_the_same_texts(tables: list[Table]) -> None:
    assert shares(tables[0], "BM25") == [(0.67, 3), (0.67, 3), (1.0, 2), (1.0, 2)]


def test_what_becomes_of_questions_and_of_english_texts_out_of_scope(tables: list[Table]) -> None:
    found = {str(row[0]): shares(tables[1], str(row[0]))[0] for row in tables[1].rows}
    assert found["answered straight away"] == (0.67, 3) and found["of these right"] == (0.5, 2)
    assert found["answered straight away and right"] == (0.33, 3) and found["lost"] == (0.33, 3)
    assert found["out of scope, recognised"] == (1.0, 1)


def test_wrong_and_lost_ones_are_shown(tables: list[Table]) -> None:
    assert [row[0] for row in tables[3].rows] == ["account_register", "service_human"]


def test_without_a_set_there_is_a_sentence(project: Path) -> None:
    with pytest.raises(NoSet, match=r"english\.calibration\.jsonl"):
        list(english.report(project, "calibration"))


def test_every_style_of_the_sets_is_reported() -> None:
    root = Path(__file__).parents[3]
    for part in ("tuning", "test"):
        lines = (root / SETS / f"english.{part}.jsonl").read_text(encoding="utf-8").splitlines()
        assert {json.loads(line)["style"] for line in lines} <= {*english.STYLES}
