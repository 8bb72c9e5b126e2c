"""Charts as inline SVG, without any library: evals.page sets their colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from evals.document import Chart, Line
from evals.figures import Share

_WIDTH, _HEIGHT = 440, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 22, 12, 44
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
#: An axis has at most so many steps.
_MOST = 6
#: A bar's width, and the room that its dot takes at either end.
_BAR, _END = 72, 4


def chart_svg(chart: Chart) -> str:
    """The chart; a point's figures show when the pointer rests on it."""
    drawn = [*([chart.ideal] if chart.ideal else []), *chart.lines]
    scale = _Scale([point for line in drawn for point in line.points])
    parts = [
        *_axes(chart, scale),
        *([_polyline(chart.ideal, "ideal", scale)] if chart.ideal else []),
        *(part for place, line in enumerate(chart.lines) for part in _line(line, f"s{place}", scale)),
    ]
    name = escape(f"{chart.title}: {chart.y} over {chart.x}")
    return f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def share_svg(share: Share) -> str:
    """A share and its interval on a bar from 0 to 100 %."""
    low, high, value = (_END + (_BAR - 2 * _END) * part for part in (share.low, share.high, share.value))
    return (
        f'<svg class="bar" viewBox="0 0 {_BAR} 10" width="{_BAR}" height="10" aria-hidden="true">'
        f'<path class="track" d="M{_END} 5H{_BAR - _END}"/><path class="span" d="M{low:.1f} 5H{high:.1f}"/>'
        f'<circle cx="{value:.1f}" cy="5" r="3"/></svg>'
    )


class _Scale:
    """Shares to pixels; both axes begin at 0."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        self.x_ticks = _ticks(max((x for x, _ in points), default=1.0))
        self.y_ticks = _ticks(max((y for _, y in points), default=1.0))

    def x(self, value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / self.x_ticks[-1]

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / self.y_ticks[-1]


def _ticks(highest: float) -> list[float]:
    """Round numbers from 0 to at least the highest one, at most 1."""
    step = next((step for step in _STEPS if highest <= step * _MOST), _STEPS[-1])
    count = max(1, -int(-(highest - 1e-9) // step))
    return [step * number for number in range(count + 1)]


def _axes(chart: Chart, scale: _Scale) -> Iterator[str]:
    bottom = _HEIGHT - _BOTTOM
    for tick in scale.y_ticks:
        y = scale.y(tick)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.0%}</text>'
    for tick in scale.x_ticks:
        yield f'<text x="{scale.x(tick):.1f}" y="{bottom + 17}" text-anchor="middle">{tick:.0%}</text>'
    yield f'<path class="axis" d="M{_LEFT} {bottom}H{_WIDTH - _RIGHT}"/>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<text class="label" x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(chart.x)}</text>'


def _line(line: Line, style: str, scale: _Scale) -> Iterator[str]:
    if len(line.points) > 1:
        yield _polyline(line, style, scale)
    for x, y in line.points:
        shape = (
            f'class="{style} {"dot" if line.dotted else "spot"}" cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="4.5"'
        )
        yield f"<circle {shape}><title>{escape(line.name)}: {x:.1%}, {y:.1%}</title></circle>"


def _polyline(line: Line, style: str, scale: _Scale) -> str:
    points = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in line.points)
    return f'<polyline class="{style}" points="{points}"/>'
