"""`dragon merge`: a model from an adapter and its base."""

from pathlib import Path
from typing import Annotated

import typer


def merge(
    adapter: Annotated[Path, typer.Argument(help="RUN/last of a run with [lora], or PEFT's.")],
    base: Annotated[str, typer.Option(help="The model that it was made for: a name or a folder.")],
    out: Annotated[Path, typer.Option(help="New folder; replaced as a whole.")],
    force: Annotated[
        bool, typer.Option("--force", help="Merge into other weights of the same shape too.")
    ] = False,
) -> None:
    """Write the whole model that a low-rank adapter makes of its base."""
    from dragon.models import model_folder
    from dragon.train.merge import merge as write

    changed = write(adapter, model_folder(base), out, force=force)
    print(f"{out}: {changed} matrices of {base} changed by {adapter}")
