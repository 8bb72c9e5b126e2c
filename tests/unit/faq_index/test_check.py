"""The content check names file and line of everything an operator can get wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faq_index.__main__ import main
from faq_index.check import check_content

NLU, LIBRARY, SCENARIOS = "data/nlu/all.yml", "faq_index/library/all.yml", "data/scenarios.yml"


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def test_good_content_has_no_problems(project: Path) -> None:
    assert check_content(project)[1] == []
    assert main(["--root", str(project), "check"]) == 0


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (replace(LIBRARY, "scenario: pay_not_arrived", "scenario: pay_gone"), f"{LIBRARY}:19", "unknown scenario pay_gone"),
        (replace(LIBRARY, "  - 在哪里注册", "  - 新手开号步骤！"), f"{LIBRARY}:7", "stands already in the same entry"),
        (replace(LIBRARY, "  - 到账要几分钟", "  - 在哪里注册"), f"{LIBRARY}:32", "stands already in entry account_register.q0"),
        (replace(LIBRARY, "{{pay.minutes}}", "{{pay.hours}}"), f"{LIBRARY}:1", "unknown fact {{pay.hours}}"),
        (replace(LIBRARY, "id: service_human.q1", "id: service_human.q0"), f"{LIBRARY}:46", "used already"),
        (replace(LIBRARY, "id: service_human.q1", "id: service_human.Q 1"), f"{LIBRARY}:46", "must look like"),
        (replace(LIBRARY, "id: service_human.q1", "id: other.q1"), f"{LIBRARY}:46", "must begin with its scenario"),
        (replace(NLU, "- 灵玉没到\n", "- 怎么注册\n"), f"{NLU}:22", "under account_register"),
        (replace(NLU, "- 灵玉没到\n", "- 充值没到账？\n"), f"{NLU}:22", "twice under pay_not_arrived"),
        (replace(NLU, "- 灵玉没到\n", "- /restart\n"), f"{NLU}:22", "slash"),
        (replace(NLU, "- 灵玉没到\n", "灵玉没到\n"), f"{NLU}:22", "must begin with"),
        (replace(NLU, "- intent: greet", "- intent: great"), f"{NLU}:47", "no scenario and no intent"),
        (replace(NLU, "- 找客服\n", "- 怎么注册新账号\n"),
         f"{LIBRARY}:1", "is an utterance of service_human"),
        (replace(SCENARIOS, "not_this: []", "not_this: [{topic: t, scenario: nowhere}]"), f"{SCENARIOS}:1", "unknown scenario"),
        (replace(SCENARIOS, "urgency: 1", "urgency: 9"), f"{SCENARIOS}:8", "urgency must be a number"),
    ],
)  # fmt: skip
def test_a_fault_is_named(project: Path, change: Callable[[Path], None], place: str, message: str) -> None:
    change(project)
    found = [str(problem) for problem in check_content(project)[1]]
    assert any(line.startswith(f"{place}: ") and message in line for line in found), found
    assert main(["--root", str(project), "check"]) == 1


def test_too_few_examples_are_named(project: Path) -> None:
    replace(NLU, "    - 充值没到账\n", "")(project)
    replace(LIBRARY, "  - 在哪里注册\n", "")(project)
    found = [problem.message for problem in check_content(project)[1]]
    assert found == [
        "account_register has 1 of 2 entries with 3 similar questions",
        "pay_not_arrived has 11 utterances of 12",
    ]


def test_the_projects_own_content_is_good() -> None:
    root = Path(__file__).parents[3]
    assert [str(problem) for problem in check_content(root)[1]] == []
