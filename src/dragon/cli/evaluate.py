"""`dragon eval`: score the answerer on questions with known answers, and calibrate its doubt.

The evaluations on public data, which end in a scorecard, stand in `dragon.cli.scorecard`.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragon.cli import scorecard
from dragon.cli.ask import Model, TopK
from dragon.cli.asking import leave_threads_to_kernels
from dragon.cli.index_view import skipped_lines
from dragon.cli.scorecard import AsJson
from dragon.errors import ConfigError
from dragon.models import DEFAULT

if TYPE_CHECKING:
    from dragon.answer.reader import Reader
    from dragon.evaluate.grounding import Record
    from dragon.evaluate.questions import Question
    from dragon.retrieval import Index

app = typer.Typer(help="Score a model, an index or an answerer.", no_args_is_help=True)
app.command("all")(scorecard.everything)
for measure in (
    scorecard.grammar,
    scorecard.knowledge,
    scorecard.language,
    scorecard.grounding,
    scorecard.retrieval,
    scorecard.canaries,
    scorecard.compare,
):
    app.command()(measure)

Misses = Annotated[bool, typer.Option("--misses", help="Also print each question that went wrong.")]
Limit = Annotated[int, typer.Option(help="Most questions, spread evenly; 0 for all.", min=0)]
HANDBOOK = Path("examples/handbook")
QUESTIONS = "questions.jsonl"  # in a folder of documents


@app.command()
def handbook(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders of documents with a questions.jsonl.")
    ] = None,
    model: Model = DEFAULT,
    top_k: TopK = 5,
    misses: Misses = False,
    as_json: AsJson = False,
) -> None:
    """Folders that hold their own questions; by default the 60 of examples/handbook."""
    from dragon.evaluate.questions import load_questions

    places = folders or [HANDBOOK]
    sets = [load_questions(place / QUESTIONS) for place in places]
    records, reader = [], _reader(model)
    for place, asked in zip(places, sets, strict=True):
        with _index_of([place]) as index:
            records += _run(index, asked, reader, top_k)
    _report("handbook", records, misses, as_json)


@app.command()
def questions(
    file: Annotated[Path, typer.Argument(help="JSON Lines: question, answers, document.")],
    docs: Annotated[list[Path], typer.Option("--docs", help="The documents asked.")],
    model: Model = DEFAULT,
    top_k: TopK = 5,
    limit: Limit = 0,
    misses: Misses = False,
    as_json: AsJson = False,
) -> None:
    """Questions of your own about documents of your own."""
    from dragon.evaluate.questions import evenly, load_questions

    asked = evenly(load_questions(file), limit)
    with _index_of(docs) as index:
        _report(file.stem, _run(index, asked, _reader(model), top_k), misses, as_json)


@app.command()
def squad(
    file: Annotated[Path, typer.Argument(help="JSON Lines in SQuAD's fields.")],
    model: Model = DEFAULT,
    top_k: TopK = 5,
    every: Annotated[int, typer.Option(help="Ask of every n-th article only.", min=1)] = 5,
    limit: Limit = 0,
    misses: Misses = False,
    as_json: AsJson = False,
) -> None:
    """SQuAD's questions, asked of all of its articles: search included, no passage given."""
    from dragon.evaluate.questions import evenly, held_out, load_questions

    everything = load_questions(file)
    asked = evenly(held_out(everything, every), limit)
    with _article_index(everything) as index:
        _report("squad", _run(index, asked, _reader(model), top_k), misses, as_json)


