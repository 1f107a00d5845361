"""The stage `augment`: more exercises of those that there are, each way counted.

In: rows of instructions, conversations or questions. Out: the same rows and their variants in the
same form, as JSON Lines; a variant names its way in the field `augmented`. What a row becomes is
decided by the seed and its own place, so the result does not depend on the number of processes.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dragon.data.checking import FORMS, form_of, problems
from dragon.data.items import Item, closed, opened
from dragon.data.sources import Row, source_files
from dragon.data.stage import Block, Moved, json_line, output_names, run_stage
from dragon.data.unfinished import Made
from dragon.data.ways import WAYS
from dragon.errors import DataError, InputError
from dragon.text.replies import NOT_FOUND

FIELD = "augmented"


@dataclass(frozen=True, slots=True)
class Augmenting:
    """What `dragon data augment` does.

    Attributes:
        ways: names of `dragon.data.ways.WAYS`.
        share: of the rows that each way is tried on.
        originals: whether the rows themselves are written too.
        refusal: the answer of a variant that nothing answers, in forms that need one.
        seed: the same gives the same variants.
    """

    ways: tuple[str, ...] = tuple(WAYS)
    share: float = 1.0
    originals: bool = True
    refusal: str = NOT_FOUND
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Augment:
    """The task; can be sent to another process."""

    how: Augmenting
    outputs: tuple[str, ...]

    def start(self) -> Callable[[Block], Made]:
        return self._work

    def _work(self, block: Block) -> Made:
        made, lines = Made(), []
        items = [_checked(block.path, line, row) for line, row in block.rows]
        others = list(dict.fromkeys(text for item in items if item for text in item.passages))
        output = self.outputs[block.file]
        for (line, row), item in zip(block.rows, items, strict=True):
            made.counts["rows"] += 1
            if self.how.originals:
                lines.append(json_line(row))
            if item is None:
                continue
            for way in self.how.ways:
                rng = random.Random(f"{block.seed(self.how.seed, output, line)} {way}")
                if rng.random() >= self.how.share:
                    continue
                variant = WAYS[way](item, rng, others)
                if variant is None or not is_true_to(item, variant):
                    made.counts[f"{way}: does not fit"] += 1
                    continue
                made.counts[way] += 1
                lines.append(json_line(closed(row, variant, self.how.refusal) | {FIELD: way}))
        made.files[output] = b"".join(lines)
        return made


def _checked(path: Path, line: int, row: Row) -> Item | None:
    form = form_of(row)
    if form is None or form == "text":
        fields = ", ".join(map(str, row)) or "none"
        known = "; ".join(", ".join(needed) for f, (needed, _) in FORMS.items() if f != "text")
        raise DataError(
            f"{path}:{line} is no question (fields: {fields}).", f"Give rows with {known}."
        )
    for field, problem in problems(row, form):
        raise DataError(
            f"{path}:{line}: {field}: {problem}.", "`dragon data validate` lists all faults."
        )
    return opened(row)


def is_true_to(item: Item, variant: Item) -> bool:
    """Whether a variant's answers stand where they are said to, and no passage is empty."""
    texts = variant.passages
    if not all(text.strip() for text in texts):
        return False
    for answer in variant.answers:
        if answer.passage >= 0 and texts[answer.passage][answer.start : answer.end] != answer.text:
            return False
    if not variant.answers:  # nothing answers: no answer of before stands there any more
        whole = "\n".join(texts).casefold()
        return not any(a.text.casefold() in whole for a in item.answers)
    return item.quoted == variant.quoted


def augment(
    sources: list[Path],
    out: Path,
    how: Augmenting = Augmenting(),
    *,
    licences: Mapping[str, str] | None = None,
    workers: int = 0,
    progress: Moved | None = None,
) -> dict[str, Any]:
    """Write a folder with the rows and variants of them.

    Args:
        sources: files and folders with rows of any form but running text.
        out: folder to write.
        how: which variants.
        licences: of the sources (see `dragon.data.licences`).
        workers: processes; 0 for one a core.
        progress: told how many characters are done.

    Returns:
        The manifest, with the number of variants of each way, and of rows that it did not fit.

    Raises:
        InputError: for a way that is not known.
        DataError: naming file, line and field of the first fault; if no variant comes out.
    """
    for way in how.ways:
        if way not in WAYS:
            raise InputError(f"--ways names {way!r}.", f"Use some of {', '.join(WAYS)}.")
    files = source_files(sources)
    outputs = tuple(output_names(files))

    def finish(_: Path, counts: Counter[str]) -> Sequence[str]:
        if not any(counts[way] for way in how.ways):
            raise DataError(
                f"No variant came out of {counts['rows']} rows.",
                "Give rows with questions, or more --ways.",
            )
        return ()

    return run_stage(
        "augmented",
        lambda _: _Augment(how, outputs),
        files,
        out,
        asdict(how) | {"outputs": outputs},
        finish=finish,
        licences=licences,
        workers=workers,
        progress=progress,
    )
