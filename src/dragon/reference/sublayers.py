r"""The two halves of a block, and what is around them: parameters in, saved values out.

Each forward function returns its result and what its backward needs again; each backward adds its
parameters' gradients to a dictionary and returns the gradient of its input.

Shapes: B batch, T time, C channels, M inside the MLP, H and K heads, D head size.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dragon.config import ModelConfig
from dragon.reference import activations as act
from dragon.reference.arrays import Array, constant, namespace
from dragon.reference.attention import attend, attend_backward, merge_heads, split_heads
from dragon.reference.linear import (
    dropout,
    dropout_backward,
    linear,
    linear_backward,
    residual,
    residual_backward,
)
from dragon.reference.normalise import (
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from dragon.reference.positions import rotary_table, rotate, rotate_backward

Parameters = Mapping[str, Array]
Gradients = dict[str, Array]
KeysValues = tuple[Array, Array]  # [B, K, S, D] each

ELEMENTWISE: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "relu": (act.relu, act.relu_backward),
    "gelu": (act.gelu, act.gelu_backward),
    "gelu_tanh": (act.gelu_tanh, act.gelu_tanh_backward),
}


def add(grads: Gradients, name: str, gradient: Array) -> None:
    """Add to a parameter's gradient: what is used twice (a tied matrix) hears from both uses."""
    grads[name] = grads[name] + gradient if name in grads else gradient


def project(p: Parameters, name: str, x: Array) -> Array:  # [..., C] -> [..., O]
    """`linear` with a named matrix and the bias that it may have."""
    return linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))


def project_backward(p: Parameters, grads: Gradients, name: str, dy: Array, x: Array) -> Array:
    """Backward of `project`."""
    dx, dw, db = linear_backward(dy, x, p[f"{name}.weight"])
    add(grads, f"{name}.weight", dw)
    if f"{name}.bias" in p:
        add(grads, f"{name}.bias", db)
    return dx


def norm(p: Parameters, c: ModelConfig, name: str, x: Array) -> Array:  # [..., C] -> same
    """The norm of the configuration."""
    if c.norm == "rmsnorm":
        return rms_norm(x, p[f"{name}.weight"], c.norm_eps)
    return layer_norm(x, p[f"{name}.weight"], p[f"{name}.bias"], c.norm_eps)


def norm_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, name: str, dy: Array, x: Array
) -> Array:
    """Backward of `norm`."""
    if c.norm == "rmsnorm":
        return _head_norm_backward(p, c, grads, name, dy, x)
    dx, dw, db = layer_norm_backward(dy, x, p[f"{name}.weight"], c.norm_eps)
    add(grads, f"{name}.weight", dw)
    add(grads, f"{name}.bias", db)
    return dx


class AttentionSaved(NamedTuple):
    """Of `attention`: its input [B, T, C], heads [B, H, T, D] before and after norm and rotation,
    weights [B, H, T, S], and what was gathered [B, T, H*D].
    """

    x: Array
    raw: KeysValues  # queries and keys before their norm
    q: Array
    k: Array
    v: Array
    weights: Array
    mixed: Array
    rope: KeysValues | None


def attention(
    p: Parameters, c: ModelConfig, name: str, x: Array, mask: Array, past: KeysValues | None
) -> tuple[Array, AttentionSaved]:
    """Multi-head or grouped-query self-attention, [B, T, C] -> [B, T, C].

    Args:
        name: of the block's attention in `dragon.weights`.
        mask: [T, S], see `dragon.reference.attention.visible`.
        past: keys and values of rows read before; their number is the first row's position.
    """
    raw_q, raw_k, v = (
        split_heads(project(p, f"{name}.{part}_proj", x), heads)
        for part, heads in (
            ("q", c.num_attention_heads),
            ("k", c.num_key_value_heads),
            ("v", c.num_key_value_heads),
        )
    )
    q, k, rope = raw_q, raw_k, None
    if c.qk_norm:
        q = rms_norm(q, p[f"{name}.q_norm.weight"], c.norm_eps)
        k = rms_norm(k, p[f"{name}.k_norm.weight"], c.norm_eps)
    if c.position == "rope":
        start = past[0].shape[2] if past else 0
        cos, sin = rotary_table(c, start, x.shape[1])
        rope = constant(cos, x), constant(sin, x)
        q, k = rotate(q, *rope), rotate(k, *rope)
    if past:
        concat = namespace(x).concat
        k, v = concat((past[0], k), axis=2), concat((past[1], v), axis=2)
    heads, weights = attend(q, k, v, mask)
    mixed = merge_heads(heads)
    saved = AttentionSaved(x, (raw_q, raw_k), q, k, v, weights, mixed, rope)
    return project(p, f"{name}.o_proj", mixed), saved


