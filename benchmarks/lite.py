"""Lite beside the full program on the handbook, and how soon it starts; one JSON line last.

    python benchmarks/lite.py

Both are scored as `dragon eval handbook` does. Times are processor time, because the wall clock of
a shared machine measures the neighbours too; starts are medians of new processes.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from dragon.answer import Answerer
from dragon.answer.reader import Reader
from dragon.evaluate.grounding import metrics, run
from dragon.evaluate.questions import Question, load_questions
from dragon.evaluate.scores import contains, mean
from dragon.lite.answers import ask
from dragon.lite.bundle import bundle
from dragon.lite.documents import read
from dragon.lite.index import Index as LiteIndex
from dragon.models import model_folder
from dragon.retrieval import Index

HANDBOOK = Path(__file__).parents[1] / "examples" / "handbook"
SHOWN = ("contains", "abstained", "over_refusal")
RUNS = 11


def main() -> None:
    questions = load_questions(HANDBOOK / "questions.jsonl")
    started = time.process_time()
    index = LiteIndex(read([str(HANDBOOK)])[0])
    indexing = time.process_time() - started
    scores = {"lite": lite(index, questions), "dragon": full(questions)}
    print(f"{'':<8}" + "".join(f"{name:>14}" for name in SHOWN))
    for name, row in scores.items():
        print(f"{name:<8}" + "".join(f"{row[column]:>14.3f}" for column in SHOWN))
    started = time.process_time()
    for question in questions:
        ask(index, question.question)
    times = {
        "question_ms": 1000 * (time.process_time() - started) / len(questions),
        "indexing_ms": 1000 * indexing,
        **starts(),
    }
    for name, value in times.items():
        print(f"{name:<20} {value:.1f}")
    print(json.dumps({**scores, **{name: round(value, 1) for name, value in times.items()}}))


def lite(index: LiteIndex, questions: list[Question]) -> dict[str, float]:
    answers = [(question, ask(index, question.question)) for question in questions]
    yes = [(q, a) for q, a in answers if q.answerable]
    no = [a for q, a in answers if not q.answerable]
    return {
        "contains": mean([contains(" ".join(s.text for s in a.quotes), q.answers) for q, a in yes]),
        "abstained": mean([float(a.abstained) for a in no]),
        "over_refusal": mean([float(a.abstained) for _, a in yes]),
    }


def full(questions: list[Question]) -> dict[str, float]:
    with TemporaryDirectory() as folder, Index.open(Path(folder, "i.db"), create=True) as index:
        index.add([HANDBOOK])
        counted = metrics(run(index, Answerer(index, Reader.open(model_folder())), questions))
    return {name: counted[name] for name in SHOWN}


def starts() -> dict[str, float]:
    """Milliseconds until it could ask: Python alone, the package, the one file."""
    with TemporaryDirectory() as folder:
        one = Path(folder, "lite.py")
        bundle(one)
        package = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1] / 'src')!r}); "
        commands = {
            "start_python_ms": ["-c", "pass"],
            "start_package_ms": ["-c", f"{package}import dragon.lite.__main__"],
            "start_one_file_ms": [str(one), "--help"],
        }
        return {name: start(command) for name, command in commands.items()}


def start(command: list[str]) -> float:
    spent = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-I", "-S", *command], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return 1000 * median(spent)


if __name__ == "__main__":
    main()
