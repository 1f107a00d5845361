"""Indexes a real corpus of 4,417 technical pages: speed, memory, size and search latency.

Usage: python benchmarks/indexing.py [CORPUS.jsonl.xz] [--folder FOLDER]

The rows of the corpus ({"source", "path", "text"}) are written out as files, into a temporary
folder unless one is given. The last line is a JSON object of all figures.
"""

import argparse
import json
import lzma
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dragon.retrieval import Index

QUESTIONS = """
How do I create a namespace?
Which port does etcd use for peers?
What is the default value of maxmemory-policy?
How can a pod request a GPU?
What does the borrow checker do?
How do I undo the last rollout of a deployment?
When should useEffect clean up?
How are passwords to be stored?
What is the difference between a gauge and a counter?
How do I upload a package with twine?
Which HTTP methods are idempotent?
How do I mount a disk in WSL 2?
What is a slot in a Vue component?
How do I test a click command?
What does Get-ChildItem -Recurse do?
How long must a memorized secret be?
How can I stream a response in Starlette?
Which file holds the settings of a Flask application?
What is a taint and what is a toleration?
How do I set a timeout for a request?
""".strip().split("\n")


def main() -> None:
    """Run the measures one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", help="rows with source, path and text")
    parser.add_argument("--folder", type=Path, help="where to write the files and the index")
    arguments = parser.parse_args()
    if arguments.corpus is None:
        print("skipped: give a corpus, see --help")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        files = write_files(arguments.corpus, folder / "docs")
        figures = {"files": files} | measure(folder / "docs", folder / "index.db")
    print(json.dumps(figures))


def write_files(corpus: Path, folder: Path) -> int:
    """Write each row of the corpus as a file and return their number."""
    files = 0
    for path, text in rows(corpus):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        files += 1
    return files


def rows(corpus: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of each row."""
    with lzma.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield f"{row['source']}/{row['path']}", row["text"]


def measure(docs: Path, file: Path) -> dict[str, float]:
    """Index, index again, search."""
    file.unlink(missing_ok=True)
    with Index.open(file, create=True) as index:
        cpu = time.process_time()
        first = index.add([docs])
        cpu = time.process_time() - cpu
        second = index.add([docs])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    assert second.unchanged == first.added
    open_ms, latencies = search(file)
    figures = {
        "megabytes": first.bytes / 1e6,
        "seconds": first.seconds,
        "megabytes_per_second": first.bytes / 1e6 / first.seconds,
        "megabytes_per_cpu_second": first.bytes / 1e6 / cpu,
        "peak_memory_mb": peak,
        "second_run_seconds": second.seconds,
        "index_mb": file.stat().st_size / 1e6,
        "open_ms": open_ms,
        "search_p50_ms": statistics.median(latencies),
        "search_p95_ms": statistics.quantiles(latencies, n=20)[-1],
    }
    for name, value in figures.items():
        print(f"{name:26}{value:10.2f}")
    return {name: round(value, 3) for name, value in figures.items()}


def search(file: Path) -> tuple[float, list[float]]:
    """Milliseconds to open the index with its first question, and of each further search."""
    started = time.perf_counter()
    with Index.open(file, read_only=True) as index:
        index.search(QUESTIONS[0])
        first = 1000 * (time.perf_counter() - started)
        latencies = []
        for question in QUESTIONS * 3:
            started = time.perf_counter()
            index.search(question)
            latencies.append(1000 * (time.perf_counter() - started))
    return first, latencies


if __name__ == "__main__":
    main()