@app.command()
def calibrate(
    model: Annotated[Path, typer.Option(help="Model folder; its config.json is updated.")],
    file: Annotated[
        Path | None, typer.Argument(help="Held-out questions: SQuAD's fields, or --docs.")
    ] = None,
    docs: Annotated[
        list[Path] | None, typer.Option("--docs", help="The documents asked, if not SQuAD's.")
    ] = None,
    squad: Annotated[
        Path | None, typer.Option(help="Questions in SQuAD's fields to ask beside the others.")
    ] = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of documents with a questions.jsonl to ask beside the others."),
    ] = None,
    articles: Annotated[str, typer.Option(help="Comma-separated parts of article names.")] = "",
    expected: Annotated[
        float, typer.Option(min=0, max=1, help="Share of questions that documents will answer.")
    ] = 0.5,
    top_k: TopK = 5,
    limit: Limit = 0,
) -> None:
    """Fit which candidate to believe, how far, and the threshold below which none is given."""
    from dragon.answer.evidence import Calibration
    from dragon.answer.reader import Reader
    from dragon.checkpoint import update_extras
    from dragon.evaluate.calibrate import collect, fit
    from dragon.evaluate.questions import evenly, load_questions

    if file is None and (docs or (not folder and not squad)):
        raise ConfigError("There are no questions to calibrate on.", "Give a file, or --folder.")
    reader = Reader.open(model, calibration=Calibration())
    trials = []
    if file and docs:
        with _index_of(docs) as index:
            trials += collect(index, reader, evenly(load_questions(file), limit), top_k)
    for place in folder or ():
        with _index_of([place]) as index:
            asked = evenly(load_questions(place / QUESTIONS), limit)
            trials += collect(index, reader, asked, top_k)
    for named in filter(None, (squad, None if docs else file)):
        everything = load_questions(named)
        names = [name for name in articles.split(",") if name]
        asked = [q for q in everything if not names or any(n in q.document for n in names)]
        if not asked:
            raise ConfigError(
                f"No article is named like {articles!r}.", "Look into the file's titles."
            )
        with _article_index(everything) as index:
            trials += collect(index, reader, evenly(asked, limit), top_k)
    calibration = fit(trials, expected)
    values = {
        "ranking": list(calibration.ranking),
        "weights": list(calibration.weights),
        "bias": calibration.bias,
        "threshold": calibration.threshold,
        "questions": len(trials),
    }
    update_extras(model, {"calibration": values})
    print(json.dumps(values))


@contextmanager
def _index_of(docs: Sequence[Path]) -> Iterator["Index"]:
    """A fresh index, so that a score never depends on what an old one holds."""
    leave_threads_to_kernels()
    from dragon.retrieval import Index

    with (
        tempfile.TemporaryDirectory() as folder,
        Index.open(Path(folder) / "index.db", create=True) as index,
    ):
        # A file that cannot be read lowers every score: it must not do so in silence.
        for line in skipped_lines(index.add(list(docs)).skipped):
            print(line, file=sys.stderr)
        yield index


@contextmanager
def _article_index(questions: Sequence["Question"]) -> Iterator["Index"]:
    from dragon.evaluate.questions import write_articles

    with tempfile.TemporaryDirectory() as folder:
        write_articles(questions, Path(folder))
        with _index_of([Path(folder)]) as index:
            yield index


def _reader(model: str) -> "Reader":
    leave_threads_to_kernels()
    from dragon.answer.reader import Reader
    from dragon.models import model_folder

    return Reader.open(model_folder(model))


def _run(
    index: "Index", questions: Sequence["Question"], reader: "Reader", top_k: int
) -> list["Record"]:
    from dragon.answer import Answerer
    from dragon.evaluate.grounding import run

    answerer = Answerer(index, reader, top_k)
    with _bar(len(questions)) as step:
        return run(index, answerer, questions, step)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("questions", total=total)
        yield lambda done: bar.update(task, completed=done)


def _report(name: str, records: Sequence["Record"], misses: bool, as_json: bool) -> None:
    from dragon.evaluate.grounding import metrics, spread

    scores = metrics(records)
    if misses:
        for record in records:
            if not record.right:
                print(_miss(record), file=sys.stderr)
    if as_json:
        line: dict[str, Any] = {"name": name, "metrics": scores, "count": len(records)}
        print(json.dumps(line))
        return
    print(f"{name}: {len(records)} questions")
    for key, value in scores.items():
        between = spread(key, value, scores)
        shown = f"{value:.0f}" if float(value).is_integer() and between is None else f"{value:.3f}"
        said = f"  (95%: {between[0]:.3f} to {between[1]:.3f})" if between else ""
        print(f"  {key:<22}{shown:>9}{said}")


def _miss(record: "Record") -> str:
    expected = " | ".join(record.question.answers) or "(not in the documents)"
    return f"- {record.question.question}\n    expected {expected}\n    got {record.answer.answer}"
