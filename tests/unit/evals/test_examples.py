"""Drawing utterances for quick reports."""

from __future__ import annotations

from pathlib import Path

from common.content import Utterance, load_content
from common.yaml_items import Place
from evals.examples import drawn, drawn_content, each_once, told_examples
from faq_index.analysis import Analyser
from faq_index.lexicon import load_lexicon


def _utterance(text: str, intent: str = "greet", line: int = 1) -> Utterance:
    return Utterance(intent, text, Place("nlu.yml", line))


def test_a_draw_does_not_depend_on_the_order() -> None:
    lines = [_utterance(text) for text in ("你好", "在吗", "早上好", "有人吗", "哈喽")]
    assert drawn(lines, 3) == drawn(lines[::-1], 3)
    assert len(drawn(lines, 9)) == 5


def test_an_utterance_written_twice_counts_once_for_each_intent() -> None:
    lines = [_utterance("在吗", line=4), _utterance("在吗", line=2), _utterance("在吗", "service_human")]
    assert [(line.intent, line.place.line) for line in each_once(lines)] == [("greet", 4), ("service_human", 1)]


def test_drawn_content_is_a_part_of_the_content(project: Path) -> None:
    folder = project / "faq_index/asked/pay"
    folder.mkdir(parents=True)
    lines = [f"pay_not_arrived.q0\t{line.text}" for line in load_content(project).utterances if "到" in line.text]
    (folder / "pay_not_arrived.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = drawn_content(load_content(project), 3)
    assert len(content.utterances) == 3 * 5
    assert {len(entry.wordings) for entry in content.entries} == {2}
    assert {item.text for item in content.asked} < {item.text for item in content.utterances}


def test_wordings_and_definitions_are_told_too(project: Path) -> None:
    told = told_examples(load_content(project), Analyser(load_lexicon(project / "data/lexicon")))
    assert {example.kind.value for example in told} == {"wording", "definition"}
