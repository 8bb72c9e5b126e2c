"""The mutation script works: it finds its texts in today's engine, and a planted bug is caught on either side."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from common.settings import ROOT
from tests.mutations.__main__ import planted
from tests.mutations.plants import PLANTS, Plant


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_plant_finds_its_text_exactly_once(plant: Plant) -> None:
    text = (ROOT / plant.file).read_text(encoding="utf-8")
    assert planted(plant, text) != text


def test_a_plant_whose_text_is_gone_is_refused() -> None:
    with pytest.raises(ValueError, match="found it 0 times"):
        planted(PLANTS[0], "something else")


def test_a_bug_in_lua_and_one_in_python_are_caught() -> None:
    command = [sys.executable, "-m", "tests.mutations", "--skip-sound", "--jobs", "2"]
    ran = subprocess.run(
        [*command, "--only", "requeued_with_a_new_key", "reservation_holds_nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 of 2 planted bugs were caught" in ran.stdout
    seen = dict(re.findall(r"^\| (\w+) \| [^|]+ \| [^|]+ \| ([^|]+) \|", ran.stdout, re.MULTILINE))
    assert re.search("key rose|another key", seen["requeued_with_a_new_key"])
    assert re.search("units|was not refused", seen["reservation_holds_nothing"])
