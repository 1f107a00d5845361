"""Curves and intervals as SVG: no library, the same bytes for the same values.

In: plain values. Out: one `<svg>` element that stands alone as a file or inside a page, readable on
light and on dark ground.
"""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dragon.evaluate.result import Plot, Score

COLOURS = ("#0f8a68", "#d97b1f", "#4a78c8", "#a4508b")
WIDTH, ROW = 660, 24
_STYLE = (
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#6b6b63}"
    ".t{fill:#33332e;font-weight:600}.g{stroke:#8886;stroke-width:.6}.l{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#a5a398}.t{fill:#e9e7df}}"
)


def line_chart(plot: Plot, height: int = 300) -> str:
    """A plot's curves with axes from 0 and a legend."""
    points = [p for line in plot.lines.values() for p in line]
    right = max((x for x, _ in points), default=1.0) or 1.0
    top = nice_top(max((y for _, y in points), default=1.0))
    box = _Box(52, 16, WIDTH - 16, height - 44, right, top)
    parts = [_grid(box)]
    for (name, line), colour in zip(plot.lines.items(), _colours(len(plot.lines)), strict=True):
        path = " ".join(f"{box.x(x):.1f},{box.y(y):.1f}" for x, y in line)
        parts.append(
            f'<polyline class="l" stroke="{colour}" points="{path}">'
            f"<title>{html.escape(name)}</title></polyline>"
        )
    parts.append(_text((box.left + box.right) / 2, height - 6, plot.x, "middle"))
    parts.append(
        f'<text transform="translate(13 {(box.top + box.bottom) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{html.escape(plot.y)}</text>'
    )
    parts.append(_legend(list(plot.lines), box.left + 12, box.top + 10, down=True))
    return _svg(WIDTH, height, plot.title, parts)


def interval_chart(
    title: str, groups: Mapping[str, Mapping[str, Score]], marks: Mapping[str, float] | None = None
) -> str:
    """Dots with their 95% intervals on a common axis.

    Args:
        title: of the chart.
        groups: for each row, by its name, a score for each series.
        marks: vertical lines by their names, as chance.
    """
    series = list(dict.fromkeys(name for row in groups.values() for name in row))
    every = [s for row in groups.values() for s in row.values()]
    least = min([0.0, *(s.low for s in every)])
    most = max([s.high for s in every] + [1e-9])
    share = most <= 1.0 and least >= 0.0
    top = 1.0 if share and most > 0.5 else nice_top(most)
    height = 56 + ROW * len(groups)
    box = _Box(210, 34, WIDTH - 24, height - 22, top, 1.0, min(least, 0.0))
    parts = [_legend(series, 210, 14), _ruler(box)]
    for name, at in (marks or {}).items():
        x = box.x(at)
        parts.append(
            f'<path class="g" stroke-dasharray="3 3" d="M{x:.1f} {box.top}V{box.bottom}"/>'
        )
        parts.append(_text(x, box.top - 4, name, "middle"))
    colours = dict(zip(series, _colours(len(series)), strict=True))
    for number, (label, row) in enumerate(groups.items()):
        middle = box.top + ROW * (number + 0.5)
        parts.append(_text(198, middle + 4, label.replace("_", " "), "end"))
        for place, (name, score) in enumerate(row.items()):
            y = middle + 7 * (place - (len(row) - 1) / 2)
            parts.append(_whisker(box, y, score, colours[name], name))
    return _svg(WIDTH, height, title, parts)


def nice_top(value: float) -> float:
    """The end of an axis: 1, 2 or 5 times a power of ten, not below the value.

    >>> nice_top(0.83), nice_top(3.2), nice_top(0)
    (1.0, 5.0, 1.0)
    """
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(float(k * unit) for k in (1, 2, 5, 10) if k * unit >= value * (1 - 1e-9))


@dataclass(frozen=True, slots=True)
class _Box:
    """Where the values lie on the paper."""

    left: float
    top: float
    right: float
    bottom: float
    most_x: float
    most_y: float
    least_x: float = 0.0

    def x(self, value: float) -> float:
        share = (value - self.least_x) / (self.most_x - self.least_x)
        return self.left + (self.right - self.left) * share

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.most_y


def _grid(box: _Box) -> str:
    parts = []
    for i in range(6):
        x, y = box.most_x * i / 5, box.most_y * i / 5
        parts.append(f'<path class="g" d="M{box.left} {box.y(y):.1f}H{box.right}"/>')
        parts.append(_text(box.left - 6, box.y(y) + 4, f"{y:g}"[:6], "end"))
        parts.append(_text(box.x(x), box.bottom + 16, f"{x:g}"[:6], "middle"))
    return "".join(parts)


def _ruler(box: _Box) -> str:
    parts = []
    for i in range(6):
        value = box.least_x + (box.most_x - box.least_x) * i / 5
        x = box.x(value)
        parts.append(f'<path class="g" d="M{x:.1f} {box.top}V{box.bottom}"/>')
        parts.append(_text(x, box.bottom + 15, f"{value:.3g}", "middle"))
    return "".join(parts)


def _whisker(box: _Box, y: float, score: Score, colour: str, name: str) -> str:
    a, b = box.x(score.low), box.x(score.high)
    said = f"{name}: {score.value:.3f} ({score.low:.3f} to {score.high:.3f}), n = {score.count}"
    return (
        f'<g stroke="{colour}" fill="{colour}"><title>{html.escape(said)}</title>'
        f'<path stroke-width="2" opacity=".55" d="M{a:.1f} {y:.1f}H{b:.1f}"/>'
        f'<circle cx="{box.x(score.value):.1f}" cy="{y:.1f}" r="3.2"/></g>'
    )


def _legend(names: Sequence[str], x: float, y: float, down: bool = False) -> str:
    if len(names) < 2:
        return ""
    parts, at = [], x
    for number, (name, colour) in enumerate(zip(names, _colours(len(names)), strict=True)):
        row = y + 17 * number if down else y
        start = WIDTH - 190 if down else at
        parts.append(f'<circle cx="{start:.0f}" cy="{row:.0f}" r="4.5" fill="{colour}"/>')
        parts.append(_text(start + 10, row + 4, name))
        at += 26 + 6.6 * len(name)
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{html.escape(title)}"><style>{_STYLE}</style>{"".join(parts)}</svg>'
    )


def _colours(count: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]
