"""How well the answers rest on the documents: three sets of questions beside a plain baseline.

    python benchmarks/grounding.py [--technical PAGES.jsonl.xz] [--squad QUESTIONS.jsonl.xz]
                                   [--model NAME|FOLDER] [--top-k 5] [--limit N]

The handbook's 60 questions always; the 20 of technical_questions.jsonl where the pages that they
are about are given; SQuAD's, asked of every fifth article with all articles in the index, where
they are given. The baseline shows the sentence of the first passage that shares most words with the
question and never abstains. The last line is a JSON object of all figures.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from indexing import write_files

from dragon.answer import Answerer
from dragon.answer.reader import Reader
from dragon.evaluate.grounding import metrics, run, spread
from dragon.evaluate.questions import Question, held_out, load_questions, write_articles
from dragon.models import DEFAULT, model_folder
from dragon.retrieval import Index

HERE = Path(__file__).parent
HANDBOOK = HERE.parent / "examples" / "handbook"
TECHNICAL = HERE / "technical_questions.jsonl"
EVERY = 5  # of SQuAD's articles, by name
COUNTS = ("answerable", "unanswerable", "milliseconds")

Scores = dict[str, float]


class Measure:
    """One reader, asked about one folder after the other."""

    def __init__(self, reader: Reader, top_k: int, limit: int) -> None:
        self.reader, self.top_k, self.limit = reader, top_k, limit

    def __call__(self, name: str, docs: Path, questions: Sequence[Question]) -> Scores:
        step = max(1, len(questions) // self.limit) if self.limit else 1
        with (
            tempfile.TemporaryDirectory() as scratch,
            Index.open(Path(scratch) / "index.db", create=True) as index,
        ):
            for skipped in index.add([docs]).skipped:
                print(f"not read: {skipped.path}: {skipped.reason}")
            answerer = Answerer(index, self.reader, self.top_k)
            scores = metrics(run(index, answerer, questions[::step]))
        show(name, scores)
        return {key: round(value, 4) for key, value in scores.items()}


def technical(measure: Measure, pages: Path) -> Scores:
    with tempfile.TemporaryDirectory() as folder:
        write_files(pages, Path(folder))
        return measure("technical pages", Path(folder), load_questions(TECHNICAL))


def squad(measure: Measure, file: Path) -> Scores:
    everything = load_questions(file)
    with tempfile.TemporaryDirectory() as folder:
        write_articles(everything, Path(folder))
        return measure("SQuAD articles", Path(folder), held_out(everything, EVERY))


def show(name: str, scores: Scores) -> None:
    """A table: the score, its 95% interval where it is a share, and the baseline's."""
    print(f"\n{name}: {scores['answerable']:.0f} answerable, {scores['unanswerable']:.0f} not")
    print(f"  {'':<18}{'dragon':>8}  {'95% interval':<17}{'baseline':>8}")
    for key, value in scores.items():
        if key in COUNTS or key.startswith("baseline_"):
            continue
        between = spread(key, value, scores)
        interval = f"{between[0]:.3f} to {between[1]:.3f}" if between else ""
        plain = scores.get(f"baseline_{key}", 0.0 if key == "abstained" else None)
        print(
            f"  {key:<18}{value:>8.3f}  {interval:<17}{'' if plain is None else f'{plain:.3f}':>8}"
        )
    print(f"  {scores['milliseconds']:.0f} ms a question", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default=DEFAULT, help="a shipped model's name, or a folder")
    parser.add_argument("--technical", type=Path, help="rows with source, path and text")
    parser.add_argument("--squad", type=Path, help="rows with SQuAD's fields")
    parser.add_argument("--top-k", type=int, default=5)
    parser.add_argument("--limit", type=int, default=0, help="about so many questions of each set")
    options = parser.parse_args()
    measure = Measure(Reader.open(model_folder(options.model)), options.top_k, options.limit)
    result: dict[str, object] = {"model": measure.reader.name, "top_k": options.top_k}
    questions = load_questions(HANDBOOK / "questions.jsonl")
    result["handbook"] = measure("handbook", HANDBOOK, questions)
    for name, file, work in (
        ("technical", options.technical, technical),
        ("squad", options.squad, squad),
    ):
        if file is None or not file.exists():
            print(f"\n{name}: skipped, {f'no file {file}' if file else f'--{name} is not given'}")
        else:
            result[name] = work(measure, file)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
