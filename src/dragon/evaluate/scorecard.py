"""Results as files: JSON for programs, Markdown for the documentation, one HTML page to look at.

In: the results of evaluations. Out: scorecard.json, scorecard.md and scorecard.html in a folder,
and each curve as an SVG; the same results give the same bytes.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dragon.errors import DataError, InputError
from dragon.evaluate.plots import interval_chart, line_chart
from dragon.evaluate.result import Cell, Plot, Result, Score, Table
from dragon.text.page import style_sheet

_PARTS = Path(__file__).parent / "web"
FILE = "scorecard.json"
_HEAD = '<th>score<th class="n">value<th class="n">95%<th class="n">of<th>'


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All results of one model.

    Attributes:
        model: its name.
        facts: of the model: parameters, vocabulary and so on.
        results: of the evaluations, in order.
        skipped: evaluations that were left out, and why.
    """

    model: str
    facts: dict[str, Cell]
    results: tuple[Result, ...]
    skipped: dict[str, str]


def write(card: Scorecard, folder: Path) -> None:
    """Write the files.

    Raises:
        InputError: if they cannot be written.
    """
    texts = {
        FILE: as_json(card),
        "scorecard.md": as_markdown(card),
        "scorecard.html": as_html(card),
    }
    for result in card.results:
        texts |= {f"{result.name}-{i}.svg": line_chart(p) for i, p in enumerate(result.plots, 1)}
    write_texts(folder, texts)


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts by file name into a folder, which is made if need be.

    Raises:
        InputError: if they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written: {error.strerror}.", "Give --out another folder."
        ) from None


def read(folder: Path) -> Scorecard:
    """Read what `write` wrote.

    Raises:
        DataError: if there is no scorecard, or it is no longer whole.
    """
    path = folder / FILE if folder.is_dir() else folder
    try:
        values = json.loads(path.read_text("utf-8"))
        results = tuple(_result(r) for r in values.pop("results"))
        return Scorecard(results=results, **values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path} is no scorecard: {error}.", "Make one: dragon eval all --out FOLDER."
        ) from None


def line(result: Result) -> str:
    """A result as one line of JSON: {name, metrics, count}."""
    return json.dumps({"name": result.name, "metrics": result.metrics, "count": result.count})


def as_json(card: Scorecard) -> str:
    """The scorecard with all values."""
    return json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n"


def as_markdown(card: Scorecard) -> str:
    """The scorecard as Markdown tables; what has many rows stays in the JSON."""
    facts = ", ".join(f"{value} {name}" for name, value in card.facts.items())
    parts = [f"# {card.model}", f"{facts}." if facts else ""]
    for result in card.results:
        rows = [(s.name, shown(s.value), between(s), s.count, s.says) for s in result.scores]
        parts += [f"## {result.name}", result.says]
        parts.append(_markdown_table(("", "", "95%", "of", ""), rows))
    parts += [f"Not run: {name}. {why}" for name, why in card.skipped.items()]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(card: Scorecard) -> str:
    """The scorecard as one page that needs nothing else: no script, no network."""
    facts = "".join(f"<li><b>{_cell(v)}</b> {html.escape(n)}</li>" for n, v in card.facts.items())
    skipped = "".join(
        f"<li><b>{html.escape(n)}</b> {html.escape(why)}</li>" for n, why in card.skipped.items()
    )
    page = (_PARTS / "scorecard.html").read_text("utf-8")
    return (
        page.replace("{{style}}", style_sheet((_PARTS / "scorecard.css").read_text("utf-8")))
        .replace("{{model}}", html.escape(card.model))
        .replace("{{facts}}", facts)
        .replace("{{contents}}", "".join(_link(r) for r in card.results))
        .replace("{{results}}", "".join(_section(r) for r in card.results))
        .replace(
            "{{skipped}}", f"<section><h2>Not run</h2><ul>{skipped}</ul></section>" * bool(skipped)
        )
    )


def shown(value: float) -> str:
    """A figure with as many places as it deserves.

    >>> shown(0.51234), shown(12.345), shown(1234.5)
    ('0.512', '12.35', '1,234')
    """
    return (
        f"{value:.3f}"
        if abs(value) < 10
        else f"{value:.2f}"
        if abs(value) < 1000
        else f"{value:,.0f}"
    )


def between(score: Score) -> str:
    """The interval of a score."""
    return f"{shown(score.low)} to {shown(score.high)}"


def _section(result: Result) -> str:
    rows = "".join(_row(s) for s in result.scores)
    settings = ", ".join(f"{k} {v}" for k, v in result.settings.items())
    plots = "".join(_figure(line_chart(p), p.title) for p in result.plots)
    shares = {s.name: {"": s} for s in result.scores if 0 <= s.low < s.high <= 1}
    chart = _figure(interval_chart(result.name, shares), "Shares") if len(shares) > 3 else ""
    tables = "".join(_table(t) for t in result.tables)
    return (
        f'<section id="{html.escape(result.name)}"><h2>{html.escape(_title(result.name))}</h2>'
        f"<p>{html.escape(result.says)} <i>{result.count:,} in all.</i></p>"
        f"{_grid(_HEAD, rows)}{plots}{chart}{tables}"
        f"<small>{html.escape(settings)}</small></section>"
    )


def _row(score: Score) -> str:
    return (
        f'<tr><td>{html.escape(_title(score.name))}<td class="n"><b>{shown(score.value)}</b>'
        f'<td class="n">{between(score)}<td class="n">{score.count:,}'
        f"<td>{html.escape(score.says)}</tr>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(c)}" for c in table.columns)
    body = "".join("<tr>" + "".join(_td(c) for c in row) + "</tr>" for row in table.rows)
    return (
        f"<details><summary>{html.escape(table.title)} ({len(table.rows)})</summary>"
        f"{_grid(head, body)}</details>"
    )


def _grid(head: str, body: str) -> str:
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _td(cell: Cell) -> str:
    return f"<td>{_cell(cell)}" if isinstance(cell, str) else f'<td class="n">{_cell(cell)}'


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return html.escape(cell)
    return f"{cell:,}" if isinstance(cell, int) else shown(cell)


def _link(result: Result) -> str:
    return f'<a href="#{html.escape(result.name)}">{html.escape(_title(result.name))}</a>'


def _title(name: str) -> str:
    return name.replace("_", " ").replace("-", ": ", 1)


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in row) + " |" for row in lines)


def _result(values: dict[str, Any]) -> Result:
    scores = tuple(Score(**s) for s in values.pop("scores"))
    tables = tuple(
        Table(t["title"], tuple(t["columns"]), tuple(tuple(r) for r in t["rows"]))
        for t in values.pop("tables")
    )
    plots = tuple(
        Plot(
            p["title"],
            p["x"],
            p["y"],
            {n: tuple((x, y) for x, y in line) for n, line in p["lines"].items()},
        )
        for p in values.pop("plots")
    )
    return Result(scores=scores, tables=tables, plots=plots, **values)
