"""`dragon tokenizer`: train, extend and try a tokenizer."""

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from dragon.errors import InputError, TokenizerError
from dragon.models import DEFAULT, model_folder
from dragon.tokenizer import BpeTokenizer, WordTokenizer, load_tokenizer
from dragon.tokenizer.files import AnyTokenizer

if TYPE_CHECKING:
    from dragon.text.vectors import WordVectors

app = typer.Typer(help="Train, extend and try a tokenizer.", no_args_is_help=True)

Made = TypeVar("Made")


class Kind(StrEnum):
    """What a tokenizer's tokens are."""

    BPE = "bpe"
    WORD = "word"


Corpus = Annotated[
    list[Path], typer.Argument(help="Files or folders: .txt .md .jsonl .json .csv, also .gz .xz.")
]
Out = Annotated[Path, typer.Option(help="Folder to write tokenizer.json into.")]
Field = Annotated[
    list[str] | None,
    typer.Option(help="Field of a row that holds text; may be repeated.", show_default="text"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a tokenizer that is there.")]
Folder = Annotated[
    str, typer.Option("--tokenizer", help="A tokenizer's folder, or a model's name or folder.")
]


@app.command()
def train(
    paths: Corpus,
    out: Out,
    vocab_size: Annotated[int, typer.Option(help="Ids at most.")] = 16384,
    kind: Annotated[Kind, typer.Option(help="Byte-level BPE or whole words.")] = Kind.BPE,
    lower: Annotated[bool, typer.Option(help="Words only: ignore case.")] = False,
    field: Field = None,
    force: Force = False,
) -> None:
    """Train a tokenizer on text files."""
    if lower and kind is Kind.BPE:
        raise InputError("--lower is for --kind word.", "Byte-level BPE keeps every text as it is.")
    _check_free(out, force)

    def work(texts: Iterator[str]) -> AnyTokenizer:
        if kind is Kind.WORD:
            return WordTokenizer.train(texts, vocab_size, lower)
        return BpeTokenizer.train(texts, vocab_size)

    tokenizer = _with_progress(paths, field, work)
    _finish(tokenizer, out, vocab_size)


@app.command()
def extend(
    paths: Corpus,
    out: Out,
    folder: Folder = DEFAULT,
    add: Annotated[int, typer.Option(help="Ids to add at most.")] = 1024,
    field: Field = None,
    force: Force = False,
) -> None:
    """Add tokens learnt from text files; every id that exists stays."""
    tokenizer = _load(folder)
    if not isinstance(tokenizer, BpeTokenizer):
        raise TokenizerError(
            f"The tokenizer at {folder} is word-level; it has no merges.", "Train it again instead."
        )
    _check_free(out, force)
    extended = _with_progress(paths, field, lambda texts: tokenizer.extend(texts, add))
    _finish(extended, out, tokenizer.vocab_size + add)


@app.command()
def vectors(
    paths: Corpus,
    out: Annotated[Path, typer.Option(help="The tokenizer's folder, which gets the vectors.")],
    synonyms: Annotated[
        Path | None, typer.Option(help="Groups of words: rows with `members`, WordNet's fields.")
    ] = None,
    size: Annotated[int, typer.Option(help="Word stems at most.", min=2)] = 30_000,
    width: Annotated[int, typer.Option(help="Numbers a stem.", min=1)] = 96,
    field: Field = None,
) -> None:
    """Learn from text files which words are alike, for search and the reader's features."""
    from dragon.data.sources import read_rows
    from dragon.train.word_vectors import learn_vectors

    groups = [r.get("members", []) for r in read_rows(synonyms)] if synonyms else []
    _load(str(out))

    def work(texts: Iterator[str]) -> "WordVectors":
        return learn_vectors(texts, groups, size=size, width=width)

    learned = _with_progress(paths, field, work)
    learned.save(out)
    print(f"{out}: vectors of {len(learned)} stems")


@app.command()
def encode(
    text: Annotated[str | None, typer.Argument(help="Text; by default standard input.")] = None,
    folder: Folder = DEFAULT,
    tokens: Annotated[bool, typer.Option("--tokens", help="One line a token: id, text.")] = False,
) -> None:
    """Print the ids of a text."""
    tokenizer = _load(folder)
    source = sys.stdin.read() if text is None else text
    ids, offsets = tokenizer.encode_with_offsets(source)
    if tokens:
        for id, (start, end) in zip(ids, offsets, strict=True):
            print(f"{id}\t{start}\t{end}\t{tokenizer.token(id)}")
    else:
        print(*ids)


@app.command()
def decode(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids; by default standard input.")] = None,
    folder: Folder = DEFAULT,
) -> None:
    """Print the text of some ids, special tokens spelt out."""
    words = [word for part in ids or [sys.stdin.read()] for word in part.replace(",", " ").split()]
    for word in words:
        if not word.isdecimal():
            raise InputError(f"{word!r} is not a token id.", "Give whole numbers.")
    print(_load(folder).decode([int(word) for word in words], keep_special=True))


@app.command()
def show(
    text: Annotated[str | None, typer.Argument(help="Text to show in coloured tokens.")] = None,
    folder: Folder = DEFAULT,
) -> None:
    """Print size, special tokens and longest tokens, and a text cut into its tokens."""
    from dragon.cli.tokenizer_view import show_text, show_vocabulary

    tokenizer = _load(folder)
    if text is None:
        show_vocabulary(tokenizer)
    else:
        show_text(tokenizer, text)


def _load(name: str) -> AnyTokenizer:
    return load_tokenizer(model_folder(name))


def _check_free(out: Path, force: bool) -> None:
    if (out / "tokenizer.json").exists() and not force:
        raise InputError(
            f"{out} already holds a tokenizer.",
            "A model that uses it would break: give another --out, or --force.",
        )


def _with_progress(
    paths: list[Path], field: list[str] | None, work: Callable[[Iterator[str]], Made]
) -> Made:
    """Run `work` over the texts of some files, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    from dragon.data.sources import source_files

    files = source_files(paths)
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("reading", total=sum(f.stat().st_size for f in files))

        def texts() -> Iterator[str]:
            for file in files:
                yield from _texts(file, field or ["text"])
                progress.advance(task, file.stat().st_size)
            progress.update(task, description="working", total=None)

        return work(texts())


def _texts(file: Path, field: list[str]) -> Iterator[str]:
    from dragon.data.sources import read_rows

    for row in read_rows(file):
        for name in field:
            if isinstance(text := row.get(name), str):
                yield text


def _finish(tokenizer: AnyTokenizer, out: Path, wanted: int) -> None:
    tokenizer.save(out)
    if tokenizer.vocab_size < wanted:
        print(
            f"note: the corpus gave {tokenizer.vocab_size} of {wanted} tokens; "
            "more text gives more.",
            file=sys.stderr,
        )
    print(f"{out}: {tokenizer.vocab_size} tokens")
