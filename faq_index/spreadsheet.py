"""The library as a spreadsheet and back: one row an entry, for whoever would rather edit a table than a text file.

    python -m faq_index export library.xlsx      (or .csv)
    python -m faq_index import library.xlsx

What goes out comes back without loss. A row that is wrong is refused with its number and the reason and changes nothing;
the other rows count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from common.content import LIBRARY, Content, FaqEntry, entry_of, load_content
from common.errors import SupportError
from common.targets import load_targets
from common.yaml_items import Item, Place, Problem
from faq_index.entry_checks import check_entries, check_wordings
from faq_index.library_files import remove_entries, write_entries
from faq_index.table_files import Cells, read_table, write_table

COLUMNS = (
    "id",
    "scenario",
    "question",
    "similar",
    "answer",
    "links",
    "platform",
    "version",
    "valid_from",
    "valid_until",
    "warning",
    "offer_human",
    "english_question",
    "english_similar",
    "english_answer",
)
_LISTS = ("similar", "english_similar")
_FLAGS = ("warning", "offer_human")
_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否")
_LINK = " | "


class LibraryFaulty(SupportError):
    """The library has to be mended before it can be exchanged."""

    code = "library_faulty"


@dataclass
class Imported:
    """What an import has done, by the ids of the entries."""

    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    #: The line of each place is the row of the file.
    refused: list[Problem] = field(default_factory=list)


def export_library(root: Path, path: Path) -> int:
    """Write every entry to `path` (.xlsx or .csv); how many there were.

    Raises:
        LibraryFaulty: something in the library could not be read and would be lost.
        BadTable: another kind of file.
    """
    entries = _content(root).entries
    write_table(path, COLUMNS, [_row(entry) for entry in entries])
    return len(entries)


def import_library(root: Path, path: Path, remove_missing: bool = False) -> Imported:
    """Take the rows of `path` into the library's files.

    An entry with a known id is changed, one with a new id goes to its scenario's file; entries without a row stay,
    unless `remove_missing`.

    Raises:
        LibraryFaulty: something in the library could not be read.
        BadTable: the file can't be read or lacks a column.
    """
    content = _content(root)
    imported = Imported()
    rows = list(read_table(path, COLUMNS))
    entries = _without_faulty(root, content, list(_understood(path, rows, imported.refused)), imported.refused)
    known = {entry.id: entry for entry in content.entries}
    new = [entry for entry in entries if entry.id not in known]
    old = [replace(entry, place=known[entry.id].place) for entry in entries if entry.id in known]
    changed = [entry for entry in old if _row(entry) != _row(known[entry.id])]
    imported.added, imported.changed = [entry.id for entry in new], [entry.id for entry in changed]
    imported.unchanged = [entry.id for entry in old if entry.id not in imported.changed]
    write_entries(root, changed, new, _files(content))
    if remove_missing:
        named = {cells["id"] for _, cells in rows}
        gone = [entry for entry in _content(root).entries if entry.id not in named]
        imported.removed = [entry.id for entry in gone]
        remove_entries(root, gone)
    return imported


def _content(root: Path) -> Content:
    content = load_content(root)
    if content.problems:
        raise LibraryFaulty(f"the content has faults; mend them first (make check): {content.problems[0]}")
    return content


def _row(entry: FaqEntry) -> Cells:
    english = entry.english
    return {
        "id": entry.id,
        "scenario": entry.scenario,
        "question": entry.question,
        "similar": "\n".join(entry.similar),
        "answer": entry.answer,
        "links": "\n".join(link.text + _LINK + link.url for link in entry.links),
        "platform": ", ".join(entry.platform),
        "version": entry.version,
        "valid_from": entry.valid_from.isoformat() if entry.valid_from else "",
        "valid_until": entry.valid_until.isoformat() if entry.valid_until else "",
        "warning": _YES[0] if entry.warning else "",
        "offer_human": _YES[0] if entry.offer_human else "",
        "english_question": english.question if english else "",
        "english_similar": "\n".join(english.similar) if english else "",
        "english_answer": english.answer if english else "",
    }


def _understood(path: Path, rows: Sequence[tuple[int, Cells]], refused: list[Problem]) -> Iterator[FaqEntry]:
    """The entries of the rows that can be understood."""
    seen: Counter[str] = Counter()
    for number, cells in rows:
        place = Place(path.name, number)
        problems: list[Problem] = []
        entry = entry_of(Item(place, _values(cells)), problems)
        seen[cells["id"]] += 1
        if seen[cells["id"]] > 1:
            problems.append(Problem(place, "the id stands in an earlier row already"))
        refused += [Problem(place, f"{cells['id'] or '(no id)'}: {problem.message}") for problem in problems]
        if entry and not problems:
            yield entry


def _values(cells: Cells) -> dict[str, Any]:
    """A row's cells as the values that a library file would hold; an empty cell is a key that is not there."""
    values: dict[str, Any] = {key: cell for key, cell in cells.items() if cell and not key.startswith("english_")}
    values |= {key: _lines(cells[key]) for key in _LISTS if not key.startswith("english_")}
    values |= {key: _flag(cells[key]) for key in _FLAGS}
    if cells["links"]:
        parts = [line.rsplit(_LINK.strip(), 1) for line in _lines(cells["links"])]
        values["links"] = [dict(zip(("text", "url"), (text.strip() for text in part))) for part in parts]
    if cells["platform"]:
        values["platform"] = [part.strip().lower() for part in cells["platform"].replace("，", ",").split(",")]
    if any(cells[key] for key in cells if key.startswith("english_")):
        values["english"] = {
            "question": cells["english_question"],
            "similar": _lines(cells["english_similar"]),
            "answer": cells["english_answer"],
        }
    return values


def _lines(cell: str) -> list[str]:
    return [line.strip() for line in cell.splitlines() if line.strip()]


def _flag(cell: str) -> bool | str:
    """What a cell says; one that says neither stays as it is and is refused with the entry."""
    lower = cell.lower()
    return True if lower in _YES else False if not lower or lower in _NO else cell


def _without_faulty(
    root: Path, content: Content, entries: Sequence[FaqEntry], refused: list[Problem]
) -> list[FaqEntry]:
    """The entries that pass the content check in the library as it would become; the others are refused."""
    rows: Mapping[Place, str] = {entry.place: entry.id for entry in entries}
    known = {entry.id: _row(entry) for entry in content.entries}
    kept = [entry for entry in content.entries if entry.id not in set(rows.values())]
    # Of two wordings that clash the later is refused: it has to be the one that is new.
    ordered = sorted(entries, key=lambda entry: known.get(entry.id) != _row(entry))
    future = replace(content, entries=[*kept, *ordered])
    today = datetime.now(timezone.utc).date()
    found = [*check_entries(future, load_targets(root, []), today), *check_wordings(future)]
    faulty = [problem for problem in found if problem.place in rows]
    refused += [Problem(problem.place, f"{rows[problem.place]}: {problem.message}") for problem in faulty]
    places = {problem.place for problem in faulty}
    return [entry for entry in entries if entry.place not in places]


def _files(content: Content) -> dict[str, Path]:
    """The file that a new entry of each scenario goes to: where its others lie, else one of its own in the folder of
    its domain.
    """
    used = {entry.scenario: Path(entry.place.file) for entry in content.entries}
    folders = {scenario.domain: used[scenario.id].parent for scenario in content.scenarios if scenario.id in used}
    return {
        scenario.id: used.get(scenario.id) or folders.get(scenario.domain, LIBRARY) / f"{scenario.id}.yml"
        for scenario in content.scenarios
    }
