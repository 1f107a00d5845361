"""The one list of tensors that every implementation obeys: PyTorch, the engine, the reference.

In: a `ModelConfig`. Out: the name and shape of each tensor, in file order. The names are Hugging
Face's (Llama), so that `transformers` opens our checkpoints; what Llama lacks stands under
`dragon.`.

Shapes: V vocabulary, C hidden, M intermediate, H heads, K key/value heads, D head size. A matrix is
stored [out, in], as in `torch.nn.Linear`.
"""

from collections.abc import Iterator

from dragon.config import ModelConfig

Shape = tuple[int, ...]
RECURRENT_LAYERS = 3  # of the recurrent reader head


def tensor_shapes(config: ModelConfig) -> dict[str, Shape]:
    """Every tensor of a model, by name.

    >>> shapes = tensor_shapes(ModelConfig(vocab_size=10, hidden_size=4, intermediate_size=6,
    ...     num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1))
    >>> shapes["model.layers.0.self_attn.k_proj.weight"]
    (2, 4)
    """
    return dict(_walk(config))


def num_parameters(config: ModelConfig) -> int:
    """Number of trained values, tied matrices counted once."""
    total = 0
    for shape in tensor_shapes(config).values():
        size = 1
        for n in shape:
            size *= n
        total += size
    return total


def layer_name(layer: int, part: str) -> str:
    """Full name of a tensor inside block `layer`."""
    return f"model.layers.{layer}.{part}"


def _walk(c: ModelConfig) -> Iterator[tuple[str, Shape]]:
    yield "model.embed_tokens.weight", (c.vocab_size, c.hidden_size)
    if c.position == "learned":
        yield "model.embed_positions.weight", (c.max_position_embeddings, c.hidden_size)
    for table, size in enumerate(c.reader_features):
        yield f"dragon.features.{table}.weight", (size, c.hidden_size)
    if c.reader_context:
        yield from _norm(c, "dragon.context.norm")
        yield from _recurrent("dragon.context.layer", c.hidden_size, c.hidden_size)
        yield from _linear("dragon.context.out", c.hidden_size, 2 * c.hidden_size, True)
    for layer in range(c.num_hidden_layers):
        for part, shape in _block(c):
            yield layer_name(layer, part), shape
    if c.norm_placement == "pre":
        yield from _norm(c, "model.norm")
    if not c.tie_word_embeddings:
        yield "lm_head.weight", (c.vocab_size, c.hidden_size)
    if c.pointer_head:
        yield "dragon.pointer.query.weight", (c.hidden_size, c.hidden_size)
        yield "dragon.pointer.key.weight", (c.hidden_size, c.hidden_size)
        yield "dragon.pointer.gate.weight", (1, c.hidden_size)
        yield "dragon.pointer.gate.bias", (1,)
    if c.reader_head == "recurrent":
        yield from _recurrent_head(c)
    elif c.is_reader:
        yield from _linear("dragon.span", 2, c.hidden_size, True)


def _block(c: ModelConfig) -> Iterator[tuple[str, Shape]]:
    heads, kv = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    yield from _norm(c, "input_layernorm")
    for name, out in (("q_proj", heads), ("k_proj", kv), ("v_proj", kv)):
        bias = c.attention_bias or c.qkv_bias
        yield from _linear(f"self_attn.{name}", out, c.hidden_size, bias)
    yield from _linear("self_attn.o_proj", c.hidden_size, heads, c.attention_bias)
    if c.qk_norm:
        yield "self_attn.q_norm.weight", (c.head_dim,)
        yield "self_attn.k_norm.weight", (c.head_dim,)
    yield from _norm(c, "post_attention_layernorm")
    if c.activation == "swiglu":
        yield from _linear("mlp.gate_proj", c.intermediate_size, c.hidden_size, c.mlp_bias)
    yield from _linear("mlp.up_proj", c.intermediate_size, c.hidden_size, c.mlp_bias)
    yield from _linear("mlp.down_proj", c.hidden_size, c.intermediate_size, c.mlp_bias)


def _recurrent_head(c: ModelConfig) -> Iterator[tuple[str, Shape]]:
    wide = c.hidden_size
    for look in ("align", "meet", "review"):
        yield from _linear(f"dragon.reader.{look}.query", c.head_dim, wide, False)
        yield from _linear(f"dragon.reader.{look}.key", c.head_dim, wide, False)
    for name, inner in (("enter", 2), ("join", 4), ("revise", 3)):
        yield from _linear(f"dragon.reader.{name}", wide, inner * wide, True)
    for layer in range(RECURRENT_LAYERS):
        yield from _recurrent(f"dragon.reader.layers.{layer}", wide // 2, wide)
    yield from _linear("dragon.reader.gist", 1, wide, True)
    yield from _linear("dragon.reader.ask", 2 * wide, wide, True)
    yield from _linear("dragon.reader.span", 2, 2 * wide, True)


def _recurrent(name: str, size: int, inner: int) -> Iterator[tuple[str, Shape]]:
    """The names are those of `torch.nn.LSTM`, both directions."""
    for end in ("l0", "l0_reverse"):
        yield f"{name}.weight_ih_{end}", (4 * size, inner)
        yield f"{name}.weight_hh_{end}", (4 * size, size)
        yield f"{name}.bias_ih_{end}", (4 * size,)
        yield f"{name}.bias_hh_{end}", (4 * size,)


def _linear(name: str, out: int, inner: int, bias: bool) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (out, inner)
    if bias:
        yield f"{name}.bias", (out,)


def _norm(c: ModelConfig, name: str) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (c.hidden_size,)
    if c.norm == "layernorm":
        yield f"{name}.bias", (c.hidden_size,)
