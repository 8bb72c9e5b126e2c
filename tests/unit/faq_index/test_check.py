"""The content check names file and line of everything an operator can get wrong."""

from __future__ import annotations

import json
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
        (replace(LIBRARY, "    请等 {{pay.minutes}}。", "    请等 10 分钟。"), f"{LIBRARY}:1", "types the number 10"),
        (replace(LIBRARY, "    请等 {{pay.minutes}}。", "    看 https://yunlan.example。"), f"{LIBRARY}:1", "types an address"),
        (replace(LIBRARY, "    请等 {{pay.minutes}}。", "    等" * 900), f"{LIBRARY}:1", "the limit is 800"),
        (replace(LIBRARY, "  similar:", "  valid_until: 2020-01-31\n  similar:"), f"{LIBRARY}:1", "has expired on 2020-01-31"),
        (replace(LIBRARY, "  similar:", "  version: new\n  similar:"), f"{LIBRARY}:1", "must look like 2.6"),
        (replace(LIBRARY, "  similar:", "  links: [{text: 充值, url: 'https://x.example'}]\n  similar:"), f"{LIBRARY}:1", "must name one of the 0 pages"),
        (replace(LIBRARY, "  similar:", "  links: [{text: 充值, url: '{{page.pay}}'}]\n  similar:"), f"{LIBRARY}:1", "leads to no page"),
        (replace(LIBRARY, "  similar:", "  english: {question: How?, similar: []}\n  similar:"), f"{LIBRARY}:4", "english: answer is missing"),
        (replace(LIBRARY, "  - 到账要几分钟", "  - 充值以后到底要等多久才会到账\n  - 充值以后到底要等多久才会到账呢"), f"{LIBRARY}:33", "is nearly"),
        (replace(NLU, "- 灵玉没到\n", "- 付款成功没收到啊\n"), f"{NLU}:23", "nearly twice under pay_not_arrived"),
        (replace(NLU, "- intent: pay_not_arrived", "- intent: pay_not_arrived\n  metadata: {style: odd}"), f"{NLU}:20", "unknown style odd"),
        (replace(NLU, "- intent: pay_not_arrived", "- intent: pay_not_arrived\n  metadata: {style: border}"), f"{NLU}:20", "go together"),
        (replace(NLU, "- intent: pay_not_arrived", "- intent: pay_not_arrived\n  metadata: {style: border, border: service_human}"),
         f"{NLU}:20", "is no neighbour of pay_not_arrived"),
        (replace(NLU, "- intent: pay_not_arrived", "- intent: pay_not_arrived\n  metadata: {mood: bad}"), f"{NLU}:18", "stray key mood"),
        (replace(SCENARIOS, "not_this: []", "not_this: [{topic: t, scenario: nowhere}]"), f"{SCENARIOS}:1", "unknown scenario"),
        (replace(SCENARIOS, "urgency: 1", "urgency: 9"), f"{SCENARIOS}:8", "urgency must be a number"),
    ],
)  # fmt: skip
def test_a_fault_is_named(project: Path, change: Callable[[Path], None], place: str, message: str) -> None:
    change(project)
    found = [str(problem) for problem in check_content(project)[1]]
    assert any(line.startswith(f"{place}: ") and message in line for line in found), found
    assert main(["--root", str(project), "check"]) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pay_not_arrived.q0\t充值没到账", ""),
        ("pay_not_arrived.q0,pay_not_arrived.q1\t充值没到账", ""),
        ("pay_not_arrived.q0\t谁也没说过", "is no utterance of pay_not_arrived"),
        ("service_human.q0\t充值没到账", "service_human.q0 is no entry of pay_not_arrived"),
        ("pay_not_arrived.q0\t充值没到账\npay_not_arrived.q1\t充值没到账", "stands already at"),
        ("充值没到账", "expected two columns"),
    ],
)
def test_labels_of_utterances_are_checked(project: Path, line: str, message: str) -> None:
    path = project / "faq_index/asked/pay/pay_not_arrived.tsv"
    path.parent.mkdir(parents=True)
    path.write_text(f"# entry, utterance\n{line}\n", encoding="utf-8")
    found = [str(problem) for problem in check_content(project)[1]]
    assert bool(found) == bool(message) and all(message in problem for problem in found), found


def test_too_few_examples_are_named(project: Path) -> None:
    replace(NLU, "    - 充值没到账\n", "")(project)
    replace(LIBRARY, "  - 在哪里注册\n", "")(project)
    found = [problem.message for problem in check_content(project)[1]]
    assert found == [
        "account_register has 1 of 2 entries with 3 similar questions",
        "pay_not_arrived has 11 utterances of 12",
    ]


