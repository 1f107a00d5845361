"""The page of `dragon data stats`: one HTML file without scripts, its plots inline SVG.

In: `Statistics`. Out: a file that follows the reader's light or dark setting and loads nothing.
"""

import html
from collections.abc import Sequence
from pathlib import Path

from dragon.checkpoint import replaced_beside
from dragon.data.statistics import LEAST_UNIQUE, LONGEST, SHORTEST, Statistics
from dragon.text.page import style_sheet

_STYLE = """
:root { --bar: light-dark(#1a9c79, #3fae8c); --bad: light-dark(#b4532a, #e5906a); }
header, main { max-width: 60rem; }
main { padding-bottom: 2.5rem; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.1rem; }
p, li { overflow-wrap: anywhere; }
header p { margin: 0.25rem 0; color: var(--muted); }
.cards { display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.card b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.card.bad b { color: var(--bad); }
.card span { color: var(--muted); font-size: 0.85rem; }
svg { display: block; width: 100%; max-width: 42rem; height: auto; }
svg text { fill: var(--muted); font: 13px var(--sans); }
svg .n { fill: var(--text); }
svg rect { fill: var(--bar); }
svg rect.out { fill: var(--muted); opacity: 0.55; }
"""
_ROW, _LEFT, _WIDTH = 24, 140, 520


def write_page(path: Path, made: Statistics, name: str) -> None:
    """Write the page of a set of rows."""
    with replaced_beside(path) as fresh:
        fresh.write_text(page(made, name), "utf-8")


def page(made: Statistics, name: str) -> str:
    """The HTML of a set of rows."""
    title = html.escape(name)
    cards = [
        ("rows", f"{made.rows:,}", False),
        (
            f"unique trigrams, good above {LEAST_UNIQUE}",
            f"{made.variety:.2f}",
            made.variety <= LEAST_UNIQUE,
        ),
        ("duplicates", f"{made.duplicates:,}", made.duplicates > 0),
    ]
    running = made.running == made.responses
    if not running:
        fits = f"{made.fitting:.1%}"
        cards.insert(1, (f"have {SHORTEST} to {LONGEST} tokens", fits, made.fitting < 0.9))
    if made.leaked is not None:
        cards.append(("shared with the validation split", f"{made.leaked:,}", made.leaked > 0))
    shown = "".join(
        f'<div class="card{" bad" if bad else ""}"><b>{value}</b><span>{label}</span></div>'
        for label, value, bad in cards
    )
    inside = [bool(count) and (running or _fits(label)) for label, count in made.binned()]
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{title} · dragon data stats</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{style_sheet(_STYLE)}</style>",
        '<header><p class="brand">dRAGon <span>data</span></p>',
        f"<h1>What the rows look like</h1><p>{title}</p></header><main>",
        f'<div class="cards">{shown}</div>',
        f"<h2>Tokens of a {'document' if running else 'response'}</h2>",
        _bars(made.binned(), inside),
    ]
    for name, counter in (("Kinds", made.kinds), ("Augmented", made.ways)):
        rows = counter.most_common(30)
        parts += [f"<h2>{name}</h2>", _bars(rows, [True] * len(rows))] if rows else []
    if made.examples:
        listed = "".join(f"<li>{html.escape(text)}</li>" for text in made.examples)
        parts.append(f"<h2>To look at</h2><ul>{listed}</ul>")
    return "\n".join(parts) + "\n</main></html>\n"


def _fits(label: str) -> bool:
    first = label.split("-")[0]
    return first.isdecimal() and SHORTEST <= int(first) < LONGEST


def _bars(rows: Sequence[tuple[str, int]], inside: Sequence[bool]) -> str:
    """Horizontal bars with their label and count; what is not inside its limits is dim."""
    most = max((count for _, count in rows), default=0) or 1
    drawn, shade = [], ' class="out"'
    for at, ((label, count), fits) in enumerate(zip(rows, inside, strict=True)):
        y, width = at * _ROW, (_WIDTH - _LEFT - 60) * count / most
        drawn.append(
            f'<text x="{_LEFT - 10}" y="{y + 17}" text-anchor="end">{html.escape(label)}</text>'
            f'<rect x="{_LEFT}" y="{y + 4}" width="{max(width, 1):.1f}" height="{_ROW - 8}" rx="3"'
            f"{'' if fits else shade}/>"
            f'<text class="n" x="{_LEFT + width + 8:.1f}" y="{y + 17}">{count:,}</text>'
        )
    size = f"0 0 {_WIDTH} {len(rows) * _ROW}"
    return f'<svg viewBox="{size}" role="img" aria-label="bar chart">{"".join(drawn)}</svg>'
