"""A line chart as SVG, without a library.

In: named series of (x, y). Out: one <svg>, coloured by the page's style sheet: `c0`, `c1`, ... for
the runs, `val` for what was measured on held-out data.
"""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Points = Sequence[tuple[float, float]]
Place = Callable[[float, float], tuple[float, float]]

WIDTH, WIDE, HEIGHT = 520.0, 1080.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 12.0, 10.0, 26.0
MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class Series:
    """One line.

    Attributes:
        name: for the tool tips.
        points: in order of x.
        colour: number of its run.
        is_val: drawn with its points, over the others.
    """

    name: str
    points: Points
    colour: int
    is_val: bool = False


def chart(series: Sequence[Series], label: str, wide: bool = False) -> str:
    """The chart of some series; empty where they have no point.

    Args:
        series: with steps as x.
        label: what it shows, for those who cannot see it.
        wide: as wide as the page, and no higher.
    """
    thin = [(s, thinned(s.points)) for s in series if s.points]
    if not thin:
        return ""
    xs = [x for _, points in thin for x, _ in points]
    low, high = _range([y for _, points in thin for _, y in points])
    left, right = min(xs), max(max(xs), min(xs) + 1)
    width = WIDE if wide else WIDTH

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - left) / (right - left) * (width - LEFT - RIGHT)
        y = min(max(y, low), high)
        up = (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return round(LEFT + across, 1), round(HEIGHT - BOTTOM - up, 1)

    parts = [_grid((left, right), (low, high), width - RIGHT, place)]
    for one, points in sorted(thin, key=lambda pair: pair[0].is_val):
        parts.append(_line(one, [(x, y, *place(x, y)) for x, y in points]))
    return (
        f'<svg viewBox="0 0 {width:g} {HEIGHT:g}" role="img" aria-label="{html.escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def thinned(points: Points, most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most so many points, each the mean of its neighbours.

    >>> thinned([(1, 4.0), (2, 2.0), (3, 1.0)], most=2)
    [(1.5, 3.0), (3.0, 1.0)]
    """
    size = math.ceil(len(points) / most)
    groups = [points[at : at + size] for at in range(0, len(points), size)]
    return [(sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups]


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two.

    >>> ticks(0, 200)
    [0.0, 50.0, 100.0, 150.0, 200.0]
    """
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def shown(value: float) -> str:
    """A number as short as an axis wants it.

    >>> shown(12000), shown(0.0003), shown(6.5)
    ('12k', '3e-4', '6.5')
    """
    if value and abs(value) < 1e-3:
        digits, _, power = f"{value:.1e}".partition("e")
        return f"{digits.removesuffix('.0')}e{int(power)}"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _range(values: list[float]) -> tuple[float, float]:
    """All values, but for the outliers above: a first gradient would flatten all the others."""
    ordered = sorted(v for v in values if math.isfinite(v)) or [0.0]
    low, high = ordered[0], ordered[-1]
    usual = ordered[round(0.97 * (len(ordered) - 1))]
    if high - low > 3 * (usual - low) > 0:
        high = low + 1.25 * (usual - low)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return (0.0 if 0 <= low < 0.3 * high else low - room), high + room


def _grid(x: tuple[float, float], y: tuple[float, float], end: float, place: Place) -> str:
    parts = []
    for value in ticks(*y):
        _, at = place(x[0], value)
        parts.append(
            f'<line class="grid" x1="{LEFT:g}" x2="{end:g}" y1="{at}" y2="{at}"/>'
            f'<text x="{LEFT - 7:g}" y="{at + 3.5:.1f}" text-anchor="end">{shown(value)}</text>'
        )
    for value in ticks(*x, 6):
        at, _ = place(value, y[0])
        parts.append(
            f'<text x="{at}" y="{HEIGHT - 8:g}" text-anchor="middle">{shown(value)}</text>'
        )
    return "".join(parts)


def _line(series: Series, points: list[tuple[float, float, float, float]]) -> str:
    kind = f"c{series.colour}{' val' if series.is_val else ''}"
    path = " ".join(f"{px},{py}" for _, _, px, py in points)
    drawn = f'<polyline class="{kind}" points="{path}"/>'
    if not series.is_val and len(points) > 1:
        return drawn
    name = html.escape(series.name)
    return drawn + "".join(
        f'<circle class="{kind}" cx="{px}" cy="{py}" r="3">'
        f"<title>{name}, step {x:g}: {y:.4g}</title></circle>"
        for x, y, px, py in points
    )
