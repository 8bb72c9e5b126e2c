"""Leaving one author out, in a tiny project."""

from __future__ import annotations

import re
from pathlib import Path

from common.content import load_content
from evals.authors import group_authors, report

_LINES = {
    "account_register": "新号怎么注册|手机能注册几个号",
    "pay_not_arrived": "充值的灵玉没到账|付了钱没到",
    "service_human": "给我转人工|我找真人客服",
}


def _write(project: Path, author: str, scenarios: tuple[str, ...], ending: str) -> None:
    lines = ['version: "3.1"', "nlu:"]
    for scenario in scenarios:
        lines += [f"- intent: {scenario}", f"  metadata: {{author: {author}}}", "  examples: |"]
        lines += [f"    - {text}{ending}" for text in _LINES[scenario].split("|")]
    (project / f"data/nlu/{author}.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_who_wrote_for_few_scenarios_is_joined_with_others_of_the_same_letter(project: Path) -> None:
    _write(project, "s1", tuple(_LINES), "啊")
    _write(project, "f1", ("account_register",), "呢")
    _write(project, "f2", ("service_human",), "吧")
    groups = group_authors(load_content(project))
    assert {name: len(lines) for name, lines in groups.items()} == {"(unnamed)": 60, "s1": 6, "f": 4}


def test_each_author_is_read_by_a_model_that_has_not_learned_from_them(project: Path) -> None:
    _write(project, "s1", tuple(_LINES), "啊")
    _write(project, "f1", ("account_register",), "呢")
    said: list[str] = []
    lines = list(report(project, said.append, fewest=4))
    assert said == ["without (unnamed)", "without s1"]
    assert re.search(r"\(unnamed\) +60 .*n=36\)   24 of intents nobody else wrote for", "\n".join(lines))
    assert re.search(r" s1 +6 +100.0%", "\n".join(lines))
    assert re.search(r" f +2   too few", "\n".join(lines))
    assert "mean" in lines[-2] and lines[-1].startswith("took ")
