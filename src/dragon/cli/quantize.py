"""`dragon quantize`: a model folder in 16, 8 or 4 bits, ready to be mapped into memory."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from dragon.engine.embedding import Ids

PIECES = 64  # of the calibration text; every eighth is kept to measure on
PIECE = 512  # tokens


def quantize(
    model: Annotated[Path, typer.Argument(help="Model folder with float weights.")],
    out: Annotated[Path, typer.Option("--out", help="New folder; replaced as a whole.")],
    bits: Annotated[int, typer.Option(help="Bits of a weight: 16 (bf16), 8 or 4.")] = 8,
    group: Annotated[int, typer.Option(help="Weights that share a scale.")] = 64,
    method: Annotated[
        Literal["rtn", "gptq"], typer.Option(help="rtn rounds; gptq calibrates on a text.")
    ] = "rtn",
    calibration: Annotated[
        Path | None, typer.Option(help="Text file: gptq learns from it, perplexity is measured.")
    ] = None,
    embedding_bits: Annotated[
        int | None, typer.Option(help="Of the vocabulary's matrices: by default at least 8.")
    ] = None,
) -> None:
    """Write a smaller model: 8 bits by rounding to the nearest, unless asked otherwise."""
    from dragon.checkpoint import WEIGHTS_FILE
    from dragon.quantize import quantize_checkpoint

    learn, judge = _texts(model, calibration) if calibration else ([], [])
    quantize_checkpoint(
        model, out, bits, group, method=method, texts=learn, embedding_bits=embedding_bits
    )
    before, after = (_size(folder) for folder in (model, out))
    print(f"{out}: {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB")
    if judge:
        _report(model, out, judge)
    assert (out / WEIGHTS_FILE).exists()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _texts(model: Path, calibration: Path) -> "tuple[list[Ids], list[Ids]]":
    from dragon.checkpoint import read_config
    from dragon.quantize.perplexity import calibration_texts

    length = min(PIECE, read_config(model).max_position_embeddings)
    texts = calibration_texts(model, calibration, length, PIECES)
    judge = texts[::8]
    return [text for i, text in enumerate(texts) if i % 8] or judge, judge


def _report(model: Path, out: Path, judge: "list[Ids]") -> None:
    from dragon.engine import Engine
    from dragon.quantize.perplexity import forecast

    before, after = (forecast(Engine.open(folder), judge) for folder in (model, out))
    change = 100 * (after.perplexity / before.perplexity - 1)
    same = 100 * (before.choices == after.choices).mean()
    print(f"perplexity {before.perplexity:.3f} -> {after.perplexity:.3f} ({change:+.2f}%)")
    print(f"same next token: {same:.1f}%")
