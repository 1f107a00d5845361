"""`dragon index`: add, remove, list, search and show documents."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dragon.errors import StoreError
from dragon.retrieval import AddReport, Hit, Index, Progress, Skipped, default_index_path
from dragon.text.printable import printable

app = typer.Typer(help="Add, remove, list and search documents.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(help="Files or folders.", metavar="PATH...")]
File = Annotated[
    Path | None, typer.Option("--index", help="Index file.", show_default="per-user data folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_SHOWN_SKIPPED = 20
_SNIPPET = 240


@app.command()
def add(paths: Paths, index: File = None, as_json: AsJson = False) -> None:
    """Add files and folders, or bring them up to date; what has not changed is not read again."""
    with Index.open(_file(index), create=True) as opened:
        report = add_with_progress(opened, paths)
    if as_json:
        skipped = [{"path": str(s.path), "reason": s.reason} for s in report.skipped]
        print(json.dumps(asdict(report) | {"skipped": skipped}, ensure_ascii=False))
        return
    print(summary(report))
    for line in skipped_lines(report.skipped):
        print(line)


@app.command()
def remove(paths: Paths, index: File = None) -> None:
    """Remove files, or all that was indexed below a folder."""
    with Index.open(_file(index)) as opened:
        print(f"removed {_documents(opened.remove(paths))}")


@app.command("list")
def list_documents(index: File = None, as_json: AsJson = False) -> None:
    """List the documents."""
    with Index.open(_file(index), read_only=True) as opened:
        rows = opened.documents()
    if as_json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    for row in rows:
        print(f"{row.passages:>6} passages  {row.size / 1000:>9.1f} kB  {shown(row.path)}")
    print(f"{_documents(len(rows))} in {_file(index)}")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A question or a few words.")],
    top_k: Annotated[int, typer.Option(help="Number of passages.")] = 5,
    index: File = None,
    as_json: AsJson = False,
) -> None:
    """Print the passages that fit a question best, as `dragon ask` finds them, with scores."""
    from dragon.models import DEFAULT, model_folder
    from dragon.text.vectors import load_vectors

    with Index.open(_file(index), read_only=True) as opened:
        hits = opened.search(query, top_k, load_vectors(model_folder(DEFAULT)))
        if not hits and not opened.documents():
            raise StoreError(f"The index {opened.path} is empty.", "Run: dragon index add PATH.")
    if as_json:
        found = [asdict(hit.passage) | {"score": hit.score} for hit in hits]
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for number, hit in enumerate(hits, 1):
        print(_hit_lines(number, hit))
    if not hits:
        print("No passage holds any of these words.")


@app.command()
def show(
    document: Annotated[str, typer.Argument(help="Path of a document, or the end of one.")],
    index: File = None,
    as_json: AsJson = False,
) -> None:
    """Print the passages of a document with their offsets."""
    with Index.open(_file(index), read_only=True) as opened:
        row = opened.find(document)
        passages = opened.passages(row.path)
    if as_json:
        found = [asdict(passage) for passage in passages]
        print(json.dumps(asdict(row) | {"passages": found}, ensure_ascii=False, indent=1))
        return
    print(f"{shown(row.path)}  {row.title}  {row.characters} characters")
    for passage in passages:
        lines = "\n".join(printable(line) for line in passage.text.splitlines())
        print(f"\n[{passage.start}:{passage.end}] {printable(passage.heading)}\n{lines}")


def add_with_progress(index: Index, paths: list[Path]) -> AddReport:
    """`Index.add` with a bar on a terminal: files, megabytes a second, time left."""
    if not sys.stderr.isatty():
        return index.add(paths)
    with ExitStack() as stack:
        show: Callable[[Progress], None] | None = None

        def step(now: Progress) -> None:
            # Made when there is something to show: most calls find nothing to read.
            nonlocal show
            if now.files_total:
                show = show or _bar(stack)
                show(now)

        return index.add(paths, step)


def _bar(stack: ExitStack) -> Callable[[Progress], None]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    bar = stack.enter_context(
        Bar(
            TextColumn("{task.fields[files]} files"),
            BarColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
    )
    task = bar.add_task("", files="0", total=None)

    def show(now: Progress) -> None:
        files = f"{now.files}/{now.files_total}"
        name, total = Path(now.path).name[:40], now.size_total
        bar.update(task, completed=now.size, total=total, files=files, description=name)

    return show


def summary(report: AddReport) -> str:
    """One line on what an indexing run did."""
    counts = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "not readable": len(report.skipped),
        "of kinds it does not read": report.ignored,
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{said or 'nothing to do'} ({report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s)"


def skipped_lines(skipped: Iterable[Skipped]) -> list[str]:
    """A line for each file that could not be read: the first 20, then their number."""
    everything = [f"  {shown(str(s.path))}: {s.reason}" for s in skipped]
    more = len(everything) - _SHOWN_SKIPPED
    return everything[:_SHOWN_SKIPPED] + ([f"  ... and {more} more"] if more > 0 else [])


def shown(path: str) -> str:
    """A path as the user would write it: relative where it is below the working folder."""
    here = str(Path.cwd()) + os.sep
    return path.removeprefix(here)


def _hit_lines(number: int, hit: Hit) -> str:
    passage = hit.passage
    heading = f"  {printable(passage.heading)}" if passage.heading else ""
    words = printable(" ".join(passage.text.split()))
    snippet = words if len(words) <= _SNIPPET else words[:_SNIPPET].rstrip() + "…"
    where = f"{shown(passage.document)}[{passage.start}:{passage.end}]"
    return f"{number}. {hit.score:.2f}  {where}{heading}\n   {snippet}"


def _documents(count: int) -> str:
    return f"{count} document" + ("" if count == 1 else "s")


def _file(index: Path | None) -> Path:
    return index if index is not None else default_index_path()
