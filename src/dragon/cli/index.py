"""`dragon index`: add, remove, list, search and show documents."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dragon.cli.index_view import (
    add_with_progress,
    documents,
    hit_lines,
    shown,
    skipped_lines,
    summary,
)
from dragon.errors import StoreError
from dragon.retrieval import Index, default_index_path
from dragon.text.printable import printable

app = typer.Typer(help="Add, remove, list and search documents.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(help="Files or folders.", metavar="PATH...")]
File = Annotated[
    Path | None, typer.Option("--index", help="Index file.", show_default="per-user data folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
        print(f"removed {documents(opened.remove(paths))}")


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
    print(f"{documents(len(rows))} in {_file(index)}")


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
        print(hit_lines(number, hit, query))
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
    print(f"{shown(row.path)}  {printable(row.title)}  {row.characters} characters")
    for passage in passages:
        lines = "\n".join(printable(line) for line in passage.text.splitlines())
        print(f"\n[{passage.start}:{passage.end}] {printable(passage.heading)}\n{lines}")


def _file(index: Path | None) -> Path:
    return index if index is not None else default_index_path()
