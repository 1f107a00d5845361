"""`dragon average`: one model from the weights of several."""

from pathlib import Path
from typing import Annotated

import typer


def average(
    folders: Annotated[list[Path], typer.Argument(help="Model folders of one shape.")],
    out: Annotated[Path, typer.Option(help="New folder; replaced as a whole.")],
    weight: Annotated[
        list[float] | None,
        typer.Option(help="How much a model counts; one for each, in order.", show_default="1"),
    ] = None,
) -> None:
    """Write the mean of several checkpoints of one model, which is often better than each."""
    from dragon.train.average import average as mean

    mean(folders, out, weight or ())
    print(f"{out}: the mean of {len(folders)} models")