def test_an_operators_targets_are_held(project: Path) -> None:
    replace(SCENARIOS, "not_this: []", "not_this: [{topic: t, scenario: service_human}]")(project)
    (project / "data/targets.yml").write_text(
        "utterances: 13\nutterances_per_style: 1\nutterances_per_border: 2\nenglish: 1\nexpressions: 999999\n"
        "per_emotion: 1\nper_fraud_side: 2\nlongest_answer: many\ncolour: 3\n",
        encoding="utf-8",
    )
    (project / "data/tone").mkdir()
    (project / "data/tone/fraud.tsv").write_text(
        "# label\nnone\ta\t验证码收不到\nphishing\t那个链接\n", encoding="utf-8"
    )
    (project / "data/tone/emotion.tsv").write_text("glad\ta\t太好了\n", encoding="utf-8")
    found = {str(problem) for problem in check_content(project)[1]}
    assert {
        "data/scenarios.yml:1: account_register has 12 utterances of 13",
        "data/scenarios.yml:1: account_register has 0 utterances of the style short of 1",
        "data/scenarios.yml:1: account_register has 0 utterances at its border to service_human of 2",
        "faq_index/library:1: the library has 0 English entries of 1",
        "data/tone/fraud.tsv:1: 1 texts of 2 are a look-alike",
        "data/tone/fraud.tsv:3: expected three columns parted by tabs: label, author, text",
        "data/tone/emotion.tsv:1: 0 texts of 1 are sad",
        "data/tone/emotion.tsv:1: unknown label glad (known: angry, anxious, sad, neutral, positive)",
        "data/targets.yml:8: longest_answer must be a number from 0 to 1000000",
    } <= found
    assert any(line.startswith("data/targets.yml:9: unknown target colour") for line in found)
    assert any("expressions of 999999" in line for line in found)


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("concepts.tsv", "loss\tgone", "expected three columns"),
        ("concepts.tsv", "Loss!\tgone\t没了", "expected three columns"),
        ("concepts.tsv", "loss\tgone\t没了|没了", "“没了” stands twice in gone"),
        ("concepts.tsv", "loss\tgone\t没了||不见", "an empty expression"),
        ("concepts.tsv", "loss\trecharge\t充值啦", "concept recharge stands already"),
        ("aliases.tsv", "充直\t充值", "alias 充直 stands already"),
        ("aliases.tsv", "一个词", "expected two columns"),
        ("synonyms.tsv", "只有一个", "at least two words"),
    ],
)
def test_a_fault_of_a_lexicon_is_named(project: Path, file: str, line: str, message: str) -> None:
    path = project / "data/lexicon" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}{line}\n", encoding="utf-8")
    place = f"data/lexicon/{file}:{text.count(chr(10)) + 1}"
    found = [str(problem) for problem in check_content(project)[1]]
    assert any(problem.startswith(f"{place}: ") and message in problem for problem in found), found


def test_held_out_texts_must_be_new_to_training(project: Path) -> None:
    sets = project / "evals/sets"
    sets.mkdir(parents=True)

    def item(number: int, text: str, **more: object) -> str:
        return json.dumps({"id": f"t{number}", "text": text, "author": "a", **more}, ensure_ascii=False)

    (sets / "scenarios.test.jsonl").write_text(
        "\n".join(
            [
                item(1, "付款成功沒收到！"),
                item(2, "在哪儿注册啊"),
                item(3, "银行说扣了，你们这边一分没加", scenarios=["pay_gone"], entries=["pay_not_arrived.q9"]),
                item(3, "等了好久也不给我加上"),
                "{",
                '{"id": "t6"}',
            ]
        )
        + "\n",
        encoding="utf-8",
    )
    place = {"label": "amount", "start": 2, "end": 5, "text": "648"}
    (sets / "tone.test.jsonl").write_text(
        item(8, "啊啊啊啊啊我的天", emotions=["glad"], entities=[place]) + "\n", encoding="utf-8"
    )
    follow_up = {"kind": "follow_up", "last_scenario": "pay_gone", "last_entry": "pay_not_arrived.q8"}
    (sets / "context.test.jsonl").write_text(item(9, "多久到账", **follow_up) + "\n", encoding="utf-8")
    (sets / "context.tuning.jsonl").write_text(item(10, "多久到账", kind="follow_up") + "\n", encoding="utf-8")
    (sets / "scenarios.tuning.jsonl").write_text(item(7, "等了好久也不给我加上！") + "\n", encoding="utf-8")
    found = [str(problem) for problem in check_content(project)[1]]
    test, tuning = "evals/sets/scenarios.test.jsonl", "evals/sets/scenarios.tuning.jsonl"
    expected = [
        ("evals/sets/context.test.jsonl:1", "there is no entry pay_not_arrived.q8 in the library"),
        ("evals/sets/context.test.jsonl:1", "unknown scenario pay_gone"),
        (f"{test}:1", "“付款成功沒收到！” is nearly “付款成功没收到”, which is trained on at data/nlu/all.yml:23"),
        (f"{test}:3", "there is no entry pay_not_arrived.q9 in the library"),
        (f"{test}:3", "unknown scenario pay_gone"),
        (f"{test}:4", f"id t3 is used already at {test}:3"),
        (f"{test}:5", "not JSON"),
        (f"{test}:6", "expected an object with text, author as texts"),
        (f"{tuning}:1", f"stands in a test set too, at {test}:4"),
        ("evals/sets/tone.test.jsonl:1", "glad is none of the emotions"),
        ("evals/sets/tone.test.jsonl:1", "“648” does not stand at 2"),
    ]
    assert len(found) == len(expected)
    for line, (place, message) in zip(found, expected):
        assert line.startswith(f"{place}: ") and message in line, (line, message)


def test_a_scenario_needs_an_answer_for_any_day(project: Path) -> None:
    path = project / LIBRARY
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("  scenario: service_human\n", "  scenario: service_human\n  valid_until: 2099-01-31\n"),
        encoding="utf-8",
    )
    assert [problem.message for problem in check_content(project)[1]] == [
        "service_human has no entry that holds at any time (without valid_from/until)"
    ]


def test_the_projects_own_content_is_good() -> None:
    root = Path(__file__).parents[3]
    assert [str(problem) for problem in check_content(root)[1]] == []
