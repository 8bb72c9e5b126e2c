"""The release on messages by other authors: a change of content or code that makes it much worse does not pass."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest

from bot.logic.decision import Decision
from common.held_out import SETS, load_held_out
from evals.__main__ import main
from evals.quality import Bot

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bot() -> Bot:
    """Needs `make train` to have run; `make test` does."""
    return Bot(ROOT)


def test_unseen_messages_find_their_scenario(bot: Bot) -> None:
    """A few points below what `python -m evals quality` measures, so that noise does not fail it."""
    items = load_held_out(ROOT, SETS / "scenarios.tuning.jsonl", [])
    found = [(item, bot(item.text)) for item in items]
    first = sum(read.scenarios[0] in item.fields["scenarios"] for item, read in found)
    answered = [(item, read) for item, read in found if read.decision is Decision.ANSWER]
    right = sum(read.scenarios[0] in item.fields["scenarios"] for item, read in answered)
    assert first / len(found) > 0.92
    assert len(answered) / len(found) > 0.75 and right / len(answered) > 0.96


def test_texts_out_of_scope_are_not_answered(bot: Bot) -> None:
    items = load_held_out(ROOT, SETS / "out_of_scope.tuning.jsonl", [])
    away = sum(bot(item.text).decision in (Decision.FALLBACK, Decision.SMALLTALK) for item in items)
    assert away / len(items) > 0.92


def test_the_quality_command_prints_its_chapters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(ROOT), "quality", "--set", "tuning"]) == 0
    said = capsys.readouterr().out
    for part in (
        "linear SVM",
        "BM25",
        "answered straight away",
        "out of scope, recognised",
        "emotion right",
        "fraud found",
    ):
        assert part in said


def test_the_judgement_is_surer_of_right_answers(bot: Bot) -> None:
    items = load_held_out(ROOT, SETS / "scenarios.tuning.jsonl", [])[::4]
    found = [(item, bot(item.text)) for item in items]
    sure = {
        right: [read.sure for item, read in found if (read.scenarios[0] in item.fields["scenarios"]) == right]
        for right in (True, False)
    }
    assert mean(sure[True]) > mean(sure[False]) + 0.1


def test_a_missing_set_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path), "quality"]) == 1
    assert "Traceback" not in capsys.readouterr().err
