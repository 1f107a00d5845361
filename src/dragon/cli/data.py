"""`dragon data`: prepare text and questions for training, and look at the result."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dragon.cli.data_rows import augment, format, stats, validate
from dragon.cli.data_stages import Licence, clean, randomize, synthesize, under
from dragon.cli.progress import moving
from dragon.config import DataConfig, from_dict, read_toml
from dragon.errors import InputError

app = typer.Typer(help="Prepare text and questions for training.", no_args_is_help=True)
app.command()(clean)
app.command()(randomize)
app.command()(synthesize)
for command in (format, augment, validate, stats):
    app.command()(command)


def option(text: str, *names: str) -> Any:
    """An option that is None where it is not given, so that the configuration's value stays."""
    return typer.Option(*names, help=text, show_default=False)


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files or folders: .txt .md .html .jsonl .json .csv .parquet, also .gz .xz .zst."
    ),
]
Out = Annotated[Path, typer.Option(help="Folder to write; replaced as a whole.")]
Config = Annotated[Path | None, option("TOML file whose section [data] is taken first.")]


@app.command()
def prepare(
    out: Out,
    sources: Sources = None,
    config: Config = None,
    objective: Annotated[str | None, option("reader (default) or language.")] = None,
    root: Annotated[str | None, option("Folder that relative paths of sources start from.")] = None,
    tokenizer: Annotated[str | None, option("Its folder; without, one is trained here.")] = None,
    vocab_size: Annotated[int | None, option("Ids of a tokenizer trained here.")] = None,
    no_randomize: Annotated[
        bool, typer.Option("--no-randomize", help="Leave names and numbers as they are.")
    ] = False,
    name_sources: Annotated[
        list[str] | None, option("Text to learn from what is a name; by default the sources.")
    ] = None,
    first_names: Annotated[str | None, option("List of first names (rows with `name`).")] = None,
    places: Annotated[list[str] | None, option("List of places; may be repeated.")] = None,
    synonyms: Annotated[str | None, option("WordNet rows (`members`).")] = None,
    passes: Annotated[
        list[str] | None,
        option("START=N: take files whose name starts so N times (0.5: half), with other names."),
    ] = None,
    licence: Licence = None,
    held_out: Annotated[str | None, option("File of titles, one a line, kept for val.")] = None,
    held_out_every: Annotated[int | None, option("Keep every Nth title, sorted, for val.")] = None,
    articles: Annotated[int | None, option("Most articles of a file.")] = None,
    passages: Annotated[int | None, option("Most passages of an article.")] = None,
    cloze: Annotated[int | None, option("Most reworded questions a passage.")] = None,
    recurring: Annotated[int | None, option("Most recurring-span questions a passage.")] = None,
    unanswerable: Annotated[
        float | None, option("Share asked again where no answer stands.")
    ] = None,
    natural: Annotated[float | None, option("Share of documents that keep their names.")] = None,
    longest: Annotated[int | None, option("Characters of the longest passage.")] = None,
    max_tokens: Annotated[int | None, option("Tokens of the longest prompt.")] = None,
    seed: Annotated[int | None, option("Of everything random.")] = None,
    workers: Annotated[int | None, option("Processes; by default one a core.")] = None,
) -> None:
    """Make a training set: reading exercises, or running text."""
    from dragon.data.prepare import prepare as run

    given = {k: v for k, v in locals().items() if k in DataConfig.__dataclass_fields__}
    given["licences"] = _named(licence)
    chosen = _settings(config, {k: v for k, v in given.items() if v is not None}, no_randomize)
    _check_called(chosen, dict(map(_pass, passes or ())), "--passes")
    _check_called(chosen, given["licences"] or {}, "--licence")
    with moving() as progress:
        manifest = run(chosen, out, progress)
    print(summary(out, manifest))
    print(under(manifest))


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(help="Folder made by any stage.")],
    number: Annotated[int, typer.Option("--number", "-n", help="Pieces to show.", min=0)] = 3,
    split: Annotated[str, typer.Option(help="train or val.")] = "train",
    tokenizer: Annotated[Path | None, option("Its folder, where the data has none.")] = None,
    seed: Annotated[int, typer.Option(help="Which pieces.")] = 0,
) -> None:
    """Print what a data folder holds and a few pieces of it, answers marked."""
    from dragon.cli.data_view import show_data

    if split not in ("train", "val"):
        raise InputError(f"--split is {split!r}.", "Use train or val.")
    show_data(folder, split, number, tokenizer or folder, seed)


def summary(out: Path, manifest: dict[str, Any]) -> str:
    """One line on what was made."""
    parts = []
    for split, counts in manifest["splits"].items():
        pieces = f"{counts['examples']:,} exercises, " if "examples" in counts else ""
        parts.append(f"{split} {pieces}{counts['tokens']:,} tokens")
    return f"{out}: {'; '.join(parts)}; vocabulary {manifest['vocab_size']:,}"


def _settings(file: Path | None, given: dict[str, Any], no_randomize: bool) -> DataConfig:
    table = read_toml(file).get("data", {}) if file is not None else {}
    base = from_dict(DataConfig, table, "data")
    if "passes" in given:
        given["passes"] = dict(_pass(text) for text in given["passes"])
    changes = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    if no_randomize:
        changes["randomize"] = False
    chosen = from_dict(DataConfig, asdict(base) | changes, "data")
    if not chosen.sources:
        raise InputError("No sources are given.", "Name files or folders, or a --config.")
    return chosen


def _named(licence: list[str] | None) -> dict[str, str] | None:
    from dragon.data.licences import parsed

    return parsed(licence) if licence else None


def _check_called(config: DataConfig, starts: dict[str, Any], option: str) -> None:
    from dragon.data.sources import check_called, source_files

    if starts:
        files = source_files(Path(config.root, source) for source in config.sources)
        check_called(files, starts, option)


def _pass(text: str) -> tuple[str, float]:
    start, equals, times = text.partition("=")
    if not (start and equals and re.fullmatch(r"\d+(\.\d+)?", times)):
        raise InputError(f"--passes {text!r} is not understood.", "Use START=N, squad=10 say.")
    return start, int(times) if times.isdecimal() else float(times)
