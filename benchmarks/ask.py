"""`dragon ask` in a cold process: time to the last token, processor time, memory; `dragon --help`.

    python benchmarks/ask.py [--model NAME|FOLDER] [--docs FOLDER] [--repeat N] [--imports]

The index is made once, before anything is measured, and asked by its file. Every figure is the
median of --repeat processes, each measured from outside: started, waited for, its resources read
from the kernel (wait4). --imports adds which modules take longest to import. The last line is a
JSON object of all figures.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dragon.models import DEFAULT, model_folder
from dragon.retrieval import Index

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"
QUESTION = "How many days of annual leave do permanent staff have?"
SLOWEST = 12
# "import time: self [us] | cumulative | imported package", as -X importtime prints it.
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)")
# An installed program has its bytecode on the disk.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

Figures = dict[str, float]


def once(arguments: list[str]) -> Figures:
    """Run one process to its end.

    Returns:
        seconds of wall time, seconds of user and system time, megabytes at the peak.
    """
    command = [sys.executable, "-m", "dragon", *arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)} failed: {errors.read().decode(errors='replace')}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {
        "seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": kilobytes * 1024 / 1e6,
    }


def median(arguments: list[str], repeat: int) -> Figures:
    once(arguments)  # files into the page cache, bytecode onto the disk
    runs = [once(arguments) for _ in range(repeat)]
    figures = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {name: round(value, 3) for name, value in figures.items()}


def slowest_imports(arguments: list[str]) -> Figures:
    """Milliseconds that the slowest modules need themselves, without what they import."""
    command = [sys.executable, "-X", "importtime", "-m", "dragon", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = [(int(own) / 1000, name) for own, _, name in IMPORT.findall(done.stderr)]
    return {name: round(own, 1) for own, name in sorted(found, reverse=True)[:SLOWEST]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default=DEFAULT, help="a shipped model's name, or a folder")
    parser.add_argument("--docs", type=Path, default=HANDBOOK)
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--imports", action="store_true", help="also where importing takes long")
    options = parser.parse_args()
    result: dict[str, object] = {"repeat": options.repeat, "model": Path(options.model).name}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "index.db"
        with Index.open(file, create=True) as index:
            index.add([options.docs])
        model = str(model_folder(options.model))
        ask = ["ask", "--index", str(file), "--model", model, "--", options.question]
        for name, arguments in {"ask": ask, "help": ["--help"]}.items():
            result[name] = figures = median(arguments, options.repeat)
            print(f"{name:<5}" + "".join(f"{k} {v:<10.3f}" for k, v in figures.items()), flush=True)
        if options.imports:
            result["imports_ms"] = slow = slowest_imports(ask)
            for module, milliseconds in slow.items():
                print(f"{milliseconds:8.1f} ms  {module}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
