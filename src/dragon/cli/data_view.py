"""How `dragon data show` looks: counts and licences, then pieces: documents, rows, marked prompts.

In: a data folder. Out: lines on standard output, colours on a terminal only.
"""

import json
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dragon.data.shards import ReadingSet, document_borders, language_tokens, read_manifest
from dragon.data.sources import Row, numbered_rows, read_rows
from dragon.errors import InputError
from dragon.tokenizer import Tokenizer, load_tokenizer
from dragon.tokenizer.reading import PASSAGE, TEXT

WINDOW = 120  # tokens of running text
SHOWN = 600  # characters of a field
LISTED = 12  # sources


def show_data(folder: Path, split: str, number: int, tokenizer: Path, seed: int) -> None:
    """Print the manifest's counts and some pieces of a split, chosen by a seed."""
    console = Console(highlight=False, soft_wrap=True)
    manifest = read_manifest(folder)
    made = "splits" in manifest
    console.print(_counts(manifest) if made else _stage(manifest))
    sources = manifest.get("sources", {})
    for source, entry in islice(sources.items(), LISTED):
        named = ", ".join(entry["licences"])
        rows = "1 row" if entry["rows"] == 1 else f"{entry['rows']:,} rows"
        console.print(Text(f"{source}: {rows}, {named}", style="dim"))
    if len(sources) > LISTED:
        console.print(Text(f"and {len(sources) - LISTED:,} more sources", style="dim"))
    if not number:
        return
    rng = random.Random(seed)
    if not made:
        _rows(console, [folder / name for name in manifest["files"]], number, rng)
        return
    opened = load_tokenizer(tokenizer)
    if manifest["kind"] == "language":
        for at, count, ids in _documents(folder, split, number, rng):
            console.print(Text(f"\ndocument {at} of {count:,}", style="bold cyan"))
            console.print(Text(opened.decode(ids)))
        return
    data = ReadingSet(folder, split)
    for index in sorted(rng.sample(range(len(data)), min(number, len(data)))):
        console.print(exercise(data, index, opened))


def _documents(
    folder: Path, split: str, number: int, rng: random.Random
) -> Iterator[tuple[int, int, list[int]]]:
    """Number, of how many, and first tokens of some documents of a language set."""
    tokens, borders = language_tokens(folder, split), document_borders(folder, split)
    count = len(borders) - 1
    for at in sorted(rng.sample(range(count), min(number, count))):
        start, end = int(borders[at]), int(borders[at + 1]) - 1
        yield at + 1, count, tokens[start : min(end, start + WINDOW)].tolist()


def _rows(console: Console, paths: Sequence[Path], number: int, rng: random.Random) -> None:
    """Some rows of a stage's files, the same chance for each."""
    kept: list[tuple[str, int, Row]] = []
    found = ((path.name, line, row) for path in paths for line, row in numbered_rows(path))
    for seen, item in enumerate(found):  # reservoir sampling: Vitter 1985, algorithm R
        at = seen if seen < number else rng.randrange(seen + 1)
        if at < number:
            kept[at : at + 1] = [item]
    for name, line, row in kept:
        console.print(Text(f"\n{name}:{line}", style="bold cyan"))
        for field, value in row.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            more = "…" if len(shown) > SHOWN else ""
            console.print(Text(f"{field}: {shown[:SHOWN]}{more}"))


def _stage(manifest: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(manifest["kind"], style="bold")
    table.add_column("", justify="right")
    for name, count in manifest["counts"].items():
        table.add_row(name, f"{count:,}")
    return table


def _counts(manifest: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    kinds = sorted({k for s in manifest["splits"].values() for k in s.get("sources", {})})
    table.add_column(manifest["kind"], style="bold")
    for split in manifest["splits"]:
        table.add_column(split, justify="right")
    for name in ("tokens", "documents", "examples"):
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
