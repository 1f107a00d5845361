"""How fast the engine reads and writes, beside llama.cpp where it is at hand; one JSON line last.

    python benchmarks/engine.py [--llama PYTHON] [--size 20M 100M] [--bits 8 4 16 32] [--threads N]

PYTHON is an interpreter with llama-cpp-python (built natively) and gguf; without it only the own
figures are taken. Random Llama-shaped models are made on the spot, in the same bit width for both
(q8_0, q4_0, bf16, f32), and the runs take turns. Medians of --repeat runs; the ratio is of
processor time where there is one thread, because on a shared machine the wall clock measures the
neighbours. decode_read_share: all weights are read for a token; over the bandwidth at which a plain
product reads 256 MB.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.kernels import physical_cores
from dragon.engine.matrices import Dense, Matrix
from dragon.engine.measure import Course, settled, timed, weight_bytes
from dragon.engine.safetensors import Tensor
from dragon.quantize import quantize_weights
from dragon.weights import num_parameters, tensor_shapes

SIZES = {
    "20M": ModelConfig(16384, 384, 1024, 8, 6, 2, 2048),
    "100M": ModelConfig(32768, 768, 2048, 12, 12, 4, 2048),
}
GGUF_TYPES = {32: "F32", 16: "BF16", 8: "Q8_0", 4: "Q4_0"}
PROMPT, NEW, BATCH = 512, 48, 16


def random_weights(config: ModelConfig) -> dict[str, Matrix]:
    random = np.random.default_rng(0)
    return {
        name: Dense(Tensor("F32", _values(random, name, shape)))
        for name, shape in tensor_shapes(config).items()
    }


def _values(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if "norm" in name:
        return np.ones(shape, np.float32)
    return random.standard_normal(shape, np.float32) * np.float32(shape[-1] ** -0.5)


class Llama:
    """The worker process on the other interpreter."""

    def __init__(self, python: str, model: Path, threads: int) -> None:
        script = Path(__file__).with_name("_llama_worker.py")
        self.process = subprocess.Popen(
            [python, str(script), str(model), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._answer()

    def __call__(self, command: str) -> dict[str, float]:
        assert self.process.stdin
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, float]:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


TASKS = {
    "prefill": (f"prefill {PROMPT}", PROMPT),
    "decode": (f"decode {NEW} 1", NEW),
    "batch": (f"decode {NEW // 4} {BATCH}", NEW // 4 * BATCH),
}


def ours(course: Course, command: str) -> dict[str, float]:
    what, *numbers = command.split()
    seconds = getattr(course, what)(*map(int, numbers))
    return {"wall": seconds.wall, "processor": seconds.processor}


def read_bandwidth(repeat: int) -> float:
    """Bytes a second of processor time that one thread reads from memory."""
    x = np.ones(64 << 20, np.float32)  # NumPy puts it on large pages
    return x.nbytes / median(timed(lambda: np.dot(x, x)).processor for _ in range(repeat))


def compare(course: Course, llama: Llama | None, threads: int, repeat: int) -> dict[str, float]:
    clock = "processor" if threads == 1 else "wall"
    figures: dict[str, float] = {}
    for name, (command, tokens) in TASKS.items():
        own, other = [], []
        for _ in range(repeat):  # in turns, so that both meet the same neighbours
            own.append(ours(course, command))
            if llama:
                other.append(llama(command))
        mine = median(run[clock] for run in own)
        figures[f"{name}_tok_s"] = round(tokens / mine, 1)
        figures[f"{name}_wall_tok_s"] = round(tokens / median(run["wall"] for run in own), 1)
        if llama:
            theirs = median(run[clock] for run in other)
            figures[f"{name}_llama_tok_s"] = round(tokens / theirs, 1)
            ratios = sorted(b[clock] / a[clock] for a, b in zip(own, other, strict=True))
            figures[f"{name}_ratio"] = round(median(ratios), 2)
            figures[f"{name}_ratio_lowest"] = round(ratios[0], 2)
    return figures


def export(
    python: str, config: ModelConfig, weights: dict[str, Matrix], to: Path, kind: str
) -> None:
    """The same random model as GGUF, written by the other interpreter from an npz file."""
    arrays = to.with_suffix(".npz")
    np.savez(arrays, **{name: matrix.f32() for name, matrix in weights.items()})
    sizes = {
        "block_count": config.num_hidden_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "head_count": config.num_attention_heads,
        "head_count_kv": config.num_key_value_heads,
        "rope_dimension_count": config.head_dim,
        "vocab_size": config.vocab_size,
    }
    script = Path(__file__).with_name("_gguf_writer.py")
    subprocess.run([python, str(script), str(arrays), str(to), kind, json.dumps(sizes)], check=True)
    arrays.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--llama", help="interpreter with llama-cpp-python and gguf")
    parser.add_argument("--size", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--bits", nargs="+", type=int, choices=GGUF_TYPES, default=[8, 4, 16, 32])
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--threads", type=int, default=physical_cores())
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--scratch", type=Path, help="keeps the GGUF files")
    options = parser.parse_args()
    result: dict[str, object] = {"threads": options.threads, "group": options.group}
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or Path(temporary)
        for size in options.size:
            config = SIZES[size]
            floats = random_weights(config)
            result[f"parameters_{size}"] = num_parameters(config)
            for bits in options.bits:
                weights = floats
                if bits < 32:
                    weights = settled(quantize_weights(config, floats, bits, options.group))
                course = Course(Engine(config, weights, threads=options.threads))
                llama = None
                if options.llama:
                    gguf = scratch / f"{size}_{GGUF_TYPES[bits]}.gguf"
                    if not gguf.exists():
                        export(options.llama, config, floats, gguf, GGUF_TYPES[bits])
                    llama = Llama(options.llama, gguf, options.threads)
                figures = compare(course, llama, options.threads, options.repeat)
                size_of_all = figures["weight_bytes"] = weight_bytes(weights)
                bandwidth = read_bandwidth(options.repeat)
                figures["read_gb_s"] = round(bandwidth / 1e9, 1)
                read = size_of_all * figures["decode_tok_s"]
                figures["decode_read_share"] = round(read / bandwidth / options.threads, 2)
                if llama:
                    llama.close()
                result[f"{size}_{bits}bit"] = figures
                print(f"{size} {bits} bit: {figures}", flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
