"""`dragon lite`: the edition with the standard library alone, and that edition as one file."""

from pathlib import Path
from typing import Annotated

import typer

from dragon.errors import InputError

app = typer.Typer(help="The idea in the standard library alone.", no_args_is_help=True)

Docs = Annotated[list[Path], typer.Option("--docs", help="Folder or file; several are allowed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show every step, with attention.")]


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    docs: Docs,
    as_json: AsJson = False,
    explain: Explain = False,
) -> int:
    """Answer one question with quoted sentences, or say that the documents do not say."""
    return _run(docs, [f"--ask={question}"], as_json, explain)


@app.command()
def chat(docs: Docs, as_json: AsJson = False, explain: Explain = False) -> int:
    """Ask on and on; follow-ups keep their context."""
    return _run(docs, [], as_json, explain)


@app.command()
def serve(
    docs: Docs, port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8321
) -> int:
    """Serve a page on this machine, and to nobody else."""
    return _run(docs, ["--serve", f"--port={port}"])


@app.command()
def bundle(file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the whole edition as one Python file that needs nothing else."""
    from dragon.lite.bundle import bundle as write
    from dragon.lite.documents import LiteError

    try:
        lines = write(file)
    except LiteError as error:
        raise InputError(str(error)) from error
    print(f"{file}: {lines} lines. Run: python {file} DOCS")


def _run(docs: list[Path], options: list[str], as_json: bool = False, explain: bool = False) -> int:
    from dragon.lite.__main__ import main

    flags = ["--json"] * as_json + ["--explain"] * explain
    return main([*options, *flags, "--", *map(str, docs)])
