"""`dragon show`: what a model is, how large, and how much memory it needs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from dragon.models import DEFAULT

UNIT = 1024
PACKED = {16: "bf16", 8: "int8", 4: "int4"}  # by the bits that config.json declares


def show(
    model: Annotated[str, typer.Argument(help="A shipped model's name, or a folder.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a model's family, shape, formats, context and the memory that it needs."""
    from dragon.models import model_folder

    values = describe(model_folder(model))
    if as_json:
        print(json.dumps(values))
    else:
        _print_table(values)


def describe(folder: Path) -> dict[str, Any]:
    """What is to be known about a model folder, without reading its weights.

    Returns:
        name, family, use, parameters, formats (bytes by stored type), weight_bytes,
        kv_bytes_per_1000_tokens (of keys and values, as the compiled kernels keep them), context,
        vocabulary, layers, hidden_size, heads, kv_heads, head_dim, position, sliding_window,
        reader_head (None where nothing is read), reader_context, chat (whether there is a
        template).

    Raises:
        CheckpointError: if the folder is damaged.
    """
    from dragon.checkpoint import CONFIG_FILE, config_from_json, read_json
    from dragon.config.families import family_of
    from dragon.engine.folder import open_weights
    from dragon.tokenizer.template import ChatTemplate
    from dragon.weights import num_parameters

    values = read_json(folder, CONFIG_FILE)
    config = config_from_json(values)
    formats: dict[str, int] = {}
    for name, tensor in open_weights(folder).items():
        kind = _format(name, tensor.dtype, values)
        formats[kind] = formats.get(kind, 0) + tensor.array.nbytes
    # The compiled kernels keep keys and values in halves beside weights of less than float32.
    width = 4 if max(formats, key=lambda kind: formats[kind]) in ("f32", "f16") else 2
    kv = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * width
    return {
        "name": folder.resolve().name,
        "family": family_of(config) or "dragon",
        "use": "reads" if config.attention == "bidirectional" else "writes",
        "parameters": num_parameters(config),
        "formats": formats,
        "weight_bytes": sum(formats.values()),
        "kv_bytes_per_1000_tokens": 1000 * kv,
        "context": config.max_position_embeddings,
        "vocabulary": config.vocab_size,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "heads": config.num_attention_heads,
        "kv_heads": config.num_key_value_heads,
        "head_dim": config.head_dim,
        "position": _position(config.position, config.rope_scaling, config.rope_factor),
        "sliding_window": config.sliding_window or None,
        "reader_head": config.reader_head if config.is_reader else None,
        "reader_context": config.reader_context,
        "chat": ChatTemplate.of(folder) is not None,
    }


def _format(name: str, dtype: str, values: dict[str, Any]) -> str:
    """A packed matrix and its scales count as its format, everything else as its type."""
    packed = name.endswith((".bf16", ".q8", ".q4", ".scale"))
    bits = values.get("dragon", {}).get("quantization", {}).get("bits")
    return PACKED.get(bits, dtype.lower()) if packed else dtype.lower()


def _position(kind: str, scaling: str, factor: float) -> str:
    return kind if scaling == "none" else f"{kind}, {scaling} x{factor:g}"


def _print_table(values: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_header=False, title=Text(values["name"], style="bold"))
    table.add_column(style="dim")
    table.add_column()
    for name, text in _rows(values):
        table.add_row(name, Text(text))
    Console(highlight=False).print(table)


def _rows(v: dict[str, Any]) -> list[tuple[str, str]]:
    context, kv = v["context"], v["kv_bytes_per_1000_tokens"]
    formats = ", ".join(f"{kind} {size(count)}" for kind, count in v["formats"].items())
    window = f", window of {v['sliding_window']:,}" if v["sliding_window"] else ""
    rows = [
        ("family", f"{v['family']}, {v['use']}"),
        ("parameters", f"{v['parameters']:,}"),
        ("formats", formats),
        ("layers", f"{v['layers']} of width {v['hidden_size']}"),
        *_heads(v),
        ("vocabulary", f"{v['vocabulary']:,}"),
        ("context", f"{context:,} tokens ({v['position']}{window})"),
    ]
    if v["use"] == "writes":
        full = v["weight_bytes"] + kv * context // 1000
        rows += [
            ("chat template", "yes" if v["chat"] else "no"),
            ("memory, weights", size(v["weight_bytes"])),
            ("memory, 1,000 tokens", size(kv)),
            ("memory, whole context", size(full)),
        ]
    else:
        rows.append(("memory, weights", size(v["weight_bytes"])))
    return rows


def _heads(v: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if v["layers"]:
        kinds = f"{v['heads']} of size {v['head_dim']}, {v['kv_heads']} of keys and values"
        yield "heads", kinds
    if v["reader_context"]:
        yield "context", f"recurrent, 2 x {v['hidden_size']} over the embeddings"
    if v["reader_head"] == "recurrent":
        from dragon.weights import RECURRENT_LAYERS

        yield "reader head", f"recurrent, {RECURRENT_LAYERS} layers of 2 x {v['hidden_size'] // 2}"


def size(count: float) -> str:
    """Bytes in words.

    >>> size(1536), size(7 * 1024**3)
    ('1.5 KB', '7.0 GB')
    """
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < UNIT or unit == "GB":
            break
        count /= UNIT
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
