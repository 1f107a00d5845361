"""The parts of a block.

Shapes: B batch, T time, C hidden, H heads, K key/value heads, D head size.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dragon.config import ModelConfig
from dragon.rotary import rope_table


def make_norm(config: ModelConfig) -> nn.Module:
    """RMSNorm (Zhang and Sennrich 2019) or LayerNorm (Ba et al. 2016)."""
    if config.norm == "rmsnorm":
        return nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
    return nn.LayerNorm(config.hidden_size, eps=config.norm_eps)


def rotary_tables(config: ModelConfig, length: int) -> tuple[Tensor, Tensor]:
    """Cos and sin, [length, D], of rotary position embedding (see `dragon.rotary`)."""
    cos, sin = map(torch.from_numpy, rope_table(config, length))
    return torch.cat((cos, cos), dim=-1), torch.cat((sin, sin), dim=-1)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of channels by its position's angle: [B, H, T, D] -> same."""
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-high, low), dim=-1) * sin


def sinusoidal_table(config: ModelConfig) -> Tensor:
    """[max_position_embeddings, C] fixed positions (Vaswani et al. 2017, section 3.5)."""
    position = torch.arange(config.max_position_embeddings, dtype=torch.float64)
    step = torch.arange(0, config.hidden_size, 2, dtype=torch.float64) / config.hidden_size
    angles = torch.outer(position, 10000.0**-step)
    return torch.cat((angles.sin(), angles.cos()), dim=-1)[:, : config.hidden_size].float()


def attention_mask(
    config: ModelConfig, length: int, prefix: int | Tensor, device: torch.device
) -> Tensor:
    """[T, T], True where a row may look at a column; [B, T, T] where prefixes [B] differ."""
    mask = torch.ones(length, length, dtype=torch.bool, device=device)
    if config.attention == "bidirectional":
        return mask
    mask = mask.tril()
    if config.sliding_window:
        mask = mask.triu(1 - config.sliding_window)
    if config.attention == "prefix":
        if isinstance(prefix, Tensor):
            columns = torch.arange(length, device=device)
            return mask | (columns < prefix[:, None])[:, None, :]
        mask[:, :prefix] = True
    return mask


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(D)) v, [B, H, T, D] each; mask True where a row may look."""
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    # PyTorch's fused kernel is slow on processors in its backward pass: two plain products train a
    # small model 1.2x faster (docs/benchmarks.md).
    scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return weights.to(v.dtype) @ v


class SelfAttention(nn.Module):
    """Multi-head or grouped-query attention with optional rotary positions."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        c, d = config.hidden_size, config.head_dim
        heads, kv = config.num_attention_heads * d, config.num_key_value_heads * d
        bias = config.attention_bias or config.qkv_bias
        self.q_proj = nn.Linear(c, heads, bias=bias)
        self.k_proj = nn.Linear(c, kv, bias=bias)
        self.v_proj = nn.Linear(c, kv, bias=bias)
        self.o_proj = nn.Linear(heads, c, bias=config.attention_bias)
        if config.qk_norm:
            self.q_norm = nn.RMSNorm(d, eps=config.norm_eps)
            self.k_norm = nn.RMSNorm(d, eps=config.norm_eps)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor] | None, mask: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, C]; mask broadcasts to [B, H, T, T]."""
        c = self.config
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, c.num_attention_heads, c.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(b, t, c.num_key_value_heads, c.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(b, t, c.num_key_value_heads, c.head_dim).transpose(1, 2)
        if c.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        if rope is not None:
            q, k = rotate(q, *rope).to(v.dtype), rotate(k, *rope).to(v.dtype)
        group = c.num_attention_heads // c.num_key_value_heads
        if group > 1:
            k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        y = attend(q, k, v, mask)
        out: Tensor = self.o_proj(y.transpose(1, 2).reshape(b, t, -1))
        return out


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "swiglu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "relu": F.relu,
}


class MLP(nn.Module):
    """Feed-forward part: SwiGLU (Shazeer 2020), GELU (exact or by tanh) or ReLU."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.activation = config.activation
        c, m, bias = config.hidden_size, config.intermediate_size, config.mlp_bias
        if config.activation == "swiglu":
            self.gate_proj = nn.Linear(c, m, bias=bias)
        self.up_proj = nn.Linear(c, m, bias=bias)
        self.down_proj = nn.Linear(m, c, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        up, activation = self.up_proj(x), ACTIVATIONS[self.activation]
        up = activation(self.gate_proj(x)) * up if self.activation == "swiglu" else activation(up)
        out: Tensor = self.down_proj(up)
        return out


def dropout(x: Tensor, share: float) -> Tensor:
    """Dropout that costs nothing where its share is 0."""
    return F.dropout(x, share) if share else x


class Block(nn.Module):
    """One layer: attention and MLP, each with its norm before or after, and a residual."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pre = config.norm_placement == "pre"
        self.input_layernorm = make_norm(config)
        self.self_attn = SelfAttention(config)
        self.post_attention_layernorm = make_norm(config)
        self.mlp = MLP(config)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor] | None, mask: Tensor, drop: float
    ) -> Tensor:
        """[B, T, C] -> [B, T, C]; `drop` is the dropout of both sublayers' outputs."""
        if self.pre:
            x = x + dropout(self.self_attn(self.input_layernorm(x), rope, mask), drop)
            return x + dropout(self.mlp(self.post_attention_layernorm(x)), drop)
        x = self.input_layernorm(x + dropout(self.self_attn(x, rope, mask), drop))
        out: Tensor = self.post_attention_layernorm(x + dropout(self.mlp(x), drop))
        return out


def init_weights(module: nn.Module, layers: int) -> None:
    """Normal(0, 0.02); projections into the residual stream are scaled by 1/sqrt(2L) (GPT-2).

    The recurrent head keeps PyTorch's own start: it has no residual stream to keep small.
    """
    for name, parameter in module.named_parameters():
        if parameter.dim() < 2 or name.startswith("dragon.reader."):
            continue
        residual = name.endswith(("o_proj.weight", "down_proj.weight"))
        nn.init.normal_(parameter, std=0.02 / (math.sqrt(2 * layers) if residual else 1.0))
