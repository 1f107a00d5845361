"""`dragon report`: one page about a run, or about several beside each other."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs; up to six.")],
    html: Annotated[Path, typer.Option("--html", help="File to write; replaced.")],
    samples: Annotated[
        bool, typer.Option(help="Let the best checkpoint write; language models only.")
    ] = True,
) -> None:
    """Write one HTML page: curves, speed, samples and settings of training runs."""
    from dragon.train.report.page import write_report
    from dragon.train.report.runs import PROMPTS, read_run

    write_report([read_run(run, PROMPTS if samples else ()) for run in runs], html)
    print(html)
