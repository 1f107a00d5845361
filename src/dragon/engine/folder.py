"""The weights of a model folder by our names: one file or many, ours or another library's.

In: a folder. Out: `Tensor`s named as in `dragon.weights`, views into the mapped files. GPT-2's
matrices are stored [in, out] and its three projections in one: transposing and cutting are views
too, so that nothing is copied.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dragon.checkpoint import WEIGHTS_FILE, read_json
from dragon.engine.safetensors import Tensor, open_safetensors
from dragon.errors import CheckpointError
from dragon.weights import layer_name

INDEX_FILE = f"{WEIGHTS_FILE}.index.json"
GPT2_TOP = {
    "wte.weight": "model.embed_tokens.weight",
    "wpe.weight": "model.embed_positions.weight",
    "ln_f.weight": "model.norm.weight",
    "ln_f.bias": "model.norm.bias",
}
GPT2_BLOCK = {
    "ln_1": "input_layernorm",
    "ln_2": "post_attention_layernorm",
    "attn.c_proj": "self_attn.o_proj",
    "mlp.c_fc": "mlp.up_proj",
    "mlp.c_proj": "mlp.down_proj",
}
GPT2_LAYER = re.compile(r"h\.(\d+)\.(.+)\.(weight|bias)")


def open_weights(folder: Path, *, read_often: bool = False) -> dict[str, Tensor]:
    """Map the weights of a model folder.

    Args:
        folder: one file, or an index and its shards.
        read_often: see `dragon.engine.safetensors.open_safetensors`.

    Raises:
        CheckpointError: if a file is missing, damaged, or of a kind that needs PyTorch to be read.
    """
    if (folder / INDEX_FILE).is_file() and not (folder / WEIGHTS_FILE).is_file():
        return named_as_ours(_open_shards(folder))
    if not (folder / WEIGHTS_FILE).is_file():
        others = sorted(p.name for p in folder.glob("*.bin")) + sorted(
            p.name for p in folder.glob("*.pth")
        )
        found = f" It has {others[0]}, which only PyTorch reads." if others else ""
        raise CheckpointError(
            f"{folder} has no {WEIGHTS_FILE}.{found}", "Give a folder with safetensors."
        )
    return named_as_ours(open_safetensors(folder / WEIGHTS_FILE, read_often=read_often))


def named_as_ours(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by the names of `dragon.weights`, from ours, Llama's or GPT-2's, with prefix or not.

    Raises:
        CheckpointError: if a fused matrix cannot be cut in three.
    """
    bare = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    if "wte.weight" in bare:
        return dict(_from_gpt2(bare))
    if "embed_tokens.weight" in tensors:  # saved from the body alone
        heads = ("lm_head.", "dragon.")
        return {n if n.startswith(heads) else f"model.{n}": t for n, t in tensors.items()}
    return dict(tensors)


def _open_shards(folder: Path) -> dict[str, Tensor]:
    places = read_json(folder, INDEX_FILE).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(p, str) for p in places.values()):
        raise CheckpointError(f"{folder / INDEX_FILE} has no weight_map.", "Download it again.")
    shards: dict[str, dict[str, Tensor]] = {}
    for file in sorted(set(places.values())):
        if Path(file).name != file:
            raise CheckpointError(
                f"{folder / INDEX_FILE} names the file {file!r}.", "It must lie in the folder."
            )
        if not (folder / file).is_file():
            raise CheckpointError(f"{folder} has no {file}.", "Download the missing part.")
        shards[file] = open_safetensors(folder / file)
    return {name: shards[file][name] for name, file in places.items() if name in shards[file]}


def _from_gpt2(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors.items():
        if name in GPT2_TOP:
            yield GPT2_TOP[name], tensor
        elif name == "lm_head.weight":
            yield name, tensor
        elif match := GPT2_LAYER.fullmatch(name):
            layer, part, kind = int(match[1]), match[2], match[3]
            # Conv1D: [in, out]. A vector is its own transpose.
            ours = Tensor(tensor.dtype, tensor.array.T)
            if part == "attn.c_attn":
                for letter, cut in zip("qkv", _thirds(name, ours), strict=True):
                    yield layer_name(layer, f"self_attn.{letter}_proj.{kind}"), cut
            elif part in GPT2_BLOCK:
                yield layer_name(layer, f"{GPT2_BLOCK[part]}.{kind}"), ours


def _thirds(name: str, tensor: Tensor) -> Iterator[Tensor]:
    if not tensor.array.ndim or len(tensor.array) % 3:
        raise CheckpointError(
            f"{name} has shape {tensor.array.T.shape}, which holds no queries, keys and values.",
            "The weights are damaged.",
        )
    size = len(tensor.array) // 3
    for start in range(0, 3 * size, size or 1):
        yield Tensor(tensor.dtype, tensor.array[start : start + size])
