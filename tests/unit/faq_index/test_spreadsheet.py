"""The library goes out to a spreadsheet and comes back without loss; a bad row changes nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from common.content import FaqEntry, load_content
from faq_index.__main__ import main
from faq_index.check import check_content
from faq_index.spreadsheet import COLUMNS, export_library, import_library
from faq_index.table_files import BadTable

LIBRARY = "faq_index/library"
ROOT = Path(__file__).parents[3]


def files(root: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((root / LIBRARY).rglob("*.yml"))}


def entries(root: Path) -> dict[str, FaqEntry]:
    return {entry.id: entry for entry in load_content(root).entries}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(params=["library.xlsx", "library.csv"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


@pytest.fixture
def sheet(project: Path, tmp_path: Path) -> Path:
    path = tmp_path / "library.csv"
    export_library(project, path)
    return path


def test_what_goes_out_comes_back_and_changes_nothing(project: Path, table: Path) -> None:
    before = files(project)
    assert export_library(project, table) == 6
    imported = import_library(project, table)
    assert len(imported.unchanged) == 6 and not imported.refused
    assert files(project) == before


def test_our_own_library_survives_with_all_its_fields(tmp_path: Path, table: Path) -> None:
    """Into a root whose library is empty: everything is made of the table alone."""
    export_library(ROOT, table)
    for name in ("data/scenarios.yml", "domain.yml", "faq_index/facts.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "faq_index/library").mkdir()
    (tmp_path / "data/nlu").mkdir()
    imported = import_library(tmp_path, table)
    assert imported.refused == []

    def facts_of(root: Path) -> dict[str, tuple[object, ...]]:
        return {
            entry.id: (entry.scenario, entry.question, entry.similar, entry.answer, entry.links, entry.platform,
                       entry.version, entry.valid_from, entry.valid_until, entry.warning, entry.offer_human,
                       entry.english and (entry.english.question, entry.english.similar, entry.english.answer))
            for entry in load_content(root).entries
        }  # fmt: skip

    assert facts_of(tmp_path) == facts_of(ROOT)


def test_a_changed_cell_changes_that_entry_only(project: Path, sheet: Path) -> None:
    library = project / LIBRARY / "all.yml"
    library.write_text("# our library\n" + library.read_text(encoding="utf-8"), encoding="utf-8")
    before = library.read_text(encoding="utf-8")
    rows = rows_of(sheet)
    rows[0] |= {"answer": "第一步。\n\n- 再一步", "platform": "ios, pc", "valid_until": "2099-01-31", "warning": "是"}
    write_rows(sheet, rows)
    imported = import_library(project, sheet)
    assert (imported.changed, len(imported.unchanged)) == ([rows[0]["id"]], 5)
    changed = entries(project)[rows[0]["id"]]
    assert (changed.answer, changed.platform, changed.warning) == ("第一步。\n\n- 再一步", ("ios", "pc"), True)
    assert str(changed.valid_until) == "2099-01-31"
    text = library.read_text(encoding="utf-8")
    assert text.startswith("# our library\n") and text.split("- id: ")[2:] == before.split("- id: ")[2:]
    assert check_content(project)[1] == []


def test_a_new_row_becomes_an_entry_with_its_english_version(project: Path, sheet: Path) -> None:
    new = dict.fromkeys(COLUMNS, "") | {
        "id": "service_human.hours", "scenario": "service_human", "question": "人工几点上班？", "similar": "客服啥时候在\n夜里有人吗\n周末有没有人值班",
        "answer": "请等 {{pay.minutes}}。", "english_question": "When is staff online?", "english_answer": "Please wait.",
    }  # fmt: skip
    write_rows(sheet, [*rows_of(sheet), new])
    assert import_library(project, sheet).added == ["service_human.hours"]
    entry = entries(project)["service_human.hours"]
    assert entry.similar[1] == "夜里有人吗" and entry.english and entry.english.question == "When is staff online?"
    assert check_content(project)[1] == []


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"scenario": "nowhere"}, "unknown scenario nowhere"),
        ({"question": ""}, "question is missing"),
        ({"answer": "{{pay.hours}}"}, "unknown fact"),
        ({"answer": "等 10 分钟"}, "types the number 10"),
        ({"platform": "windows"}, "must be a list out of ios, android, pc"),
        ({"valid_from": "soon"}, "must be a date"),
        ({"warning": "maybe"}, "must be true or false"),
        ({"links": "主页"}, "each of links needs a url"),
        ({"links": "主页 | https://elsewhere.example"}, "must name one of"),
        ({"id": "x"}, "must look like"),
        ({"similar": "人工要排多久？"}, "stands already in entry service_human.q1"),
        ({"english_question": "How?"}, "answer is missing"),
    ],
)
def test_a_bad_row_is_refused_with_its_number_and_the_rest_counts(
    project: Path, sheet: Path, cells: dict[str, str], reason: str
) -> None:
    rows = rows_of(sheet)
    before = entries(project)
    rows[1] |= cells
    rows[2]["question"] = "充值不到账要怎么处理才好？"
    write_rows(sheet, rows)
    imported = import_library(project, sheet)
    assert {problem.place.line for problem in imported.refused} == {3}
    assert any(reason in problem.message for problem in imported.refused), imported.refused
    assert imported.changed == [rows[2]["id"]]
    after = entries(project)
    assert len(after) == 6 and after[list(before)[1]].answer == before[list(before)[1]].answer


def test_an_id_that_stands_twice_is_refused_the_second_time(project: Path, sheet: Path) -> None:
    rows = rows_of(sheet)
    write_rows(sheet, [*rows, rows[0] | {"question": "另一个问法在这里呢？"}])
    imported = import_library(project, sheet)
    assert [(problem.place.line, problem.message.split(": ")[1]) for problem in imported.refused] == [
        (8, "the id stands in an earlier row already")
    ]


def test_entries_without_a_row_stay_unless_they_are_to_go(project: Path, sheet: Path) -> None:
    write_rows(sheet, rows_of(sheet)[:4])
    assert import_library(project, sheet).removed == [] and len(entries(project)) == 6
    assert len(import_library(project, sheet, remove_missing=True).removed) == 2
    assert len(entries(project)) == 4


def test_a_cell_that_looks_like_a_formula_or_a_date_stays_a_text(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.xlsx"
    library = project / LIBRARY / "all.yml"
    library.write_text(
        library.read_text(encoding="utf-8").replace("  - 在哪里注册", "  - =在哪里注册"), encoding="utf-8"
    )
    export_library(project, path)
    cell = load_workbook(path).active["D2"]
    assert cell.data_type == "s" and "=在哪里注册" in cell.value
    assert len(import_library(project, path).unchanged) == 6


def test_dates_numbers_and_ticks_of_a_spreadsheet_program_are_understood(project: Path, tmp_path: Path) -> None:
    from datetime import datetime

    path = tmp_path / "library.xlsx"
    export_library(project, path)
    book = load_workbook(path)
    for name, value in (("valid_until", datetime(2099, 1, 31)), ("warning", True), ("version", 2.6)):
        book.active.cell(2, COLUMNS.index(name) + 1).value = value
    book.save(path)
    assert import_library(project, path).refused == []
    entry = next(iter(entries(project).values()))
    assert (str(entry.valid_until), entry.warning, entry.version) == ("2099-01-31", True, "2.6")


def test_a_file_that_is_no_table_is_refused_in_a_sentence(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {
        "library.txt": (b"", "ends in .xlsx or .csv"),
        "broken.xlsx": (b"no zip", "is no Excel file"),
        "latin.csv": ("id,é".encode("latin-1"), "is not UTF-8"),
        "empty.csv": (b"", "is empty"),
        "other.csv": (b"id,colour\n", "missing: scenario"),
    }
    for name, (body, reason) in cases.items():
        (tmp_path / name).write_bytes(body)
        with pytest.raises(BadTable, match=reason):
            import_library(project, tmp_path / name)
    book = Workbook()
    book.active.append(["id"])
    book.save(tmp_path / "one.xlsx")
    assert main(["--root", str(project), "import", str(tmp_path / "one.xlsx")]) == 1
    assert main(["--root", str(project), "import", str(tmp_path / "gone.csv")]) == 1
    said = capsys.readouterr().err
    assert "missing: scenario" in said and "there is no file" in said and "Traceback" not in said


def test_the_command_says_what_it_did(project: Path, sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(sheet)
    rows[1]["scenario"] = "nowhere"
    write_rows(sheet, rows)
    assert main(["--root", str(project), "import", str(sheet)]) == 1
    said = capsys.readouterr()
    assert "library.csv, row 3: " in said.err and "unknown scenario nowhere" in said.err
    assert said.out == "0 changed, 0 added, 0 removed, 5 as they were, 1 rows refused\n"
