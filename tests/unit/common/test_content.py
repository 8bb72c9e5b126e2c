"""Content is read with its places, and no fault stops the reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.content import fill_facts, load_content


def test_everything_is_read_with_file_and_line(project: Path) -> None:
    content = load_content(project)
    assert content.problems == []
    assert [scenario.id for scenario in content.scenarios] == ["account_register", "pay_not_arrived", "service_human"]
    assert content.facts == {"pay.minutes": "10 分钟"}
    assert len(content.entries) == 6 and len(content.utterances) == 60
    lines = (project / "data/nlu/all.yml").read_text(encoding="utf-8").splitlines()
    for utterance in content.utterances:
        assert lines[utterance.place.line - 1].strip() == f"- {utterance.text}"
    lines = (project / "faq_index/library/all.yml").read_text(encoding="utf-8").splitlines()
    for entry in content.entries:
        for text, place in entry.wordings[1:]:
            assert lines[place.line - 1].strip() == f"- {text}"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- id: a.b\n  scenario: a\n  question: [\n", 4, "not YAML"),
        ("a: b\n", 1, "expected a list"),
        ("- just text\n", 1, "expected keys and values"),
        ("- id: a.b\n  scenario: a\n  question: q\n  answer: x\n", 1, "similar must be a list"),
        ("- id: a.b\n  scenario: a\n  question: q\n  similar: [1, b]\n  answer: x\n", 4, "similar must be a list"),
        (
            "- id: a.b\n  scenario: a\n  question: q\n  similar: [b]\n  answer: x\n  colour: red\n",
            6,
            "stray key colour",
        ),
        ("- id: a.b\n  scenario: a\n  question: q\n  similar: [b]\n  answer: x\n  platform: [wii]\n", 6, "platform"),
        ("- id: a.b\n  scenario: a\n  question: q\n  similar: [b]\n  answer: x\n  valid_from: soon\n", 6, "a date"),
        ("- id: a.b\n  id: a.c\n  scenario: a\n  question: q\n  similar: [b]\n  answer: x\n", 2, "stands twice"),
    ],
)
def test_a_fault_in_the_library_is_named_with_its_place(project: Path, text: str, line: int, message: str) -> None:
    (project / "faq_index/library/bad.yml").write_text(text, encoding="utf-8")
    content = load_content(project)
    assert len(content.entries) >= 6
    assert [(problem.place.file, problem.place.line) for problem in content.problems] == [
        ("faq_index/library/bad.yml", line)
    ]
    assert message in content.problems[0].message


def test_a_missing_file_is_a_problem(project: Path) -> None:
    (project / "faq_index/facts.yml").unlink()
    assert "missing" in load_content(project).problems[0].message


def test_facts_are_filled_in() -> None:
    assert fill_facts("等 {{pay.minutes}}，{{ pay.minutes }}", {"pay.minutes": "10 分钟"}) == "等 10 分钟，10 分钟"
    with pytest.raises(KeyError, match=r"pay\.hours"):
        fill_facts("{{pay.hours}}", {})
