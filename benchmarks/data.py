"""What a core does in each stage of the data pipeline, in MB of text a second of its time.

    python benchmarks/data.py SOURCE [--tokenizer FOLDER] [--megabytes 4]

Processor time of one process, so that it also holds on a busy machine; the encoder and the
library's encode_batch take turns, four times each, on text that neither has seen. The last line
is JSON.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from dragon.data.cleaning.stage import clean
from dragon.data.encoding import Encoder
from dragon.data.renaming import randomize
from dragon.data.sources import read_rows
from dragon.data.synthesis import synthesize
from dragon.models import model_folder
from dragon.tokenizer import load_tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--tokenizer", type=Path, default=model_folder())
    parser.add_argument("--megabytes", type=float, default=4.0)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        result = measure(options.source, options.tokenizer, options.megabytes * 1e6, Path(folder))
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({k: round(v, 2) for k, v in result.items()}))


def measure(source: Path, tokenizer: Path, size: float, folder: Path) -> dict[str, float]:
    texts = [text for text in (row.get("text") for row in read_rows(source)) if text]
    part, taken = folder / "part.jsonl", 0
    with part.open("w") as file:
        for text in texts:
            if taken < size:
                file.write(json.dumps({"text": text}) + "\n")
                taken += len(text.encode())
    result = {}
    stages: dict[str, Callable[..., Any]] = {
        "clean": clean, "randomize": randomize, "synthesize": synthesize
    }  # fmt: skip
    for name, stage in stages.items():
        start = time.process_time()
        stage([part], folder / name, workers=1)
        result[name] = taken / 1e6 / (time.process_time() - start)
        print(f"{name:<12}{result[name]:8.2f} MB/s")
    return result | encoding(texts, tokenizer, size)


def encoding(texts: list[str], folder: Path, size: float) -> dict[str, float]:
    tokenizer = load_tokenizer(folder)
    encode = Encoder(tokenizer)
    batch, at = max(1, len(texts) // 8), 0
    times = {"library": 0.0, "ours": 0.0}
    done = 0
    for _ in range(4):
        part, at = texts[at : at + batch], at + batch
        part = part[: max(1, int(size / 4 / max(1, sum(map(len, part)) / len(part))))]
        start = time.process_time()
        whole = tokenizer.encode_batch(part)
        middle = time.process_time()
        mine = [encode(text) for text in part]
        end = time.process_time()
        assert all(a == b.tolist() for a, b in zip(whole, mine, strict=True))
        times["library"] += middle - start
        times["ours"] += end - middle
        done += sum(len(text.encode()) for text in part)
    speeds = {f"encode_{name}": done / 1e6 / seconds for name, seconds in times.items()}
    for name, speed in speeds.items():
        print(f"{name:<16}{speed:6.2f} MB/s")
    return speeds | {"encode_ratio": times["library"] / times["ours"]}


if __name__ == "__main__":
    main()
