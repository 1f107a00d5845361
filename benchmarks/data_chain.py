"""A corpus cleaned, randomised and encoded as a user does it: time, MB/s and memory of each stage.

    python benchmarks/data_chain.py SOURCE [--megabytes 100] [--workers 2] [--out FOLDER]

Each stage is its command, in processes of its own; memory is the sum over all of them of what they
hold in the machine's memory, looked at five times a second; `cpu_seconds` is the processor time of
all, which a busy machine does not change much. `--stage NAME` runs one stage of the chain, on what
the one before it left in `--out`. At the end the library encodes a part of the same text with
encode_batch in one process on one core. The last line is JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dragon.data.sources import read_rows
from dragon.models import model_folder

STAGES = ("clean", "randomize", "prepare", "library")
PAGE = os.sysconf("SC_PAGE_SIZE")
LIBRARY = 10_000_000  # characters that the library encodes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--out", type=Path, default=Path("runs/chain"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    corpus = options.out / "corpus.jsonl"
    if not corpus.exists():
        cut(options.source, corpus, options.megabytes * 1e6)
    result: dict[str, Any] = {"workers": options.workers}
    for stage in [options.stage] if options.stage else STAGES:
        result[stage] = figures = measure(stage, options.out, options.workers)
        told = ", ".join(f"{k} {v:,.2f}" for k, v in figures.items())
        print(f"{stage:<10} {told}", flush=True)
    if not options.stage:
        total = sum(result[stage]["seconds"] for stage in STAGES[:3])
        ours = result["prepare"]["mb_per_s"] / options.workers
        result |= {"seconds": total, "encode_ratio": ours / result["library"]["mb_per_s"]}
    print(json.dumps(result))


def cut(source: Path, corpus: Path, size: float) -> None:
    taken = 0
    with corpus.open("w", encoding="utf-8") as file:
        for row in read_rows(source):
            if taken >= size:
                break
            taken += file.write(json.dumps(row, ensure_ascii=False) + "\n")


def measure(stage: str, out: Path, workers: int) -> dict[str, float]:
    source = {"clean": out / "corpus.jsonl", "randomize": out / "clean"}.get(stage, out / "renamed")
    size = sum(len(str(row["text"]).encode()) for p in files(source) for row in read_rows(p))
    if stage == "library":
        return library(source)
    command = [sys.executable, "-m", "dragon", "data", stage, str(source)]
    if stage == "prepare":
        command += ["--objective", "language", "--no-randomize", "--tokenizer", str(model_folder())]
    target = {"clean": "clean", "randomize": "renamed", "prepare": "set"}[stage]
    command += ["--out", str(out / target), "--workers", str(workers)]
    start, used = time.perf_counter(), processor()
    process = subprocess.Popen(command)
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.2)
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed.")
    return {
        "seconds": seconds,
        "cpu_seconds": processor() - used,
        "mb_per_s": size / 1e6 / seconds,
        "peak_mb": peak / 1e6,
    }


def processor() -> float:
    """Seconds that finished child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def files(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(source.glob("*.jsonl"))


def memory(root: int) -> int:
    """Bytes in memory of a process and all below it; pages that they share count for each."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        waiting += parents.get(process, [])
        try:
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


def library(source: Path) -> dict[str, float]:
    """MB/s of encode_batch on one core, in batches of a thousand documents."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    from dragon.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(model_folder())
    texts, taken = [], 0
    for path in files(source):
        for row in read_rows(path):
            if taken < LIBRARY:
                texts.append(row["text"])
                taken += len(row["text"])
    start, used = time.perf_counter(), time.process_time()
    for at in range(0, len(texts), 1000):
        tokenizer.encode_batch(texts[at : at + 1000])
    seconds = time.perf_counter() - start
    size = sum(len(text.encode()) for text in texts)
    used = time.process_time() - used
    return {"seconds": seconds, "cpu_seconds": used, "mb_per_s": size / 1e6 / seconds}


if __name__ == "__main__":
    main()
