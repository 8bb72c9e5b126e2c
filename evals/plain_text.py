"""A report's sections as lines for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from evals.document import Cell, Chart, Listing, Section, Table

#: A longer example is cut.
_WIDEST = 60


def lines_of(section: Section) -> Iterator[str]:
    """The section's lines. Charts and folded tables are left to the page."""
    yield f"\n{section.title}"
    for block in section.blocks:
        if isinstance(block, Table) and not block.folded:
            yield from _table(block)
        elif isinstance(block, Listing):
            yield from (f"  {line}" if line else "" for line in block.lines)
        elif isinstance(block, str):
            yield f"  {block}"
        elif isinstance(block, (Table, Chart)):
            yield f"  ({block.title}: in the page)"


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"  {table.title}"
    rows = [[shown(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(table.columns))]
    for row in rows:
        yield ("    " + "   ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths))).rstrip()
    if table.note:
        yield f"    {table.note}"


def shown(cell: Cell) -> str:
    """A cell's text."""
    if cell is None:
        return "–"
    text = f"{cell:,}" if isinstance(cell, int) else str(cell)
    return text if _width(text) <= _WIDEST else text[: _WIDEST // 2] + "…"


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
