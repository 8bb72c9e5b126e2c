"""The committed traditional sentences say what the simplified ones say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway import traditional

COMMITTED = traditional.STRINGS / "zhHant.ts"


def test_the_committed_sentences_are_up_to_date() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == traditional.render(), (
        "run: python -m gateway.traditional > web/src/strings/zhHant.ts"
    )


def test_words_are_those_of_taiwan_and_hong_kong() -> None:
    text = traditional.render()
    assert "請重新登入遊戲後再試" in text
    assert "最新訊息" in text
    assert not {"賬號", "信息", "網絡", "郵箱"} & {text[at : at + 2] for at in range(len(text))}


def test_the_desk_is_left_out() -> None:
    assert "desk" not in traditional.render()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("從來沒有的詞\t另一個詞", "zhHant.corrections.tsv:1: nothing says"),
        ("沒有製表符", "zhHant.corrections.tsv:1: expected two words"),
        ("訊息\t", "zhHant.corrections.tsv:1: expected two words"),
    ],
)
def test_a_wrong_correction_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    shutil.copy(traditional.STRINGS / "zh.ts", tmp_path)
    (tmp_path / "zhHant.corrections.tsv").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        traditional.render(tmp_path)
