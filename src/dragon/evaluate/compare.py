"""Several scorecards side by side: where their intervals meet, and where they do not.

In: scorecards by name. Out: comparison.md and one SVG for each evaluation that all of them have.
"""

from collections.abc import Mapping
from pathlib import Path

from dragon.errors import DataError
from dragon.evaluate.plots import interval_chart
from dragon.evaluate.result import Score
from dragon.evaluate.scorecard import Scorecard, between, shown, write_texts


def write_comparison(cards: Mapping[str, Scorecard], folder: Path) -> list[Path]:
    """Write the files; returns their paths.

    Raises:
        DataError: if the scorecards have no evaluation in common.
        InputError: if the files cannot be written.
    """
    shared = _shared(cards)
    if not shared:
        raise DataError(
            "The scorecards have no evaluation in common.", "Run the same ones on each model."
        )
    files = {"comparison.md": _markdown(shared, list(cards))}
    for name, rows in shared.items():
        shares = {n: row for n, row in rows.items() if all(_is_share(s) for s in row.values())}
        if shares:
            files[f"{name}.svg"] = interval_chart(name, shares) + "\n"
    write_texts(folder, files)
    return [folder / file for file in files]


def _shared(cards: Mapping[str, Scorecard]) -> dict[str, dict[str, dict[str, Score]]]:
    """Evaluation -> score -> model -> score, for what all models have."""
    found: dict[str, dict[str, dict[str, Score]]] = {}
    for called, card in cards.items():
        for result in card.results:
            for score in result.scores:
                found.setdefault(result.name, {}).setdefault(score.name, {})[called] = score
    whole = {
        name: {s: row for s, row in rows.items() if len(row) == len(cards)}
        for name, rows in found.items()
    }
    return {name: rows for name, rows in whole.items() if rows}


def _markdown(shared: Mapping[str, Mapping[str, Mapping[str, Score]]], called: list[str]) -> str:
    parts = []
    for name, rows in shared.items():
        lines = [f"| {name} | " + " | ".join(called) + " |", "|---" * (len(called) + 1) + "|"]
        for score, row in rows.items():
            cells = [f"{shown(row[c].value)} ({between(row[c])})" for c in called]
            lines.append(f"| {score} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _is_share(score: Score) -> bool:
    return 0 <= score.low < score.high <= 1  # a difference that is 0 everywhere is none
