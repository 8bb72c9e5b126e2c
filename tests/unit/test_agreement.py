"""Agreement of two readers, and what is reported of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.__main__ import main
from evals.agreement import Reading, agreement, kappa


def readings(*pairs: str) -> list[Reading]:
    return [Reading(f"t{number}", pair[0], pair[1], (pair[0],)) for number, pair in enumerate(pairs)]


def test_kappa_is_agreement_beyond_chance() -> None:
    assert kappa(readings("aa", "bb", "aa", "bb")) == 1
    assert kappa(readings("aa", "ab", "ba", "bb")) == pytest.approx(0)
    # The textbook case: 20 + 15 of 50 agreed, 5 and 10 not.
    case = readings(*["aa"] * 20, *["bb"] * 15, *["ab"] * 5, *["ba"] * 10)
    assert agreement(case) == pytest.approx(0.7) and kappa(case) == pytest.approx(0.4)


def test_the_command_reports_both_sources(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("evals/sets", "evals/readings"):
        (project / folder).mkdir(parents=True)
    items = [
        {"id": "a", "text": "钱付了没给", "author": "x", "readings": ["pay_not_arrived"] * 2, "scenarios": ["pay_not_arrived"]},
        {"id": "b", "text": "怎么弄号", "author": "x", "readings": ["account_register", "service_human"],
         "scenarios": ["account_register", "service_human"]},
    ]  # fmt: skip
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    (project / "evals/sets/scenarios.test.jsonl").write_text(lines + "\n", encoding="utf-8")
    (project / "evals/readings/utterances.tsv").write_text(
        "# writer\tsecond reader\tsettled\ttext\n"
        "account_register\taccount_register\taccount_register\t怎么注册\n"
        "account_register\tservice_human\tdrop\t这句没人看得懂\n",
        encoding="utf-8",
    )
    assert main(["--root", str(project), "agreement"]) == 0
    said = capsys.readouterr().out
    assert "2 held-out messages read twice: agreement 50.0%" in said
    assert "1  account_register / service_human   e.g. “怎么弄号”" in said
    assert "2 utterances read twice: agreement 50.0%" in said
