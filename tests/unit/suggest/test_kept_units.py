"""Texts taken apart are kept from one training to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from suggest import kept
from suggest.kept import KeptUnits
from suggest.phrases import Units


class Taker:
    """Takes texts apart in the simplest way and counts how many."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def __call__(self, text: str) -> Units:
        self.taken.append(text)
        return Units(text, " " * (len(text) - 1), bytes(2 * len(text)), bytes(len(text)))


@pytest.fixture(autouse=True)
def write_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_WORTH_WRITING", 1)


def test_a_known_text_is_not_taken_apart_again(tmp_path: Path) -> None:
    first, again = Taker(), Taker()
    units = KeptUnits(tmp_path / "deep" / "a.pickle", first)
    made = [units("充值"), units("充值")]
    units.save()
    later = KeptUnits(tmp_path / "deep" / "a.pickle", again)
    assert [later("充值"), later("充值")] == made and later("退款").chars == "退款"
    assert (first.taken, again.taken) == (["充值"], ["退款"])


@pytest.mark.parametrize("content", [b"", b"half a file", b"\x80\x05"])
def test_a_broken_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path, taker = tmp_path / "a.pickle", Taker()
    path.write_bytes(content)
    units = KeptUnits(path, taker)
    units("充值")
    units.save()
    assert KeptUnits(path, taker)("充值").chars == "充值" and taker.taken == ["充值"]


def test_files_of_older_states_go(tmp_path: Path) -> None:
    for name in "abc":
        units = KeptUnits(tmp_path / f"{name}.pickle", Taker())
        units("充值")
        units.save()
    assert len(list(tmp_path.iterdir())) == 2 and (tmp_path / "c.pickle").exists()
