"""Runs become one HTML file that needs nothing else: no network, no script.

In: `Run`s. Out: curves laid over each other, samples, and the settings in which the runs differ.
"""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dragon.checkpoint import replaced_beside
from dragon.errors import InputError
from dragon.text.page import digest, style_sheet
from dragon.train.report.chart import Series, chart, shown
from dragon.train.report.runs import Run

STYLE = Path(__file__).parent / "page.css"
MOST_RUNS = 6  # as many as there are colours

# What gets a chart: title, figure in training, figure in validation.
CHARTS = (
    ("Loss (nats)", "loss", "val_loss"),
    ("Learning rate", "lr", ""),
    ("Tokens per second", "tokens_per_s", ""),
    ("Gradient norm", "grad_norm", ""),
    ("Model FLOPs utilisation", "mfu", ""),
    ("Answers exactly right", "", "val_exact"),
    ("Right to say nothing", "", "val_abstained"),
    ("Nearest passage is the right one", "nearest", "val_nearest"),
    ("Gaps filled", "filled", "val_filled"),
    ("Divergence from the teacher (nats)", "divergence", ""),
    ("Facts still known", "", "facts_known"),
)


def write_report(runs: Sequence[Run], path: Path) -> None:
    """Write the page, beside and renamed.

    Raises:
        InputError: for no run or too many, or if the file cannot be written.
    """
    if not 1 <= len(runs) <= MOST_RUNS:
        raise InputError(f"{len(runs)} runs to report.", f"Name 1 to {MOST_RUNS}.")
    text = page(runs)
    try:
        with replaced_beside(path) as fresh:
            fresh.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}.", "Give --html another file."
        ) from None


def page(runs: Sequence[Run]) -> str:
    """The HTML of a report."""
    style = style_sheet(STYLE.read_text("utf-8"))
    title = ", ".join(run.name for run in runs)
    body = [_summary(runs), *_charts(runs), *_samples(runs), _settings(runs)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src '{digest(style)}'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)} · dragon report</title>\n<style>{style}</style>\n</head>\n"
        f'<body>\n<header>\n<p class="brand">dRAGon <span>report</span></p>\n'
        f"<h1>{html.escape(title)}</h1>\n</header>\n<main>\n" + "\n".join(body) + "\n</main>\n"
        "<footer>Made by <code>dragon report</code>. The page is one file and loads nothing. "
        "Curves are means of neighbouring steps; points were measured on held-out data.</footer>\n"
        "</body>\n</html>\n"
    )


def _card(title: str, inner: str, wide: bool = False) -> str:
    kind = "card wide" if wide else "card"
    return f'<section class="{kind}"><h2>{html.escape(title)}</h2>\n{inner}</section>'


def _summary(runs: Sequence[Run]) -> str:
    head = ("run", "objective", "steps", "loss", "best val loss", "tokens/s", "tokens read")
    rows = []
    for number, run in enumerate(runs):
        last, train = run.lines[-1], run.settings.get("train", {})
        best = min((y for _, y in run.series("val_loss")), default=None)
        rates = sorted(y for _, y in run.series("tokens_per_s"))
        rate = rates[len(rates) // 2] if rates else 0.0
        passes = int(train.get("batch_tokens", 0)) * int(train.get("accumulate", 1))
        tokens = passes * last["step"]
        cells = [
            train.get("objective", ""),
            f"{int(last['step']):,} of {int(train.get('steps', last['step'])):,}",
            f"{last['loss']:.4f}",
            "" if best is None else f"{best:.4f}",
            f"{rate:,.0f}",
            f"about {shown(float(f'{tokens:.2g}'))}",
        ]
        name = f'<th scope="row"><i class="dot c{number}"></i>{html.escape(run.name)}</th>'
        rows.append(f"<tr>{name}{''.join(f'<td>{html.escape(str(c))}</td>' for c in cells)}</tr>")
    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    return _card(
        "Runs",
        f'<div class="scroll"><table class="runs"><tr>{heads}</tr>{"".join(rows)}</table></div>',
        True,
    )


def _charts(runs: Sequence[Run]) -> Iterable[str]:
    drawn = [(title, chart(_series(runs, train, val), title)) for title, train, val in CHARTS]
    titles = [title for title, svg in drawn if svg]
    for (title, train, val), (_, svg) in zip(CHARTS, drawn, strict=True):
        # Two stand side by side; where one is over, it takes the whole width as the loss does.
        wide = train == "loss" or (title == titles[-1] and len(titles) % 2 == 0)
        if wide and svg:
            broad = chart(_series(runs, train, val), title, wide)
            svg = f'<div class="broad">{broad}</div><div class="slim">{svg}</div>'
        if svg:
            yield _card(title, svg, wide)


def _series(runs: Sequence[Run], train: str, val: str) -> list[Series]:
    return [
        Series(f"{run.name} {name}", run.series(name), number, name == val)
        for number, run in enumerate(runs)
        for name in (train, val)
        if name
    ]


def _samples(runs: Sequence[Run]) -> Iterable[str]:
    for run in runs:
        if run.samples:
            said = "".join(
                f"<p><b>{html.escape(prompt)}</b>{html.escape(text)}</p>"
                for prompt, text in run.samples
            )
            title = "What the best checkpoint writes"
            name = f": {run.name}" if len(runs) > 1 else ""
            yield _card(title + name, f'<div class="samples">{said}</div>', True)


def _settings(runs: Sequence[Run]) -> str:
    heads = "".join(f'<th scope="col">{html.escape(run.name)}</th>' for run in runs)
    head = f"<tr><th></th>{heads}</tr>" if len(runs) > 1 else ""
    tables = []
    for section in dict.fromkeys(name for run in runs for name in run.settings):
        rows = [f'<tr><th scope="colgroup" colspan="{len(runs) + 1}">[{section}]</th></tr>', head]
        for name in dict.fromkeys(n for run in runs for n in run.settings.get(section, {})):
            values = [_value(run.settings.get(section, {}).get(name, "")) for run in runs]
            kind = ' class="differs"' if len(set(values)) > 1 else ""
            cells = "".join(f"<td>{value}</td>" for value in values)
            rows.append(f'<tr{kind}><th scope="row">{html.escape(name)}</th>{cells}</tr>')
        tables.append(f'<div class="scroll"><table>{"".join(rows)}</table></div>')
    inner = f'<div class="settings">{"".join(tables)}</div>'
    return _card("Settings", f"<details open><summary>All values</summary>{inner}</details>", True)


def _value(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return html.escape(text.lower() if isinstance(value, bool) else text)
