"""How well a model doubts on documents that its calibration has not seen.

    python benchmarks/collections_left_out.py [--model NAME|FOLDER] [--expected 0.75]

Six collections of invented private papers (benchmarks/calibration), 52 questions each, 20 of which
nothing answers. Each collection is asked with ranking, probabilities and threshold fitted on the
other five; so the figures say what a stranger's documents would. The last line is a JSON object.
"""

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

from dragon.answer import Answerer
from dragon.answer.evidence import Calibration
from dragon.answer.reader import Reader
from dragon.evaluate.calibrate import Trial, collect, fit
from dragon.evaluate.grounding import Record, metrics, run, spread
from dragon.evaluate.questions import load_questions
from dragon.models import DEFAULT, model_folder
from dragon.retrieval import Index

COLLECTIONS = Path(__file__).parent / "calibration"
TOP_K = 5
SHOWN = ("contains", "exact_match", "f1", "abstained", "over_refusal", "baseline_contains")


def main() -> None:
    """Collect the trials of all, then fit without and ask each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--expected", type=float, default=0.75)
    told = parser.parse_args()
    reader = Reader.open(model_folder(told.model), calibration=Calibration())
    asked = {p.parent: load_questions(p) for p in sorted(COLLECTIONS.glob("*/questions.jsonl"))}
    trials: dict[Path, list[Trial]] = {}
    records: list[Record] = []
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        indexes = {
            folder: stack.enter_context(Index.open(Path(scratch) / folder.name, create=True))
            for folder in asked
        }
        for folder, index in indexes.items():
            index.add([folder])
            trials[folder] = collect(index, reader, asked[folder], TOP_K)
        for folder, index in indexes.items():
            others = [trial for other in asked if other != folder for trial in trials[other]]
            reader.calibration = fit(others, told.expected)
            found = run(index, Answerer(index, reader, TOP_K), asked[folder])
            records += found
            scores = metrics(found)
            print(f"{folder.name:<10}", *(f"{k} {scores[k]:.3f}" for k in SHOWN), flush=True)
    scores = metrics(records)
    for key in SHOWN:
        between = spread(key, scores[key], scores)
        said = f"({between[0]:.3f} to {between[1]:.3f})" if between else ""
        print(f"{key:<20}{scores[key]:.3f} {said}")
    print(json.dumps({key: round(value, 4) for key, value in scores.items()}))


if __name__ == "__main__":
    main()
