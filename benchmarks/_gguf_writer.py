"""A random Llama-shaped model as GGUF, without a vocabulary: for benchmarks/engine.py.

PYTHON _gguf_writer.py ARRAYS.npz MODEL.gguf TYPE SIZES_AS_JSON
"""

import json
import sys

import gguf
import numpy as np

PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
TOP = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}


def name_of(name: str) -> str:
    if name in TOP:
        return TOP[name]
    _, _, layer, part = name.removesuffix(".weight").split(".", 3)
    return f"blk.{layer}.{PARTS[part]}.weight"


def main() -> None:
    arrays, to, kind, sizes = sys.argv[1:]
    writer = gguf.GGUFWriter(to, "llama")
    for name, value in json.loads(sizes).items():
        getattr(writer, f"add_{name}")(value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("no_vocab")
    stored = gguf.GGMLQuantizationType[kind]
    for name, values in np.load(arrays).items():
        if values.ndim == 1 or kind == "F32":
            writer.add_tensor(name_of(name), values)
        else:
            packed = gguf.quants.quantize(values, stored)
            writer.add_tensor(name_of(name), packed, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
