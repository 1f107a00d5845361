"""A model as one GGUF file, for llama.cpp and what is built on it.

In: a model folder. Out: FILE.gguf with weights in f32, f16 or q8_0, and the tokenizer. Vectors stay
in float32, as llama.cpp wants them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dragon.checkpoint import replaced_beside
from dragon.config import ModelConfig
from dragon.config.families import family_of
from dragon.errors import ConfigError, InputError
from dragon.interop.gguf_file import gguf_library
from dragon.interop.gguf_names import (
    ARCHITECTURES,
    CONFIG_KEY,
    FUSED,
    ROPE_FREQS,
    Values,
    gguf_name,
    to_neighbours,
    turned_heads,
)
from dragon.interop.gguf_tokenizer import add_tokenizer
from dragon.interop.source import Source, open_source
from dragon.rotary import rope_frequencies
from dragon.weights import layer_name

if TYPE_CHECKING:
    import gguf

FileType = Literal["f32", "f16", "q8_0"]
FILE_TYPES = {"f32": 0, "f16": 1, "q8_0": 7}  # as in llama.cpp's llama_ftype
Q8_BLOCK = 32


def export_gguf(folder: Path, target: Path, file_type: FileType = "f16") -> None:
    """Write a model for llama.cpp, beside and renamed.

    Args:
        folder: of the model.
        target: the new file.
        file_type: of the matrices: f32, f16, or q8_0 (8 bits in blocks of 32; a matrix whose rows
            are no multiple of 32 stays f16).

    Raises:
        CheckpointError: if the folder is damaged.
        InputError: if llama.cpp does not compute what the model does.
        ConfigError: for another file type, or without the library `gguf`.
    """
    if file_type not in FILE_TYPES:
        raise ConfigError(f"--type is {file_type!r}.", f"Use one of {', '.join(FILE_TYPES)}.")
    library = gguf_library()
    source = open_source(folder, target)
    architecture = _architecture(source.config)
    with replaced_beside(target) as fresh:
        writer = library.GGUFWriter(fresh, architecture)
        _add_settings(writer, source, architecture, file_type)
        add_tokenizer(writer, source)
        _write_tensors(writer, source, architecture, file_type)


def _architecture(config: ModelConfig) -> str:
    family = family_of(config)
    refused = {
        "its shape": family is None,
        f"activation {config.activation}": family == "gpt2" and config.activation != "gelu_tanh",
        "biases in a Qwen3": family == "qwen3" and config.attention_bias,
        "a sliding window in a Qwen": config.sliding_window and family != "mistral",
    }
    for what, holds in refused.items():
        if holds:
            raise InputError(
                f"llama.cpp does not compute this model: {what}.", "Use `dragon export hf`."
            )
    assert family is not None
    return ARCHITECTURES[family]


def _add_settings(writer: "gguf.GGUFWriter", source: Source, architecture: str, kind: str) -> None:
    c = source.config
    writer.add_name(source.folder.resolve().name)
    writer.add_file_type(FILE_TYPES[kind])
    # Within the window a model with one is a model without.
    writer.add_context_length(c.sliding_window or c.max_position_embeddings)
    writer.add_vocab_size(c.vocab_size)
    writer.add_embedding_length(c.hidden_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_string(CONFIG_KEY, json.dumps(asdict(c)))
    if architecture == "gpt2":
        writer.add_layer_norm_eps(c.norm_eps)
        return
    writer.add_layer_norm_rms_eps(c.norm_eps)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_rope_dimension_count(c.head_dim)
    writer.add_rope_freq_base(c.rope_theta)
    if c.rope_scaling in ("linear", "yarn"):
        library = gguf_library()
        writer.add_rope_scaling_type(library.RopeScalingType(c.rope_scaling))
        writer.add_rope_scaling_factor(c.rope_factor)
    if c.rope_scaling == "yarn":
        writer.add_rope_scaling_orig_ctx_len(c.rope_original_positions)


def _tensors(source: Source, architecture: str) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Name, shape and maker of every tensor of the file."""
    c = source.config
    for name, matrix in source.matrices.items():
        if name.startswith("dragon.") or (architecture == "gpt2" and "self_attn.q_" in name):
            continue
        if architecture == "gpt2" and ("self_attn.k_" in name or "self_attn.v_" in name):
            continue
        heads = turned_heads(c, name) if architecture == "llama" else 0
        yield gguf_name(name), tuple(matrix.shape), _maker(source, name, heads)
    if architecture == "gpt2":
        for layer in range(c.num_hidden_layers):
            for kind, shape in (("weight", (3 * c.hidden_size, c.hidden_size)), ("bias", None)):
                make = _fused(source, layer, kind)
                yield f"blk.{layer}.{FUSED}.{kind}", shape or (3 * c.hidden_size,), make
        if c.tie_word_embeddings:  # llama.cpp's GPT-2 has no tying
            shape = (c.vocab_size, c.hidden_size)
            yield "output.weight", shape, _maker(source, "model.embed_tokens.weight", 0)
    if c.rope_scaling == "llama3":
        plain = rope_frequencies(replace(c, rope_scaling="none"))
        stretch = (plain / rope_frequencies(c)).astype(np.float32)
        yield ROPE_FREQS, stretch.shape, lambda: stretch


def _maker(source: Source, name: str, heads: int) -> Callable[[], Values]:
    if heads:
        return lambda: to_neighbours(source.f32(name), heads)
    return lambda: source.f32(name)


def _fused(source: Source, layer: int, kind: str) -> Callable[[], Values]:
    names = [layer_name(layer, f"self_attn.{letter}_proj.{kind}") for letter in "qkv"]
    return lambda: np.concatenate([source.f32(name) for name in names])


def _write_tensors(
    writer: "gguf.GGUFWriter", source: Source, architecture: str, file_type: FileType
) -> None:
    library = gguf_library()
    tensors = list(_tensors(source, architecture))
    kinds = [_stored_as(name, shape, file_type) for name, shape, _ in tensors]
    for (name, shape, _), kind in zip(tensors, kinds, strict=True):
        block, size = library.GGML_QUANT_SIZES[library.GGMLQuantizationType[kind]]
        bytes_in_row = shape[-1] // block * size
        stored = (*shape[:-1], bytes_in_row) if kind == "Q8_0" else shape
        total = int(np.prod(shape[:-1])) * bytes_in_row
        type_ = np.dtype({"F32": np.float32, "F16": np.float16, "Q8_0": np.uint8}[kind])
        writer.add_tensor_info(name, stored, type_, total, library.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for (_, _, make), kind in zip(tensors, kinds, strict=True):
        values = np.ascontiguousarray(make(), np.float32)
        writer.write_tensor_data(library.quantize(values, library.GGMLQuantizationType[kind]))
    writer.close()


def _stored_as(name: str, shape: tuple[int, ...], file_type: FileType) -> str:
    if len(shape) == 1 or file_type == "f32" or name.startswith("position_embd"):
        return "F32"
    return "Q8_0" if file_type == "q8_0" and shape[-1] % Q8_BLOCK == 0 else "F16"
