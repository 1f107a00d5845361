"""`dragon inspect`: what a model saw in a text, as one page."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dragon.models import DEFAULT


def inspect(
    text: Annotated[str, typer.Argument(help="What is read; - takes it from stdin.")],
    html: Annotated[Path, typer.Option("--html", help="The page to write.")],
    model: Annotated[
        str, typer.Option("--model", help="A shipped model's name, or a model folder.")
    ] = DEFAULT,
    question: Annotated[
        str | None, typer.Option("--question", help="For a reader: what to find in the text.")
    ] = None,
    heading: Annotated[
        str, typer.Option("--heading", help="For a reader: title and headings above the text.")
    ] = "",
) -> None:
    """Draw what a model saw in a text: attention, next tokens, scores; one HTML file."""
    from dragon.errors import InputError
    from dragon.inspect.look import look_at_text
    from dragon.inspect.page import write_page
    from dragon.inspect.reading import look_at_passage
    from dragon.models import model_folder

    folder = model_folder(model)
    text = sys.stdin.read(1_000_000) if text == "-" else text
    if heading and question is None:
        raise InputError("--heading needs --question.", "Language models read the text alone.")
    look = (
        look_at_text(folder, text)
        if question is None
        else look_at_passage(folder, question, text, heading)
    )
    write_page(html, look)
    print(f"{html}: {len(look['tokens'])} tokens, {html.stat().st_size / 1e3:,.0f} kB")
