"""`dragon bench`: how fast a model runs on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragon.config import ModelConfig
    from dragon.engine.matrices import Matrix
    from dragon.engine.measure import Seconds

app = typer.Typer(no_args_is_help=True)

BITS = {"bf16": 16, "int8": 8, "int4": 4}
PROMPT, FIRST, NEW, BATCH = 512, 16, 64, 16  # tokens, and sequences at once


@app.callback()
def main() -> None:
    """Measure speed and memory on this machine."""


@app.command()
def engine(
    model: Annotated[Path, typer.Option("--model", help="Model folder.")],
    dtype: Annotated[
        Literal["f32", "bf16", "int8", "int4"] | None,
        typer.Option(help="Convert the weights first; else they run as they are stored."),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads; else the physical cores.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs; the median counts.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Open a causal model, read a prompt, write tokens one by one and in 16 sequences at once."""
    import json

    figures = _measure(model, dtype, threads, repeat)
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<16}{value:>14,}")


def _measure(
    model: Path, dtype: str | None, threads: int | None, repeat: int
) -> dict[str, float | int]:
    from statistics import median

    from dragon.engine.engine import Engine
    from dragon.engine.loading import load
    from dragon.engine.measure import Course, resident_mb, timed, weight_bytes
    from dragon.errors import InputError

    loaded: list[tuple[ModelConfig, dict[str, Matrix]]] = []
    load_s = timed(lambda: loaded.append(load(model, read_often=True))).wall
    config, weights = loaded[0]
    if config.attention == "bidirectional":
        raise InputError(f"{model} reads in both directions.", "Give a causal model.")
    if dtype is not None:
        weights = _converted(config, weights, dtype)
    opened: list[Engine] = []
    load_s += timed(lambda: opened.append(Engine(config, weights, threads=threads))).wall
    course = Course(opened[0])
    context = config.max_position_embeddings
    prompt, new = min(PROMPT, context), max(1, min(NEW, context - FIRST))
    first = course.prefill(min(FIRST, context)).wall
    start = min(FIRST, context - new)

    def rate(tokens: int, once: "Callable[[], Seconds]") -> float:
        return round(tokens / median(once().wall for _ in range(repeat)), 1)

    return {
        "load_s": round(load_s, 4),
        "first_token_ms": round(1e3 * first, 3),
        "prefill_tok_s": rate(prompt, lambda: course.prefill(prompt)),
        "decode_tok_s": rate(new, lambda: course.decode(new, 1, start)),
        "batch_tok_s": rate(BATCH * new, lambda: course.decode(new, BATCH, start)),
        "rss_mb": round(resident_mb(), 1),
        "weight_bytes": weight_bytes(weights),
    }


def _converted(
    config: "ModelConfig", weights: "dict[str, Matrix]", dtype: str
) -> "dict[str, Matrix]":
    from dragon.engine.matrices import Dense
    from dragon.engine.measure import settled
    from dragon.engine.safetensors import Tensor
    from dragon.quantize import quantize_weights

    if dtype == "f32":
        return {name: Dense(Tensor("F32", matrix.f32())) for name, matrix in weights.items()}
    return settled(quantize_weights(config, weights, BITS[dtype]))
