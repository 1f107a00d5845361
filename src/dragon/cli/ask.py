"""`dragon ask`: one question, one cited answer."""

from pathlib import Path
from typing import Annotated

import typer

from dragon.cli.asking import print_answer
from dragon.cli.plain import MOST_PASSAGES
from dragon.models import DEFAULT

Docs = Annotated[
    list[Path] | None,
    typer.Option("--docs", help="Folder or file to ask; may be given several times."),
]
File = Annotated[
    Path | None, typer.Option("--index", help="Index file.", show_default="per-user data folder")
]
Model = Annotated[str, typer.Option("--model", help="A shipped model's name, or a model folder.")]
TopK = Annotated[
    int, typer.Option("--top-k", min=1, max=MOST_PASSAGES, help="Passages that are read.")
]


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know; - reads it from stdin.")],
    docs: Docs = None,
    index: File = None,
    model: Model = DEFAULT,
    top_k: TopK = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Print nothing before the answer is complete.")
    ] = False,
) -> None:
    """Answer a question from your documents, with citations; or say that they do not say."""
    print_answer(question, docs, index, model, top_k, as_json, no_stream)
