"""`dragon data clean`, `randomize`, `synthesize`: stages that read texts and write JSON Lines."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from dragon.cli.progress import moving
from dragon.errors import DocumentError, InputError

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="Files or folders: .txt .md .html .jsonl .json .csv .parquet, also .gz .xz .zst.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option(help="Folder to write; replaced as a whole.")]
Workers = Annotated[int, typer.Option(help="Processes; 0 for one a core.", min=0)]
Seed = Annotated[int, typer.Option(help="Of everything random.")]
Text = Annotated[str, typer.Option(help="Field that holds the running text.")]
Licence = Annotated[
    list[str] | None,
    typer.Option(help="Of the sources; START=NAME for those whose name starts so. Repeatable."),
]


def clean(
    sources: Sources,
    out: Out,
    language: Annotated[
        str, typer.Option(help="Keep this language (en, de, ...); any for all.")
    ] = "en",
    least_words: Annotated[int, typer.Option(help="Fewest words of a document.", min=1)] = 50,
    boilerplate: Annotated[
        int,
        typer.Option(help="Leave out lines that stand in so many documents; 0 for none.", min=0),
    ] = 20,
    near: Annotated[
        float, typer.Option(help="Similarity of near duplicates; 0 keeps all.", min=0, max=1)
    ] = 0.9,
    no_quality: Annotated[bool, typer.Option("--no-quality", help="Keep poor text too.")] = False,
    no_safety: Annotated[bool, typer.Option("--no-safety", help="Keep obscene text too.")] = False,
    keep_personal: Annotated[
        bool, typer.Option("--keep-personal", help="Leave e-mail addresses, cards and the like.")
    ] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="File for what was left out and why.")
    ] = None,
    licence: Licence = None,
    text: Text = "text",
    workers: Workers = 0,
) -> None:
    """Tidy texts; leave out what is poor, foreign, unsafe or there twice."""
    from dragon.data.cleaning.language import LANGUAGES
    from dragon.data.cleaning.stage import Cleaning
    from dragon.data.cleaning.stage import clean as run

    if language not in (*LANGUAGES, "any"):
        known = ", ".join(LANGUAGES)
        raise InputError(f"--language is {language!r}.", f"Use any or one of {known}.")
    how = Cleaning(
        language="" if language == "any" else language,
        least_words=least_words,
        boilerplate=boilerplate,
        quality=not no_quality,
        safety=not no_safety,
        personal=not keep_personal,
        near=near,
        text=text,
    )
    with moving() as progress, Timed() as taken:
        manifest = run(
            sources,
            out,
            how,
            rejected=rejected,
            licences=licences(licence, sources),
            workers=workers,
            progress=progress,
        )
    counts = dict(manifest["counts"])
    documents, kept = counts.pop("documents"), counts.pop("kept")
    print(f"{out}: {kept:,} of {documents:,} documents kept, {taken(manifest)}")
    for reason, count in sorted(counts.items(), key=lambda item: (item[0].split(":")[0], -item[1])):
        print(f"  {reason:<34}{count:>10,}")
    print(under(manifest))


def randomize(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders with text.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; replaced as a whole.")] = None,
    seed: Seed = 0,
    invented: Annotated[float, typer.Option(help="Share of invented names.", min=0, max=1)] = 0.4,
    mapping: Annotated[
        Path | None, typer.Option(help="File for what became what, a JSON object a document.")
    ] = None,
    learn: Annotated[
        bool, typer.Option("--learn", help="First count in the sources which words are names.")
    ] = False,
    licence: Licence = None,
    text: Text = "text",
    workers: Workers = 0,
    evaluate: Annotated[
        Path | None,
        typer.Option(help="Instead score the detection on sentences marked by hand."),
    ] = None,
) -> None:
    """Write the same texts about other people, places, dates and numbers."""
    if evaluate is not None:
        from dragon.cli.data_view import detection

        detection(evaluate)
        return
    if not sources or out is None:
        raise InputError("Sources or --out are missing.", "Give both, or --evaluate.")
    from dragon.data.renaming import randomize as run

    with moving() as progress, Timed() as taken:
        manifest = run(
            sources,
            out,
            seed=seed,
            invented=invented,
            mapping=mapping,
            learn=learn,
            text=text,
            licences=licences(licence, sources),
            workers=workers,
            progress=progress,
        )
    counts = dict(manifest["counts"])
    documents = counts.pop("documents")
    found = ", ".join(f"{count:,} {kind.lower()}" for kind, count in counts.items())
    print(f"{out}: {documents:,} documents, {taken(manifest)}; replaced {found}")
    print(under(manifest))


def synthesize(
    out: Out,
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders with text.")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option(help="A folder of documents, PDF and Word too, instead.")
    ] = None,
    passages: Annotated[int, typer.Option(help="Most passages of a document.", min=1)] = 4,
    each: Annotated[int, typer.Option(help="Most questions of each way a passage.", min=1)] = 1,
    distractors: Annotated[int, typer.Option(help="Most passages without the answer.", min=0)] = 3,
    unanswerable: Annotated[
        float, typer.Option(help="Share asked again where no answer stands.", min=0, max=1)
    ] = 0.25,
    follow_ups: Annotated[
        float, typer.Option(help="Share of passages with a second question.", min=0, max=1)
    ] = 0.2,
    synonyms: Annotated[Path | None, typer.Option(help="WordNet rows (`members`).")] = None,
    seed: Seed = 0,
    licence: Licence = None,
    text: Text = "text",
    workers: Workers = 0,
) -> None:
    """Make questions with passages and answers from texts, or from a folder of documents."""
    from dragon.data.grounded import Wanted
    from dragon.data.synthesis import synthesize as run

    if (docs is None) == (not sources):
        raise InputError("Sources and --docs are both given or both missing.", "Give one of them.")
    wanted = Wanted(passages, each, distractors, unanswerable, follow_ups)
    options: dict[str, Any] = {"seed": seed, "synonyms": synonyms, "text": text}
    with _read(docs, out) as read, moving() as progress, Timed() as taken:
        rows, documents = read
        options["licences"] = licences(licence, sources or documents)
        manifest = run(
            sources or [rows],
            out,
            wanted,
            documents=documents,
            workers=workers,
            progress=progress,
            **options,
        )
    counts = dict(manifest["counts"])
    documents = counts.pop("documents")
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    total = sum(counts.values())
    print(f"{out}: {total:,} questions on {documents:,} documents, {taken(manifest)}; {kinds}")
    print(under(manifest))


def licences(options: list[str] | None, sources: list[Path]) -> dict[str, str]:
    """What `--licence` says of the sources."""
    from dragon.data.licences import parsed
    from dragon.data.sources import check_called, source_files

    found = parsed(options or ())
    if any(found):
        check_called(source_files(sources), found, "--licence")
    return found


def under(manifest: dict[str, Any]) -> str:
    """One line on the licences of a manifest's sources."""
    from dragon.data.licences import UNKNOWN, totals

    found = totals(manifest["sources"]).most_common()
    named = ", ".join(f"{name} ({rows:,} rows)" for name, rows in found)
    unknown = any(name == UNKNOWN for name, _ in found)
    return f"  licences: {named}{'; --licence names one' if unknown else ''}"


