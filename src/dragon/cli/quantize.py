"""`dragon quantize`: a model folder in int8, ready to be mapped into memory."""

from pathlib import Path
from typing import Annotated

import typer


def quantize(
    model: Annotated[Path, typer.Argument(help="Model folder with float weights.")],
    out: Annotated[Path, typer.Option("--out", help="New folder; replaced as a whole.")],
) -> None:
    """Write a model in int8 (round to nearest, groups of 64), a quarter of its size."""
    from dragon.checkpoint import WEIGHTS_FILE
    from dragon.quantize import quantize_checkpoint

    quantize_checkpoint(model, out)
    before, after = ((folder / WEIGHTS_FILE).stat().st_size for folder in (model, out))
    print(f"{out}: {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB")
