"""`python -m suggest.check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from suggest.check import main


def test_a_fault_is_printed_with_its_place_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/suggest.yml").write_text(
        "pages:\n  - page: x\n    strength: 10\n    entries: [gone.1]\n", encoding="utf-8"
    )
    (tmp_path / "data/calendar.yml").write_text("[]\n", encoding="utf-8")
    assert main(tmp_path) == 1
    assert "data/suggest.yml:4: there is no entry gone.1" in capsys.readouterr().out


def test_a_project_without_the_files_passes(tmp_path: Path) -> None:
    assert main(tmp_path) == 0