def attention_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, name: str, dy: Array, s: AttentionSaved
) -> Array:
    """Backward of `attention` without a past: the same steps, last first."""
    d_mixed = project_backward(p, grads, f"{name}.o_proj", dy, s.mixed)
    dq, dk, dv = attend_backward(
        split_heads(d_mixed, c.num_attention_heads), s.q, s.k, s.v, s.weights
    )
    if s.rope:
        dq, dk = rotate_backward(dq, *s.rope), rotate_backward(dk, *s.rope)
    if c.qk_norm:
        dq = _head_norm_backward(p, c, grads, f"{name}.q_norm", dq, s.raw[0])
        dk = _head_norm_backward(p, c, grads, f"{name}.k_norm", dk, s.raw[1])
    return sum(
        project_backward(p, grads, f"{name}.{part}_proj", merge_heads(d), s.x)
        for part, d in (("q", dq), ("k", dk), ("v", dv))
    )


class MlpSaved(NamedTuple):
    """Of `mlp`: its input [B, T, C] and what stands inside, [B, T, M] each."""

    x: Array
    gate: Array | None
    up: Array
    inside: Array


def mlp(p: Parameters, c: ModelConfig, name: str, x: Array) -> tuple[Array, MlpSaved]:
    """The feed-forward half, [B, T, C] -> [B, T, C]."""
    gate, up = None, project(p, f"{name}.up_proj", x)
    if c.activation == "swiglu":
        gate = project(p, f"{name}.gate_proj", x)
        inside = act.swiglu(gate, up)
    else:
        inside = ELEMENTWISE[c.activation][0](up)
    return project(p, f"{name}.down_proj", inside), MlpSaved(x, gate, up, inside)


def mlp_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, name: str, dy: Array, s: MlpSaved
) -> Array:
    """Backward of `mlp`."""
    d_inside = project_backward(p, grads, f"{name}.down_proj", dy, s.inside)
    if c.activation != "swiglu":
        d_up = ELEMENTWISE[c.activation][1](d_inside, s.up)
        return project_backward(p, grads, f"{name}.up_proj", d_up, s.x)
    d_gate, d_up = act.swiglu_backward(d_inside, s.gate, s.up)
    dx = project_backward(p, grads, f"{name}.gate_proj", d_gate, s.x)
    return dx + project_backward(p, grads, f"{name}.up_proj", d_up, s.x)


class Around(NamedTuple):
    """Of `around`: what the norm saw, and the dropout mask."""

    normed: Array
    kept: Array | None
    share: float


def before(p: Parameters, c: ModelConfig, name: str, x: Array) -> Array:
    """What a sublayer reads: the stream, normed where norms stand before."""
    return norm(p, c, name, x) if c.norm_placement == "pre" else x


def after(
    p: Parameters, c: ModelConfig, name: str, x: Array, y: Array, kept: Array | None, share: float
) -> tuple[Array, Around]:
    """Put a sublayer's output back into the stream; post-norm (Vaswani et al.) norms the sum."""
    total = residual(x, dropout(y, kept, share))
    if c.norm_placement == "pre":
        return total, Around(x, kept, share)
    return norm(p, c, name, total), Around(total, kept, share)


def around_backward(
    p: Parameters,
    c: ModelConfig,
    grads: Gradients,
    name: str,
    dy: Array,
    s: Around,
    inner: Callable[[Array], Array],
) -> Array:
    """Backward of `before`, the sublayer and `after`: `inner` is the sublayer's own backward."""
    pre = c.norm_placement == "pre"
    d_total = dy if pre else norm_backward(p, c, grads, name, dy, s.normed)
    dx, d_out = residual_backward(d_total)
    d_in = inner(dropout_backward(d_out, s.kept, s.share))
    return dx + (norm_backward(p, c, grads, name, d_in, s.normed) if pre else d_in)


def _head_norm_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, name: str, dy: Array, x: Array
) -> Array:
    dx, dw = rms_norm_backward(dy, x, p[f"{name}.weight"], c.norm_eps)
    add(grads, f"{name}.weight", dw)
    return dx
