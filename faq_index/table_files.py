"""Tables as files that a spreadsheet program opens: .xlsx and .csv, every cell a text."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from common.errors import SupportError

#: A row's cells by the name of their column.
Cells = Mapping[str, str]

_HEADER = 1
_WIDTHS = {"id": 32, "question": 36, "similar": 48, "answer": 80}
_USUAL_WIDTH = 16


class BadTable(SupportError):
    """A file that is no table, or lacks a column."""

    code = "bad_table"


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Write `rows` to `path`, whose ending says the kind."""
    if _is_xlsx(path):
        _write_xlsx(path, columns, rows)
    else:
        # Excel reads UTF-8 only behind a byte-order mark.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Cells]]:
    """Each row with its number as a spreadsheet program shows it; empty rows are left out.

    Raises:
        BadTable: no such file, not of its kind, or not with exactly these columns.
    """
    if not path.is_file():
        raise BadTable(f"there is no file {path}")
    rows = _xlsx_rows(path) if _is_xlsx(path) else _csv_rows(path)
    try:
        header = [cell.strip() for cell in next(rows)]
    except StopIteration:
        raise BadTable(f"{path.name} is empty: expected the columns {', '.join(columns)}") from None
    while header and not header[-1]:
        header.pop()
    missing, strange = [c for c in columns if c not in header], [c for c in header if c not in columns]
    if missing or strange or len(header) != len(set(header)):
        raise BadTable(
            f"{path.name} must have the columns {', '.join(columns)} once each; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(strange) or 'none'}"
        )
    for number, row in enumerate(rows, _HEADER + 1):
        if any(cell.strip() for cell in row):
            yield number, {key: cell.replace("\r\n", "\n").strip() for key, cell in zip(header, row)}


def _is_xlsx(path: Path) -> bool:
    kind = path.suffix.lower()
    if kind not in (".xlsx", ".csv"):
        raise BadTable(f"expected a file that ends in .xlsx or .csv, got {path.name}")
    return kind == ".xlsx"


def _write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = "library"
    sheet.freeze_panes = "C2"
    for index, name in enumerate(columns, 1):
        sheet.cell(_HEADER, index, name).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = _WIDTHS.get(name, _USUAL_WIDTH)
    for number, row in enumerate(rows, _HEADER + 1):
        for index, name in enumerate(columns, 1):
            cell = sheet.cell(number, index, row[name] or None)
            if row[name]:
                # A text, whatever it begins with: never a formula, a number or a date.
                cell.data_type, cell.number_format = "s", "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    book.save(path)


def _xlsx_rows(path: Path) -> Iterator[list[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        sheet = load_workbook(path, read_only=True, data_only=True).active
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BadTable(f"{path.name} is no Excel file: {error}") from error
    for row in sheet.iter_rows(values_only=True):
        yield [_cell(value) for value in row]


def _csv_rows(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file, strict=True)
    except UnicodeDecodeError as error:
        raise BadTable(f"{path.name} is not UTF-8 (save it as “CSV UTF-8”)") from error
    except csv.Error as error:
        raise BadTable(f"{path.name} is no CSV file: {error}") from error


def _cell(value: object) -> str:
    """A cell's value as a text, whatever a spreadsheet program has made of it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (datetime, date)):
        return value.date().isoformat() if isinstance(value, datetime) else value.isoformat()
    return str(value)