@contextmanager
def _read(docs: Path | None, out: Path) -> Iterator[tuple[Path, list[Path]]]:
    """The text of a folder of documents as a file of rows while it is needed, and these documents.

    It lies beside `out` and is as old as the documents, so that a run that was stopped goes on.
    """
    if docs is None:
        yield Path(), []
        return
    from dragon.retrieval.readers import SUFFIXES

    if not docs.exists():
        raise InputError(f"No documents at {docs}.", "Check the path.")
    paths = [docs] if docs.is_file() else sorted(p for p in docs.rglob("*") if p.is_file())
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    folder = out.with_name(f".{out.name}.docs")
    folder.mkdir(parents=True, exist_ok=True)
    rows = folder / f"{docs.resolve().stem}.jsonl"
    try:
        read = _gathered(paths, rows)
        if not read:
            raise InputError(f"No document in {docs} can be read.", "Name a folder of documents.")
        yield rows, read
    finally:
        if not out.with_name(f".{out.name}.unfinished").exists():
            shutil.rmtree(folder)


def _gathered(paths: list[Path], rows: Path) -> list[Path]:
    """Write a row for each document that can be read; returns these."""
    from dragon.retrieval.readers import read_document
    from dragon.retrieval.readers.document import Document

    read = []
    with rows.open("w", encoding="utf-8") as file:
        for path in paths:
            try:
                document: Document = read_document(path)
            except DocumentError as error:
                print(f"{path}: left out, {error}", file=sys.stderr)
                continue
            row = {"title": document.title, "text": document.text, "path": str(path)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            read.append(path)
    newest = max((path.stat().st_mtime_ns for path in read), default=0)
    os.utime(rows, ns=(newest, newest))
    return read


class Timed:
    """How long something took, as MB/s of what was written."""

    def __enter__(self) -> "Timed":
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._start

    def __call__(self, manifest: dict[str, Any]) -> str:
        """The megabytes that a manifest names, the seconds, and the one by the other."""
        size = sum(file["bytes"] for file in manifest["files"].values()) / 1e6
        return f"{size:.1f} MB in {self._seconds:.1f} s, {size / max(self._seconds, 1e-9):.2f} MB/s"
