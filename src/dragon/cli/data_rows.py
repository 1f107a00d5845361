"""`dragon data format`, `augment`, `validate`, `stats`: instructions, conversations, questions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dragon.cli.data_stages import Licence, Out, Seed, Timed, Workers, licences, under
from dragon.cli.progress import moving
from dragon.errors import DataError
from dragon.text.replies import NOT_FOUND

Sources = Annotated[list[Path], typer.Argument(help="Files or folders.", show_default=False)]


def format(
    source: Annotated[Path, typer.Argument(help="File of any form.", show_default=False)],
    out: Annotated[Path, typer.Argument(help=".jsonl, .json or .csv file to write.")],
    to: Annotated[str, typer.Option(help="alpaca, messages or qa.")] = "messages",
) -> None:
    """Write instructions, conversations or questions in another form."""
    from dragon.data.forms import convert

    print(f"{out}: {convert(source, out, to):,} rows")


def augment(
    sources: Sources,
    out: Out,
    ways: Annotated[
        str, typer.Option(help="Some of reword,rename,noise,distractors,unanswerable.")
    ] = "reword,rename,noise,distractors,unanswerable",
    share: Annotated[
        float, typer.Option(help="Share of the rows that each way is tried on.", min=0, max=1)
    ] = 1.0,
    only_new: Annotated[
        bool, typer.Option("--only-new", help="Leave the rows themselves out.")
    ] = False,
    refusal: Annotated[
        str, typer.Option(help="Answer of variants that nothing answers.")
    ] = NOT_FOUND,
    seed: Seed = 0,
    licence: Licence = None,
    workers: Workers = 0,
) -> None:
    """Write questions with variants: other words, names, slips, distractors, no answer."""
    from dragon.data.augmentation import Augmenting
    from dragon.data.augmentation import augment as run

    chosen = tuple(way.strip() for way in ways.split(",") if way.strip())
    how = Augmenting(chosen, share, not only_new, refusal, seed)
    with moving() as progress, Timed() as taken:
        manifest = run(
            sources,
            out,
            how,
            licences=licences(licence, sources),
            workers=workers,
            progress=progress,
        )
    counts = dict(manifest["counts"])
    rows, made = counts.pop("rows"), sum(counts.get(way, 0) for way in chosen)
    print(f"{out}: {made:,} variants of {rows:,} rows, {taken(manifest)}")
    for name, count in sorted(counts.items()):
        print(f"  {name:<34}{count:>10,}")
    print(under(manifest))


def validate(
    sources: Sources,
    form: Annotated[
        str, typer.Option(help="alpaca, messages, grounded, qa, squad or text; else told by row 1.")
    ] = "",
    most: Annotated[int, typer.Option(help="Most faults to list.", min=1)] = 50,
) -> None:
    """List every fault with its file, line and field; exit 1 if there is one."""
    from dragon.data.checking import FORMS, faults
    from dragon.errors import InputError

    if form and form not in FORMS:
        raise InputError(f"--form is {form!r}.", f"Use one of {', '.join(FORMS)}.")
    found = 0
    for fault in faults(sources, form, most):
        found += 1
        print(fault)
    sys.stdout.flush()
    if found:
        more = " or more" if found == most else ""
        raise DataError(f"{found}{more} faults.", "Mend the lines above and run it again.")
    print("No faults.")


def stats(
    sources: Sources,
    val: Annotated[
        list[Path] | None, typer.Option(help="Validation split, to look for leakage.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Page to write, with plots.")] = None,
) -> None:
    """Show lengths, variety, duplicates and leakage of a set of rows."""
    from dragon.data.statistics import LEAST_UNIQUE, LONGEST, SHORTEST, statistics

    made = statistics(sources, val)
    print(f"rows        {made.rows:>12,}")
    print(f"responses   {made.responses:>12,}")
    if made.running < made.responses:
        print(f"in length   {made.fitting:>12.1%}  have {SHORTEST} to {LONGEST} tokens")
    warning = "" if made.variety > LEAST_UNIQUE else f"  below {LEAST_UNIQUE}: it repeats itself"
    print(f"variety     {made.variety:>12.3f}  unique trigrams over all{warning}")
    print(f"duplicates  {made.duplicates:>12,}")
    if made.leaked is not None:
        print(f"leaked      {made.leaked:>12,}  rows share 13 words in a row with --val")
    if html is not None:
        from dragon.cli.data_page import write_page

        write_page(html, made, ", ".join(map(str, sources)))
        print(f"page        {html}")
