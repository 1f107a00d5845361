"""How fast the training loop runs at the shipped reader's size; one JSON line last.

    python benchmarks/training.py [--steps N] [--batch-tokens N] [--threads N] [--compile]

Prompts of random ids, of lengths as the reading sets have them; the first fifth of the steps warms
up and is not counted.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch

from dragon.config import ModelConfig, TrainConfig
from dragon.data.shards import ReadingWriter, gather, write_manifest
from dragon.tokenizer import BpeTokenizer
from dragon.tokenizer.reading import FEATURE_SIZES, PASSAGE, QUESTION, TEXT, Reading
from dragon.train.loop import train
from dragon.train.precision import bf16_is_fast
from dragon.weights import num_parameters

SIZE = 16384


def shipped(vocab_size: int) -> ModelConfig:
    return ModelConfig(
        vocab_size=vocab_size,
        num_attention_heads=4,
        num_key_value_heads=4,
        attention="bidirectional",
        reader_features=FEATURE_SIZES,
    )


def random_prompt(random: np.random.Generator, vocab_size: int) -> tuple[Reading, int, int, str]:
    length = int(random.integers(120, 256))
    ids = random.integers(16, vocab_size, length).astype(np.int32)
    ids[[0, 12, 16]] = QUESTION, PASSAGE, TEXT
    features = np.stack([random.integers(0, n, length) for n in FEATURE_SIZES], 1).astype(np.uint8)
    features[17:, 0] = 15  # the text, where answers can be
    offsets = np.arange(length - 17, dtype=np.int32)
    start = int(random.integers(17, length - 5))
    return Reading(ids, features, 17, offsets, offsets + 1), start, start + 2, "random"


def random_set(folder: Path, examples: int) -> int:
    """A reading set and a tokenizer as large as its ids; returns the size of the vocabulary."""
    random = np.random.default_rng(0)
    words = ("".join(chr(97 + c) for c in random.integers(0, 26, 9)) for _ in range(9000))
    tokenizer = BpeTokenizer.train([" ".join(words)], SIZE)
    tokenizer.save(folder)
    splits = {}
    for split, count in (("train", examples), ("val", 0)):
        writer = ReadingWriter(folder, split)
        writer.append(gather(random_prompt(random, tokenizer.vocab_size) for _ in range(count)))
        splits[split] = writer.close()
    write_manifest(folder, "reading", splits=splits)
    return tokenizer.vocab_size


class Speeds:
    """Collects tokens/s and shows them."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def begin(self, steps: int) -> None:
        pass

    def step(self, metrics: dict[str, float]) -> None:
        self.seen.append(metrics["tokens_per_s"])
        print(f"step {metrics['step']}: {self.seen[-1]:.0f} tokens/s", flush=True)

    def note(self, text: str) -> None:
        print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    speeds = Speeds()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        (scratch / "data").mkdir()
        model = shipped(random_set(scratch / "data", 60 * options.steps))
        config = TrainConfig(
            objective="reader",
            data=str(scratch / "data"),
            steps=options.steps,
            batch_tokens=options.batch_tokens,
            mask_share=0.1,
            threads=options.threads,
            compile=options.compile,
        )
        train(model, config, scratch / "run", watcher=speeds)
    kept = speeds.seen[max(1, options.steps // 5) :]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    result = {
        "parameters": num_parameters(model),
        "device": device.type,
        "threads": torch.get_num_threads(),
        "bf16": bf16_is_fast(device),
        "compile": options.compile,
        "batch_tokens": options.batch_tokens,
        "tokens_per_s_median": round(statistics.median(kept)),
        "tokens_per_s_best": round(max(kept)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
