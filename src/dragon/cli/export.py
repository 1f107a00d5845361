"""`dragon export` and `dragon import`: models for other programs, and from them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dragon.models import model_folder

exports = typer.Typer(help="Write a model for other programs.", no_args_is_help=True)
imports = typer.Typer(help="Make a model folder of another program's file.", no_args_is_help=True)


class FileType(StrEnum):
    """How GGUF stores the matrices."""

    F32 = "f32"
    F16 = "f16"
    Q8_0 = "q8_0"


Model = Annotated[str, typer.Argument(help="A shipped model's name, or a model folder.")]
Folder = Annotated[Path, typer.Argument(help="New folder; replaced as a whole.")]


@exports.command("hf")
def export_hf(model: Model, out: Folder) -> None:
    """Write a folder that transformers opens."""
    from dragon.checkpoint import WEIGHTS_FILE
    from dragon.interop.hugging_face import export_hugging_face

    export_hugging_face(model_folder(model), out)
    _say(out, out / WEIGHTS_FILE)


@exports.command("gguf")
def export_gguf(
    model: Model,
    out: Annotated[Path, typer.Argument(help="New file; replaced.")],
    file_type: Annotated[
        FileType, typer.Option("--type", help="Of the matrices; vectors stay f32.")
    ] = FileType.F16,
) -> None:
    """Write a file that llama.cpp opens."""
    from dragon.interop.gguf_export import export_gguf as write

    write(model_folder(model), out, file_type.value)
    _say(out, out)


@exports.command("json")
def export_json(
    model: Model, out: Annotated[Path, typer.Argument(help="New file; replaced.")]
) -> None:
    """Write weights and vocabulary into one readable file."""
    from dragon.interop.plain_json import export_json as write

    write(model_folder(model), out)
    _say(out, out)


@imports.command("gguf")
def import_gguf(
    file: Annotated[Path, typer.Argument(help="A GGUF file.")],
    out: Folder,
) -> None:
    """Make a model folder of a GGUF file."""
    from dragon.checkpoint import WEIGHTS_FILE
    from dragon.interop.gguf_import import import_gguf as read

    read(file, out)
    _say(out, out / WEIGHTS_FILE)


@imports.command("json")
def import_json(
    file: Annotated[Path, typer.Argument(help="A file that `dragon export json` wrote.")],
    out: Folder,
) -> None:
    """Make a model folder of a plain JSON file."""
    from dragon.checkpoint import WEIGHTS_FILE
    from dragon.interop.plain_json import import_json as read

    read(file, out)
    _say(out, out / WEIGHTS_FILE)


def _say(written: Path, weights: Path) -> None:
    print(f"{written}: {weights.stat().st_size / 1e6:.1f} MB")
