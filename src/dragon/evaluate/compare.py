"""Several scorecards side by side: where their intervals meet, and where they do not.

In: scorecards by name. Out: comparison.md and one SVG for each evaluation that all of them have.
Where they have tables of the same sets, each model is compared with the first set by set, too: sets
differ far more from each other than two models do on one of them.
"""

from collections.abc import Mapping
from pathlib import Path

from dragon.errors import DataError
from dragon.evaluate.plots import interval_chart
from dragon.evaluate.result import Score, average
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
    paired = [_paired_table(name, found) for name, found in paired_by_set(cards).items()]
    files = {"comparison.md": "\n\n".join([*_markdown(shared, list(cards)), *paired]) + "\n"}
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


def paired_by_set(cards: Mapping[str, Scorecard]) -> dict[str, list[Score]]:
    """How much more accurate each model is than the first one, set by set.

    Returns:
        For each evaluation with a table of sets: a mean difference over the sets that both models
        were asked for each model but the first; the interval draws the sets anew.
    """
    first, *others = cards.items()
    found: dict[str, list[Score]] = {}
    for name, before in _accuracies(first[1]).items():
        for called, card in others:
            after = _accuracies(card).get(name, {})
            differences = [after[s] - value for s, value in before.items() if s in after]
            if differences:
                score = average(f"{called} - {first[0]}", differences, "mean over sets")
                found.setdefault(name, []).append(score)
    return found


def _accuracies(card: Scorecard) -> dict[str, dict[str, float]]:
    """Evaluation -> set -> accuracy."""
    found = {}
    for result in card.results:
        for table in result.tables:
            if {"set", "accuracy"} <= set(table.columns):
                name, value = table.columns.index("set"), table.columns.index("accuracy")
                found[result.name] = {str(row[name]): float(row[value]) for row in table.rows}
    return found


def _paired_table(name: str, scores: list[Score]) -> str:
    lines = [f"| {name}, set by set | difference | sets |", "|---|---|---|"]
    lines += [f"| {s.name} | {shown(s.value)} ({between(s)}) | {s.count} |" for s in scores]
    return "\n".join(lines)


def _markdown(
    shared: Mapping[str, Mapping[str, Mapping[str, Score]]], called: list[str]
) -> list[str]:
    parts = []
    for name, rows in shared.items():
        lines = [f"| {name} | " + " | ".join(called) + " |", "|---" * (len(called) + 1) + "|"]
        for score, row in rows.items():
            cells = [f"{shown(row[c].value)} ({between(row[c])})" for c in called]
            lines.append(f"| {score} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return parts


def _is_share(score: Score) -> bool:
    return 0 <= score.low < score.high <= 1  # a difference that is 0 everywhere is none
