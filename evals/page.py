"""A report as one HTML page that needs nothing but itself: no script, no file, no network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from evals.document import Cell, Chart, Document, Goal, Listing, Section, Table
from evals.figures import Estimate, Share
from evals.plots import chart_svg, share_svg

_STYLE = Path(__file__).with_name("page.css")
#: A name of a scenario, an entry or a release.
_CODE = re.compile(r"[a-z0-9]+(?:[_.][a-z0-9]+)+")
#: A longer text gets a wide column.
_SHORT = 36


def write_page(document: Document, path: Path) -> None:
    """Write the page; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(document), encoding="utf-8")


def page(document: Document) -> str:
    """The page's HTML."""
    links = "".join(f'<li><a href="#{item.name}">{escape(item.name)}</a></li>' for item in document.sections)
    body = "\n".join(line for section in document.sections for line in _section(section))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(document.title)}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<header>
<h1>{escape(document.title)}</h1>
<p>{escape(document.about)}</p>
<nav aria-label="contents"><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{section.name}">\n<h2>{escape(section.title)}</h2>'
    for block in section.blocks:
        if isinstance(block, Table):
            yield _folded(block) if block.folded else _titled(block.title) + _table(block)
        elif isinstance(block, Chart):
            yield _chart(block)
        elif isinstance(block, Listing):
            yield f"{_titled(block.title)}<pre>{escape(chr(10).join(block.lines))}</pre>"
        else:
            yield f"<p>{escape(block)}</p>"
    yield "</section>"


def _titled(title: str) -> str:
    return f"<h3>{escape(title)}</h3>\n" if title else ""


def _folded(table: Table) -> str:
    return f"<details><summary>{escape(table.title)} ({len(table.rows)})</summary>\n{_table(table)}</details>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n{note}'


def _cell(cell: Cell) -> str:
    if isinstance(cell, Share):
        small = f"<small>{cell.low:.1%}–{cell.high:.1%} </small><small>n={cell.count}</small>"
        return f'<td class="figure"><b>{cell.value:.1%}</b>{share_svg(cell)}<div>{small}</div></td>'
    if isinstance(cell, Estimate):
        return f'<td class="figure">{cell.value:.3f}<div><small>{cell.low:.3f}–{cell.high:.3f}</small></div></td>'
    if isinstance(cell, Goal):
        mark = {True: "✓", False: "✗", None: ""}[cell.is_reached]
        style = {True: "yes", False: "no", None: ""}[cell.is_reached]
        return f'<td class="verdict {style}">{mark} {escape(str(cell))}</td>'
    if cell is None or isinstance(cell, int):
        return f'<td class="figure">{"–" if cell is None else f"{cell:,}"}</td>'
    if _CODE.fullmatch(cell):
        return f'<td class="code">{cell.replace("_", "_<wbr>")}</td>'
    return f'<td class="{"long" if len(cell) > _SHORT else "text"}">{escape(cell)}</td>'


def _chart(chart: Chart) -> str:
    names = [(f"s{place}", line.name) for place, line in enumerate(chart.lines)]
    names += [("ideal", chart.ideal.name)] if chart.ideal else []
    legend = "".join(f'<span><i class="{style}"></i>{escape(name)}</span>' for style, name in names)
    note = f'<p class="note">{escape(chart.note)}</p>' if chart.note else ""
    return (
        f"<figure><figcaption>{_titled(chart.title)}"
        f'<div class="legend">{legend}</div></figcaption>\n<div class="y">{escape(chart.y)}</div>\n'
        f"{chart_svg(chart)}\n{note}</figure>"
    )
