"""Both renderers, on a made-up report."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from evals.document import Chart, Document, Goal, Line, Listing, Section, Table, goals_section
from evals.figures import estimate, share
from evals.page import page, write_page
from evals.plain_text import lines_of

HALF = share([True, False])
GOAL = Goal("right first", 0.9, HALF)
CHART = Chart(
    "risk",
    "coverage",
    "wrong",
    [Line("ours", [(0.1, 0.01), (1.0, 0.07)]), Line("in use", [(0.5, 0.03)], dotted=True)],
    ideal=Line("perfect", [(0, 0), (1, 1)]),
)
SECTION = Section(
    "scenarios",
    "scenarios & styles",
    [
        Table("worst", ("scenario", "right", "example"), [("pay_failed", HALF, "付不了<b>钱</b>"), ("x", None, "短")]),
        Table("every one", ("scenario", "ratio"), [("pay_failed", estimate(len, 2))], folded=True),
        CHART,
        Listing("", ["precision  recall", "<plain>"]),
        "A sentence.",
    ],
    [GOAL],
)
DOCUMENT = Document("How good", "release x", [goals_section([SECTION], [("speed", "python -m bench")]), SECTION])


def test_a_page_needs_nothing_but_itself() -> None:
    html = page(DOCUMENT)
    assert not re.search(r"<script|<link|@import|src=|url\(|https?://", html)
    assert "prefers-color-scheme: dark" in html and 'name="viewport"' in html


def test_players_words_are_escaped() -> None:
    html = page(DOCUMENT)
    assert "付不了&lt;b&gt;钱" in html and "&lt;plain&gt;" in html and "<b>钱" not in html


def test_every_chapter_can_be_jumped_to() -> None:
    html = page(DOCUMENT)
    assert (
        set(re.findall(r'href="#(\w+)"', html))
        == set(re.findall(r'<section id="(\w+)"', html))
        == {"goals", "scenarios"}
    )


def test_charts_are_well_formed_and_keep_to_their_frame() -> None:
    charts = re.findall(r'<svg class="chart".*?</svg>', page(DOCUMENT), re.DOTALL)
    root = ElementTree.fromstring(charts[0])
    points = [pair.split(",") for line in root.iter("polyline") for pair in line.get("points", "").split()]
    assert len(charts) == 1 and len(points) == 4
    assert all(0 <= float(x) <= 440 and 0 <= float(y) <= 290 for x, y in points)
    assert [title.text for title in root.iter("title")][-1] == "in use: 50.0%, 3.0%"


def test_an_empty_chart_is_drawn() -> None:
    document = Document("t", "a", [Section("s", "s", [Chart("none", "x", "y", [Line("ours", [])])])])
    assert "<svg" in page(document)


def test_the_page_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    write_page(DOCUMENT, tmp_path / "new/report.html")
    assert (tmp_path / "new/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_plain_text_keeps_its_columns_under_chinese_and_leaves_long_tables_out() -> None:
    lines = list(lines_of(SECTION))
    first, second = (line for line in lines if "pay_failed" in line or line.startswith("    x "))
    assert first.index("付") == second.index("短")
    assert "  (every one: in the page)" in lines and "  (risk: in the page)" in lines
    assert "  <plain>" in lines and "  A sentence." in lines


def test_the_goals_stand_together() -> None:
    text = "\n".join(lines_of(DOCUMENT.sections[0]))
    assert "missed by 40.0 points" in text and "measured by python -m bench" in text
    assert "0 of 1 measured goals are reached" in text
