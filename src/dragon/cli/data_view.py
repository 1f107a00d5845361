"""How `dragon data show` looks: counts, then prompts as text with the answer marked.

In: a data folder. Out: lines on standard output, colours on a terminal only.
"""

import random
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dragon.data.shards import ReadingSet, language_tokens, read_manifest
from dragon.data.sources import read_rows
from dragon.errors import InputError
from dragon.tokenizer import Tokenizer, load_tokenizer
from dragon.tokenizer.reading import PASSAGE, TEXT

WINDOW = 120  # tokens of running text


def show_data(folder: Path, split: str, number: int, tokenizer: Path, seed: int) -> None:
    """Print the manifest's counts and some pieces of a split, chosen by a seed."""
    console = Console(highlight=False, soft_wrap=True)
    manifest = read_manifest(folder)
    console.print(_counts(manifest))
    if not number:
        return
    opened, rng = load_tokenizer(tokenizer), random.Random(seed)
    if manifest["kind"] == "language":
        tokens = language_tokens(folder, split)
        for _ in range(number if len(tokens) else 0):
            start = rng.randrange(max(1, len(tokens) - WINDOW))
            ids = tokens[start : start + WINDOW].tolist()
            console.print(Text(f"\n{opened.decode(ids, keep_special=True)}"))
        return
    data = ReadingSet(folder, split)
    for index in sorted(rng.sample(range(len(data)), min(number, len(data)))):
        console.print(exercise(data, index, opened))


def _counts(manifest: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    kinds = sorted({k for s in manifest["splits"].values() for k in s.get("sources", {})})
    table.add_column(manifest["kind"], style="bold")
    for split in manifest["splits"]:
        table.add_column(split, justify="right")
    for name in ("tokens", "examples"):
        counts = [split.get(name) for split in manifest["splits"].values()]
        if any(count is not None for count in counts):
            table.add_row(name, *(f"{count or 0:,}" for count in counts))
    for kind in kinds:
        counts = [split["sources"].get(kind, 0) for split in manifest["splits"].values()]
        table.add_row(f"  {kind}", *(f"{count:,}" for count in counts))
    return table


def exercise(data: ReadingSet, index: int, tokenizer: Tokenizer) -> Text:
    """One prompt: question, heading, passage; the answer bold between » and «."""
    offset, length, start, end, _ = data.table[index].tolist()
    ids = data.ids[offset : offset + length].tolist()
    at_heading, at_text = ids.index(PASSAGE), ids.index(TEXT)
    shown = Text(f"\n? {tokenizer.decode(ids[1:at_heading])}\n", style="bold cyan")
    body = Text(style="default")
    if at_text > at_heading + 1:
        body.append(f"[{tokenizer.decode(ids[at_heading + 1 : at_text])}] ", style="dim")
    if not start:
        return shown.append(body.append(tokenizer.decode(ids[at_text + 1 : -1]))).append(
            "\n(no answer here)", style="dim"
        )
    before, after = ids[at_text + 1 : start], ids[end + 1 : -1]
    body.append(tokenizer.decode(before))
    answer = tokenizer.decode(ids[start : end + 1])
    body.append(answer[: len(answer) - len(answer.lstrip())])
    body.append(f"»{answer.strip()}«", style="bold green")
    return shown.append(body.append(tokenizer.decode(after)))


def detection(path: Path) -> None:
    """Print how well entities are found in sentences marked by hand, by kind and split."""
    from dragon.data.entities import Lexicon, find_entities
    from dragon.data.entities.evaluate import score

    rows = [row for row in read_rows(path) if "text" in row]
    if not rows:
        raise InputError(f"{path} holds no marked sentences.", "Its rows need a field `text`.")
    lexicon = Lexicon.built_in()
    for split in sorted({str(row.get("split", "all")) for row in rows}):
        part = [row for row in rows if str(row.get("split", "all")) == split]
        table = Table(box=None, pad_edge=False)
        table.add_column(f"{split}: {len(part)} sentences", style="bold")
        for name in ("marked", "found", "precision", "recall", "replaced", "spurious"):
            table.add_column(name, justify="right")
        for kind, s in score(part, lambda text: find_entities(text, lexicon)).items():
            shares = (f"{value:.2f}" for value in (s.precision, s.recall, s.coverage))
            table.add_row(kind, str(s.marked), str(s.found), *shares, str(s.spurious))
        Console(highlight=False, soft_wrap=True).print(table)
