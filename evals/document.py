"""What a report is made of: sections of tables, charts and lines, and the goals that they speak to.

Whatever measures makes these; evals.plain_text and evals.page show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.figures import Estimate, Share


@dataclass(frozen=True)
class Goal:
    """What is wanted of a figure, and what it is."""

    name: str
    wanted: float
    #: None: not measured this time.
    figure: Share | Estimate | int | None
    #: Whether less is better.
    at_most: bool = False

    @property
    def missed_by(self) -> float:
        """How far the figure is from what is wanted; 0 or less: reached."""
        value = self.figure.value if isinstance(self.figure, (Share, Estimate)) else float(self.figure or 0)
        return value - self.wanted if self.at_most else self.wanted - value

    @property
    def is_reached(self) -> bool | None:
        """None when it is not measured."""
        return None if self.figure is None else self.missed_by <= 0

    @property
    def aim(self) -> str:
        """What is wanted, in words."""
        percent = isinstance(self.figure, Share)
        return f"{'≤' if self.at_most else '≥'} {f'{self.wanted:.0%}' if percent else f'{self.wanted:,.4g}'}"

    def __str__(self) -> str:
        if not self.is_reached and self.figure is not None:
            missed = self.missed_by
            return f"missed by {f'{100 * missed:.1f} points' if isinstance(self.figure, Share) else f'{missed:,.3g}'}"
        return "reached" if self.is_reached else "not measured"


#: What stands in a cell; a goal shows its verdict, None is a dash.
Cell = str | int | Share | Estimate | Goal | None


@dataclass(frozen=True)
class Table:
    """Rows of cells under their columns."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""
    #: Too long to be read through: the page folds it, plain text leaves it out.
    folded: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a chart."""

    name: str
    #: (x, y), both shares 0..1, x ascending.
    points: Sequence[tuple[float, float]]
    #: Whether the points themselves are shown.
    dotted: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines over one pair of axes, from 0 to the highest x and y (shares)."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    note: str = ""
    #: A line that is not measured, but to be compared with (the diagonal); first so that others are drawn over it.
    ideal: Line | None = None


@dataclass(frozen=True)
class Listing:
    """Lines of another report, as they are."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Section:
    """A chapter of the report."""

    #: Short, lower case: it is also the page's anchor.
    name: str
    title: str
    blocks: Sequence[Table | Chart | Listing | str]
    goals: Sequence[Goal] = ()


@dataclass(frozen=True)
class Document:
    """The whole report."""

    title: str
    about: str
    sections: Sequence[Section]


def goals_section(sections: Iterable[Section], elsewhere: Sequence[tuple[str, str]] = ()) -> Section:
    """All the sections' goals in one table; `elsewhere` are (goal, the command that measures it)."""
    goals = [goal for section in sections for goal in section.goals]
    rows: list[tuple[Cell, ...]] = [(goal.name, goal.aim, goal.figure, goal) for goal in goals]
    rows += [(name, "", None, f"measured by {command}") for name, command in elsewhere]
    reached, measured = sum(goal.is_reached is True for goal in goals), sum(goal.figure is not None for goal in goals)
    note = f"{reached} of {measured} measured goals are reached, by the figure itself, whatever its interval."
    return Section("goals", "goals", [Table("", ("goal", "wanted", "figure", "verdict"), rows, note)])
