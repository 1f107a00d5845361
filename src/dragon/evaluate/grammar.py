"""Grammar: does a model find the grammatical one of two sentences more probable?

BLiMP (Warstadt et al. 2020, arXiv:1912.00582): 67 sets of 1,000 pairs. Judged is the probability of
the full sentence; a tie is wrong, or a model without any opinion would score. The same pairs under
other names show how much of it hangs on names that were met in training.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dragon.data.sources import read_rows
from dragon.errors import DataError
from dragon.evaluate.likelihood import LanguageModel
from dragon.evaluate.questions import evenly
from dragon.evaluate.renaming import Renamer, is_neutral
from dragon.evaluate.result import Result, Score, Table, average, share
from dragon.evaluate.scores import interval

SAYS = "Of two sentences that differ in one point of grammar, the right one is more probable."
Rightness = NDArray[np.bool_]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """A grammatical sentence, an ungrammatical one, and the set and phenomenon they stand for."""

    good: str
    bad: str
    set: str
    phenomenon: str


def load_pairs(path: Path, limit: int = 0) -> list[Pair]:
    """Read BLiMP's rows.

    Args:
        path: JSON Lines with UID, linguistics_term, sentence_good and sentence_bad.
        limit: most pairs of each set, spread over it; 0 for all.

    Raises:
        DataError: if a row lacks a field, or there is none.
    """
    sets: dict[str, list[Pair]] = defaultdict(list)
    for number, row in enumerate(read_rows(path), 1):
        try:
            pair = Pair(
                str(row["sentence_good"]),
                str(row["sentence_bad"]),
                str(row["UID"]),
                # The paper counts these two sets among the argument structures.
                str(row["linguistics_term"]).replace("s-selection", "argument_structure"),
            )
        except KeyError as error:
            raise DataError(f"{path}: row {number} has no field {error}.") from None
        sets[pair.set].append(pair)
    if not sets:
        raise DataError(f"{path} holds no pair of sentences.")
    return [pair for pairs in sets.values() for pair in evenly(pairs, limit)]


def grammar(
    model: LanguageModel,
    pairs: Sequence[Pair],
    progress: Progress | None = None,
    seed: int = 0,
) -> Result:
    """Judge all pairs, then those that hold a name once more under other names."""
    right = judge(model, [(p.good, p.bad) for p in pairs], "BLiMP", progress)
    scores = [share("accuracy", right.tolist(), "of all pairs")]
    for phenomenon in sorted({p.phenomenon for p in pairs}):
        chosen = [bool(r) for r, p in zip(right, pairs, strict=True) if p.phenomenon == phenomenon]
        scores.append(share(phenomenon, chosen))
    renamer = Renamer([p.good for p in pairs], seed)
    named = [i for i, p in enumerate(pairs) if renamer.holds_name(p.good)]
    neutral = [i for i in named if is_neutral(pairs[i].good, pairs[i].bad)]
    for name, which, rename in (
        ("renamed", named, renamer.real),
        ("invented_names", neutral, renamer.invented),
    ):
        if which:
            others = [rename(pairs[i].good, pairs[i].bad) for i in which]
            scores += _beside(name, right[which], judge(model, others, name, progress))
    settings = {"pairs": len(pairs), "sets": len({p.set for p in pairs}), "seed": seed}
    return Result(
        "grammar", SAYS, len(pairs), tuple(scores), (_by_set(pairs, right),), settings=settings
    )


def judge(
    model: LanguageModel,
    pairs: Sequence[tuple[str, str]],
    what: str = "",
    progress: Progress | None = None,
) -> Rightness:
    """Whether the first sentence of each pair [n] is more probable than the second."""
    texts = [text for pair in pairs for text in pair]
    total = len(texts)
    totals = model.totals(texts, (lambda done: progress(what, done, total)) if progress else None)
    right: Rightness = totals[0::2] > totals[1::2]
    return right


def _beside(name: str, before: Rightness, after: Rightness) -> list[Score]:
    """Accuracy under other names, and what the exchange cost on the same pairs."""
    change = (after.astype(float) - before).tolist()
    return [
        share(name, after.tolist(), "of the pairs that hold names"),
        average(f"{name}_change", change, "against the same pairs as they were"),
    ]


def _by_set(pairs: Sequence[Pair], right: Rightness) -> Table:
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for pair, value in zip(pairs, right, strict=True):
        groups[pair.phenomenon, pair.set].append(bool(value))
    rows = []
    for (phenomenon, name), values in sorted(groups.items()):
        low, high = interval(sum(values), len(values))
        rows.append((phenomenon, name, sum(values) / len(values), low, high, len(values)))
    return Table("By set", ("phenomenon", "set", "accuracy", "low", "high", "pairs"), tuple(rows))
