"""How fast the engine opens a model, reads and writes; one JSON line last.

    python benchmarks/engine.py [--model FOLDER] [--threads N] [--repeat N]

Without --model it makes random weights of the shipped model's size (the time does not depend on the
values) and their int8 copy in a temporary folder. Every figure is the best of --repeat runs: on a
shared machine the others measure the neighbours.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from dragon.checkpoint import read_config, write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.kernels import native_is_built, physical_cores
from dragon.quantize import quantize_checkpoint
from dragon.weights import num_parameters, tensor_shapes

SHIPPED = ModelConfig(reader_features=(20, 16, 8, 8), num_attention_heads=4, num_key_value_heads=4)
PASSAGES, TOKENS = 5, 200
PROMPT, NEW = 400, 64


def best(repeat: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""

    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(repeat))


def random_model(folder: Path) -> None:
    random = np.random.default_rng(0)
    write_checkpoint(
        folder,
        SHIPPED,
        {
            name: random.standard_normal(shape, np.float32) * np.float32(shape[-1] ** -0.5)
            for name, shape in tensor_shapes(SHIPPED).items()
        },
    )


def prompts(config: ModelConfig) -> list[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(0)
    return [
        (
            random.integers(0, config.vocab_size, TOKENS).astype(np.int32),
            np.stack([random.integers(0, n, TOKENS) for n in config.reader_features], 1),
        )
        for _ in range(PASSAGES)
    ]


def measure(folder: Path, kernels: str, threads: int | None, repeat: int) -> dict[str, float]:
    def open_it() -> Engine:
        return Engine.open(folder, kernels=kernels, threads=threads)

    engine = open_it()
    ids = np.random.default_rng(0).integers(0, engine.config.vocab_size, PROMPT)
    figures = {"open_ms": 1e3 * best(repeat, open_it)}
    if engine.config.is_reader:
        batch = prompts(engine.config)
        read = best(repeat, lambda: engine.read(batch))
        figures |= {"read_ms": 1e3 * read, "read_tokens_s": PASSAGES * TOKENS / read}
    if engine.config.attention != "bidirectional":
        figures["prefill_tokens_s"] = PROMPT / best(repeat, lambda: engine.session().prefill(ids))
        figures["decode_tokens_s"] = NEW / best(repeat, lambda: decode(engine))
    return {name: round(value, 1) for name, value in figures.items()}


def decode(engine: Engine) -> None:
    for _ in engine.generate([1], max_tokens=NEW + 1):
        pass


def models(given: Path | None, scratch: Path) -> Iterator[tuple[str, Path]]:
    if given is not None:
        yield given.name, given
        return
    random_model(scratch / "f32")
    quantize_checkpoint(scratch / "f32", scratch / "int8")
    yield "f32", scratch / "f32"
    yield "int8", scratch / "int8"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeat", type=int, default=10)
    options = parser.parse_args()
    result: dict[str, object] = {"threads": options.threads or physical_cores()}
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in models(options.model, Path(scratch)):
            config = read_config(folder)
            result["parameters"] = num_parameters(config)
            for kernels in ("numpy", "native") if native_is_built() else ("numpy",):
                figures = measure(folder, kernels, options.threads, options.repeat)
                result[f"{kernels}_{name}"] = figures
                print(f"{kernels} {name}: {figures}", flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
