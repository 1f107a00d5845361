"""The page of `dragon data stats`: one HTML file without scripts, its plots inline SVG.

In: `Statistics`. Out: a file that follows the reader's light or dark setting and loads nothing.
"""

import html
from collections.abc import Sequence
from pathlib import Path

from dragon.checkpoint import replaced_beside
from dragon.data.statistics import LEAST_UNIQUE, LONGEST, SHORTEST, Statistics

_STYLE = """
:root{color-scheme:light dark;--paper:light-dark(#faf9f6,#171815);--ink:light-dark(#22231f,#e9e7df);
--dim:light-dark(#65645b,#a5a398);--line:light-dark(#e3e0d7,#2e302b);
--bar:light-dark(#1a9c79,#3fae8c);--bad:light-dark(#b4532a,#e5906a);--card:light-dark(#fff,#1f201d)}
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:60rem;padding:2.5rem 1.25rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2.5rem 0 .75rem}
p{color:var(--dim);margin:.25rem 0;overflow-wrap:anywhere}
.cards{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));
margin-top:1.5rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem}
.card b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}
.card.bad b{color:var(--bad)}.card span{color:var(--dim);font-size:.85rem}
svg{display:block;width:100%;max-width:42rem;height:auto}
svg text{fill:var(--dim);font:13px system-ui,sans-serif}svg .n{fill:var(--ink)}
svg rect{fill:var(--bar)}svg rect.out{fill:var(--dim);opacity:.55}
li{overflow-wrap:anywhere}
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
        f"<style>{_STYLE}</style><h1>What the rows look like</h1><p>{title}</p>",
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
    return "\n".join(parts) + "\n</html>\n"


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
