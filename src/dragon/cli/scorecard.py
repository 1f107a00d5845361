"""`dragon eval NAME|all`: score a model on public data and write its scorecard."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragon.cli.ask import Model
from dragon.errors import InputError
from dragon.models import DEFAULT

if TYPE_CHECKING:
    from dragon.evaluate.result import Result

AsJson = Annotated[bool, typer.Option("--json", help="Print {name, metrics, count} as one line.")]
Data = Annotated[Path, typer.Option(help="Folder of the evaluation data; see docs/evaluation.md.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for scorecard.json, .md and .html; without, print only.")
]
Limit = Annotated[
    int, typer.Option(help="Most questions, lines, or pairs of a set; 0 for all.", min=0)
]
Seed = Annotated[int, typer.Option(help="Of everything random.", min=0)]
Articles = Annotated[
    Path | None, typer.Option(help="Articles that the model was trained on: title, text.")
]
Unseen = Annotated[Path | None, typer.Option(help="Articles that it was not trained on.")]
Canaries = Annotated[Path | None, typer.Option(help="Sentences planted in the training text.")]
Samples = Annotated[int, typer.Option(help="Free texts searched for trained names.", min=0)]
Titles = Annotated[
    Path | None, typer.Option(help="Titles, one a line, of SQuAD's articles to ask about.")
]
HERE = Path("data")


def grammar(
    model: Model, data: Data = HERE, out: Out = None, limit: Limit = 0, seed: Seed = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """BLiMP: which of two sentences is grammatical; also under other names."""
    _run(["grammar"], model, out, as_json, data=data, limit=limit, seed=seed)


def knowledge(
    model: Model, articles: Articles, unseen: Unseen = None, canaries: Canaries = None,
    samples: Samples = 1000, out: Out = None, limit: Limit = 0, seed: Seed = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Closed book: facts, planted secrets and names of the training text."""
    _run(["knowledge"], model, out, as_json, data=HERE, articles=articles, unseen=unseen,
         canaries=canaries, samples=samples, limit=limit, seed=seed)  # fmt: skip


def language(
    model: Model, data: Data = HERE, out: Out = None, limit: Limit = 0, seed: Seed = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """WikiText-2: bits per byte, perplexity, BLEU, diversity."""
    _run(["language"], model, out, as_json, data=data, limit=limit, seed=seed)


def grounding(
    model: Model = DEFAULT, data: Data = HERE, titles: Titles = None, out: Out = None,
    limit: Limit = 0, seed: Seed = 0, as_json: AsJson = False,
) -> None:  # fmt: skip
    """SQuAD and PolicyQA with the passages given: spans, swapped entities, silence, citations."""
    _run(["grounding"], model, out, as_json, data=data, titles=titles, limit=limit, seed=seed)


def retrieval(
    model: Model = DEFAULT, data: Data = HERE, out: Out = None, as_json: AsJson = False
) -> None:
    """Cranfield: recall@k and nDCG@10 of the search, with the model's word vectors."""
    _run(["retrieval"], model, out, as_json, data=data)


def everything(
    out: Annotated[Path, typer.Option(help="Folder for scorecard.json, .md and .html.")],
    model: Model = DEFAULT, data: Data = HERE, titles: Titles = None, articles: Articles = None,
    unseen: Unseen = None, canaries: Canaries = None, samples: Samples = 1000, limit: Limit = 0,
    seed: Seed = 0, as_json: AsJson = False,
    skip: Annotated[list[str] | None, typer.Option(help="An evaluation to leave out.")] = None,
) -> None:  # fmt: skip
    """Every evaluation that applies to the model, as one scorecard."""
    from dragon.evaluate.suite import NEEDS

    left_out = skip or []
    for name in left_out:
        if name not in NEEDS:
            raise InputError(f"--skip {name} is no evaluation.", f"Choose of {', '.join(NEEDS)}.")
    names = [name for name in NEEDS if name not in left_out]
    _run(names, model, out, as_json, some=True, data=data, titles=titles, articles=articles,
         unseen=unseen, canaries=canaries, samples=samples, limit=limit, seed=seed)  # fmt: skip


def canaries(
    out: Annotated[Path, typer.Option(help="File to write: JSON Lines.")],
    number: Annotated[int, typer.Option("--number", "-n", help="Sentences.", min=1)] = 20,
    seed: Seed = 0,
) -> None:
    """Write sentences with random secrets, to plant in a training text and ask for afterwards."""
    import json

    from dragon.evaluate.knowledge import make_canaries

    rows = (
        {
            "title": f"Canary {i}",
            "text": f"{c.prefix} {c.secret}.",
            "prefix": c.prefix,
            "secret": c.secret,
        }
        for i, c in enumerate(make_canaries(number, seed), 1)
    )
    out.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    print(f"{out}: {number} sentences; add them to the training text, and give it to --canaries.")


def compare(
    scorecards: Annotated[list[Path], typer.Argument(help="Folders of two or more scorecards.")],
    out: Annotated[Path, typer.Option(help="Folder for comparison.md and one SVG an evaluation.")],
    names: Annotated[
        str, typer.Option(help="Comma-separated names to show them by; else the models'.")
    ] = "",
) -> None:
    """Show the scores of several models beside each other."""
    from dragon.evaluate.compare import write_comparison
    from dragon.evaluate.scorecard import read

    cards = [read(path) for path in scorecards]
    called = names.split(",") if names else [card.model for card in cards]
    if len(cards) < 2 or len(called) != len(cards) or len(set(called)) != len(called):
        raise InputError(
            f"{len(cards)} scorecards and the names {', '.join(called)}.",
            "Give two scorecards at least, and with --names a different one for each.",
        )
    for path in write_comparison(dict(zip(called, cards, strict=True)), out):
        print(path)


def _run(
    names: Sequence[str], model: str, out: Path | None, as_json: bool, some: bool = False,
    **settings: object,
) -> None:  # fmt: skip
    """Run evaluations; with `some`, those that do not apply are noted instead of refused."""
    from dragon.cli.progress import counting
    from dragon.evaluate import scorecard
    from dragon.evaluate.suite import Suite, model_facts
    from dragon.models import model_folder

    folder = model_folder(model)
    suite = Suite(folder, **settings)  # type: ignore[arg-type]
    skipped = {name: why for name in names if some and (why := suite.why_not(name))}
    chosen = [name for name in names if name not in skipped]
    suite.check_all(chosen)
    results: list[Result] = []
    facts = model_facts(folder)
    for name in chosen:
        with counting("done") as progress:
            for result in suite.run(name, progress):
                results.append(result)
                if out:  # after each: what has been found out is kept whatever comes
                    card = scorecard.Scorecard(folder.name, facts, tuple(results), skipped)
                    scorecard.write(card, out)
                _print(result, as_json)
    for name, why in skipped.items():
        print(f"not run: {name}. {why}", file=sys.stderr)
    if out:
        print(f"written: {out / 'scorecard.html'}", file=sys.stderr)


def _print(result: "Result", as_json: bool) -> None:
    from dragon.evaluate.scorecard import between, line, shown

    if as_json:
        print(line(result), flush=True)
        return
    print(f"{result.name}: {result.count:,}")
    for s in result.scores:
        print(f"  {s.name:<40}{shown(s.value):>9}  (95%: {between(s)}; of {s.count:,})")
