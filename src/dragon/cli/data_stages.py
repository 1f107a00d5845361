"""`dragon data clean`, `randomize`, `synthesize`: stages that read texts and write JSON Lines."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from dragon.cli.progress import moving
from dragon.errors import InputError

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="Files or folders: .txt .md .html .jsonl .json .csv .parquet, also .gz .xz .zst.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option(help="Folder to write; replaced as a whole.")]
Workers = Annotated[int, typer.Option(help="Processes; 0 for one a core.", min=0)]
Seed = Annotated[int, typer.Option(help="Of everything random.")]
Text = Annotated[str, typer.Option(help="Field that holds the running text.")]


def randomize(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders with text.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; replaced as a whole.")] = None,
    seed: Seed = 0,
    invented: Annotated[float, typer.Option(help="Share of invented names.", min=0, max=1)] = 0.4,
    mapping: Annotated[
        Path | None, typer.Option(help="File for what became what, a JSON object a document.")
    ] = None,
    learn: Annotated[
        bool, typer.Option("--learn", help="First count in the sources which words are names.")
    ] = False,
    text: Text = "text",
    workers: Workers = 0,
    evaluate: Annotated[
        Path | None,
        typer.Option(help="Instead score the detection on sentences marked by hand."),
    ] = None,
) -> None:
    """Write the same texts about other people, places, dates and numbers."""
    if evaluate is not None:
        from dragon.cli.data_view import detection

        detection(evaluate)
        return
    if not sources or out is None:
        raise InputError("Sources or --out are missing.", "Give both, or --evaluate.")
    from dragon.data.renaming import randomize as run

    with moving() as progress, _timed() as timed:
        manifest = run(
            sources,
            out,
            seed=seed,
            invented=invented,
            mapping=mapping,
            learn=learn,
            text=text,
            workers=workers,
            progress=progress,
        )
    counts = dict(manifest["counts"])
    documents = counts.pop("documents")
    found = ", ".join(f"{count:,} {kind.lower()}" for kind, count in counts.items())
    print(f"{out}: {documents:,} documents, {timed(manifest)}; replaced {found}")


class _Clock:
    """How long something took, as MB/s of what was written."""

    def __enter__(self) -> "_Clock":
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._start

    def __call__(self, manifest: dict[str, Any]) -> str:
        size = sum(file["bytes"] for file in manifest["files"].values()) / 1e6
        return f"{size:.1f} MB in {self._seconds:.1f} s, {size / max(self._seconds, 1e-9):.2f} MB/s"


def _timed() -> _Clock:
    return _Clock()
