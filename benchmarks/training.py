"""How fast the training loop runs at the shipped reader's size; one JSON line last.

    python benchmarks/training.py [--steps N] [--batch-tokens N] [--threads N] [--compile]
    python benchmarks/training.py --nanogpt FOLDER [--precision f32|bf16] [--steps N] ...

Prompts of random ids, of lengths as the reading sets have them; the first fifth of the steps warms
up and is not counted. With --nanogpt a language model in GPT-2's shape instead, and after each step
one of nanoGPT's loop (the folder has its model.py) on the same machine, model, batch and threads.
Both say what share of a step it takes to draw its batch, and how long it takes to resume a run.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from _nanogpt import make_step

from dragon.config import ModelConfig, TrainConfig
from dragon.data.shards import ReadingWriter, gather, write_manifest
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from dragon.tokenizer.reading import FEATURE_SIZES, PASSAGE, QUESTION, TEXT, Reading
from dragon.train.loop import train
from dragon.train.objectives import make_objective
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


def language_set(folder: Path, count: int) -> np.ndarray:
    """A language set of random ids and a tokenizer as large; returns the ids."""
    random = np.random.default_rng(0)
    vocab_size = random_set(folder, 1)
    ids = random.integers(16, vocab_size, count).astype(np.uint16)
    for split in ("train", "val"):
        ids.tofile(folder / f"{split}.bin")
    write_manifest(folder, "language", splits={s: {"tokens": count} for s in ("train", "val")})
    return ids


def gpt2(vocab_size: int) -> ModelConfig:
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=256,
        position="learned",
        norm="layernorm",
        activation="gelu",
        attention_bias=True,
        mlp_bias=True,
    )


class Speeds:
    """Collects tokens/s and shows them; another loop's step may follow each of ours."""

    def __init__(self, other: Callable[[], float] | None = None, tokens: int = 0) -> None:
        self.seen: list[float] = []
        self.other, self.tokens = other, tokens
        self.others: list[float] = []

    def begin(self, steps: int) -> None:
        self.since = time.perf_counter()

    def step(self, metrics: dict[str, float]) -> None:
        if self.other:  # all that our loop does between two steps counts, its log too
            self.seen.append(self.tokens / (time.perf_counter() - self.since))
            self.others.append(self.tokens / self.other())
            self.since = time.perf_counter()
        else:
            self.seen.append(metrics["tokens_per_s"])
        beside = f", beside {self.others[-1]:.0f}" if self.others else ""
        print(f"step {metrics['step']}: {self.seen[-1]:.0f} tokens/s{beside}", flush=True)

    def note(self, text: str) -> None:
        print(text, flush=True)


def overheads(model: ModelConfig, config: TrainConfig, run: Path, speed: float) -> dict[str, float]:
    """What is no training: drawing batches, and taking up a finished run again."""
    batches = make_objective(model, config).batches(0)
    drawn = [seconds(lambda: next(batches)) for _ in range(30)]
    resumed = [seconds(lambda: train(model, config, run, resume=True)) for _ in range(3)]
    share = statistics.median(drawn) / (config.batch_tokens / speed)
    return {"data_share": round(share, 5), "resume_seconds": round(min(resumed), 2)}


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def beside_nanogpt(options: argparse.Namespace) -> None:
    steps, batch_tokens, threads = options.steps, options.batch_tokens, options.threads
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        (scratch / "data").mkdir()
        tokens = language_set(scratch / "data", 400_000)
        model = gpt2(load_tokenizer(scratch / "data").vocab_size)
        config = TrainConfig(
            data=str(scratch / "data"),
            steps=steps,
            batch_tokens=batch_tokens,
            threads=threads,
            precision=options.precision,
            eval_every=steps,
            eval_batches=1,
            save_every=steps,
        )
        torch.set_num_threads(threads or torch.get_num_threads())
        speeds = Speeds(make_step(options.nanogpt, model, config, tokens), batch_tokens)
        train(model, config, scratch / "run", watcher=speeds)
        first = max(1, steps // 5)
        ours, theirs = speeds.seen[first:], speeds.others[first:]
        others = overheads(model, config, scratch / "run", statistics.median(ours))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    result = {
        "parameters": num_parameters(model),
        "threads": torch.get_num_threads(),
        "precision": options.precision,
        "batch_tokens": batch_tokens,
        "tokens_per_s_median": round(statistics.median(ours)),
        "nanogpt_tokens_per_s_median": round(statistics.median(theirs)),
        "ratio_median": round(statistics.median(ratios), 2),
        **others,
    }
    print(json.dumps(result))


def reader(options: argparse.Namespace) -> None:
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
        others = overheads(model, config, scratch / "run", statistics.median(kept))
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
        **others,
    }
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--nanogpt", type=Path, help="folder with nanoGPT's model.py")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32", help="of both loops")
    options = parser.parse_args()
    if options.nanogpt:
        beside_nanogpt(options)
    else:
        reader(options)


if __name__ == "__main__":
    main()
