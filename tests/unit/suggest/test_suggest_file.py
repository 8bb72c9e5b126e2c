"""The operators' two files: what they say, and what is wrong with them by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.content import load_entries
from common.settings import ROOT
from common.yaml_items import Problem
from suggest.decay import MINUTE
from suggest.suggest_file import BadRules, check_suggest, load_rules, read_rules

EVENTS = """\
events:
  - kind: ban
    strength: 80
    half_life_minutes: 60
    card_minutes: 10
    data: [days]
    entries: [a.1, a.2]
pages:
  - page: shop
    strength: 40
    entries: [b.1]
players:
  - why: vip
    from_vip: 5
    strength: 20
    entries: [b.1]
never: [b]
"""
CALENDAR = """\
- id: m
  name: 维护
  weekly: thursday 08:00-10:00
  strength: 20
  entries: [a.1]
- id: s
  name: 赛季
  from: 2026-12-17T05:00+08:00
  until: 2026-12-18T05:00+08:00
  lead_hours: 24
  strength: 10
  entries: [a.2]
"""
KNOWN = {"a.1", "a.2", "b.1"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    write(tmp_path)
    return tmp_path


def write(root: Path, events: str = EVENTS, calendar: str = CALENDAR) -> None:
    (root / "data/suggest.yml").write_text(events, encoding="utf-8")
    (root / "data/calendar.yml").write_text(calendar, encoding="utf-8")


def problems(root: Path) -> list[str]:
    return [str(problem) for problem in check_suggest(root, KNOWN)]


def test_what_the_files_say_is_read(root: Path) -> None:
    rules = load_rules(root)
    ban = rules.events["ban"]
    assert (ban.speaks.strength, ban.half_life_ms, ban.card_ms, ban.data) == (0.8, 60 * MINUTE, 10 * MINUTE, ("days",))
    assert rules.never == {"b"}
    assert rules.page("shop/gems") == "shop" and rules.page("moon") == ""
    assert [occasion.id for occasion in rules.calendar] == ["m", "s"]
    assert problems(root) == []


def test_shares_fall_with_the_place_and_make_the_strength(root: Path) -> None:
    shares = dict(load_rules(root).events["ban"].speaks.shares())
    assert shares["a.1"] == pytest.approx(2 * shares["a.2"])
    assert sum(shares.values()) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("[a.1, a.2]", "[a.1, a.9]", 7, "there is no entry a.9"),
        ("[a.1, a.2]", "[a.1, a.1]", 7, "stands twice"),
        ("[a.1, a.2]", "[]", 7, "at least one"),
        ("strength: 80", "strength: 800", 3, "from 1 to 99"),
        ("half_life_minutes: 60", "half_lives: 60", 4, "stray key"),
        ("why: vip", "why: whale", 13, "must be one of new_player, vip"),
        ("    from_vip: 5\n", "", 13, "say who is meant"),
        ("pages:", "sites:", 8, "unknown section"),
        ("never: [b]", "never: [z]", 17, "there is no scenario z"),
        ("kind: ban", "kind: [", 2, "not YAML"),
    ],
)
def test_a_fault_is_named_by_file_and_line(root: Path, before: str, after: str, line: int, said: str) -> None:
    write(root, EVENTS.replace(before, after, 1))
    found = problems(root)
    assert any(said in one for one in found)
    assert any(one.startswith(f"data/suggest.yml:{line}:") or "not YAML" in one for one in found)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("thursday 08:00-10:00", "someday 08:00-10:00", "weekly must be like"),
        ("thursday 08:00-10:00", "thursday 10:00-08:00", "end later"),
        ("2026-12-17T05:00+08:00", "2026-12-19T05:00+08:00", "later than from"),
        ("2026-12-17T05:00+08:00", "soon", "must be a time"),
        ("id: s", "id: m", "stands twice"),
        ("[a.2]", "[a.7]", "there is no entry a.7"),
    ],
)
def test_a_fault_of_the_calendar_is_named(root: Path, before: str, after: str, said: str) -> None:
    write(root, calendar=CALENDAR.replace(before, after, 1))
    assert any(said in one and one.startswith("data/calendar.yml:") for one in problems(root))


def test_files_with_faults_are_not_used(root: Path) -> None:
    write(root, EVENTS.replace("kind: ban", "kind: ban\n    strange: 1"))
    with pytest.raises(BadRules, match=r"data/suggest\.yml:3"):
        load_rules(root)


def test_a_project_without_the_files_has_nothing_to_check(tmp_path: Path) -> None:
    assert check_suggest(tmp_path, KNOWN) == []


def test_the_sample_files_name_only_entries_of_the_library() -> None:
    faults: list[Problem] = []
    known = {entry.id for entry in load_entries(ROOT, [])}
    rules = read_rules(ROOT, faults, known)
    assert faults == []
    assert len(rules.events) >= 20 and len(rules.pages) >= 20 and rules.calendar
