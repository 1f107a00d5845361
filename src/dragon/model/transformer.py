"""The whole network: one body, two mouths.

In: token ids [B, T], and for the reader feature indices [B, T, F]. Out: next-token logits [B, T, V]
(the language mouth) or start and end scores [B, T, 2] (the reading mouth). Parameter names are
those of `dragon.weights`, so a state dict is a checkpoint.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from dragon.config import ModelConfig
from dragon.model.context import Context
from dragon.model.layers import (
    Block,
    attention_mask,
    dropout,
    init_weights,
    make_norm,
    rotary_tables,
    sinusoidal_table,
)
from dragon.model.recurrent_head import RecurrentHead
from dragon.tokenizer.reading import MATCHES, SEG_QUESTION
from dragon.weights import tensor_shapes


class Body(nn.Module):
    """Positions and blocks: embedded tokens -> states.

    Attributes:
        checkpointing: keep only what goes from block to block, and work out the rest again when the
            gradients need it (Chen et al. 2016, arXiv:1604.06174).
    """

    cos: Tensor
    sin: Tensor
    positions: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.checkpointing = False
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        if config.position == "learned":
            self.embed_positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        if config.norm_placement == "pre":
            self.norm = make_norm(config)
        cos, sin = rotary_tables(config, config.max_position_embeddings)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        if config.position == "sinusoidal":
            self.register_buffer("positions", sinusoidal_table(config), persistent=False)

    def forward(self, x: Tensor, mask: Tensor, drop: float) -> Tensor:
        """[B, T, C] embedded tokens -> [B, T, C] states, normed."""
        length = x.shape[1]
        if self.config.position == "learned":
            x = x + self.embed_positions.weight[:length]
        elif self.config.position == "sinusoidal":
            x = x + self.positions[:length]
        rope = None
        if self.config.position == "rope":
            rope = self.cos[:length], self.sin[:length]
        for block in self.layers:
            if self.checkpointing and torch.is_grad_enabled():
                x = checkpoint(block, x, rope, mask, drop, use_reentrant=False)
            else:
                x = block(x, rope, mask, drop)
        return self.norm(x) if self.config.norm_placement == "pre" else x


def _asked(features: Tensor) -> Tensor:
    """[B, T] True on the question's tokens and on position 0."""
    asked = features[..., 0] // MATCHES == SEG_QUESTION
    asked[:, 0] = True
    return asked


def _wide(x: Tensor) -> Tensor:
    """At least single precision, which probabilities need."""
    return x if x.dtype == torch.float64 else x.float()


class Pointer(nn.Module):
    """A copy distribution over the tokens read so far (See et al. 2017, equations 9 to 11)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        c = config.hidden_size
        self.query = nn.Linear(c, c, bias=False)
        self.key = nn.Linear(c, c, bias=False)
        self.gate = nn.Linear(c, 1)

    def forward(self, states: Tensor, logits: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """States [B, T, C], logits [B, T, V], ids [B, T] -> log-probabilities [B, T, V]."""
        scores = self.query(states) @ self.key(states).transpose(1, 2)
        scores = _wide(scores / math.sqrt(states.shape[-1])).masked_fill(~mask, -torch.inf)
        attention = scores.softmax(-1)
        copied = torch.zeros_like(logits, dtype=attention.dtype).scatter_add_(
            2, ids[:, None, :].expand(-1, ids.shape[1], -1), attention
        )
        gate = torch.sigmoid(_wide(self.gate(states)))
        mixed = gate * _wide(logits).softmax(-1) + (1 - gate) * copied
        return mixed.clamp_min(1e-12).log()


class Extras(nn.Module):
    """The tensors that Llama has no name for: reader features, span scorer, pointer head."""

    def __init__(self, config: ModelConfig, dropout: float) -> None:
        super().__init__()
        if config.is_reader:
            self.features = nn.ModuleList(
                nn.Embedding(size, config.hidden_size) for size in config.reader_features
            )
            if config.reader_context:
                self.context = Context(config, dropout)
            if config.reader_head == "recurrent":
                self.reader = RecurrentHead(config, dropout)
            else:
                self.span = nn.Linear(config.hidden_size, 2)
        if config.pointer_head:
            self.pointer = Pointer(config)


class Transformer(nn.Module):
    """A `ModelConfig` made into a network.

    Args:
        config: its shape.
        dropout: of embeddings and sublayer outputs while training.
    """

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        self.model = Body(config)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.dragon = Extras(config, dropout)
        init_weights(self, config.num_hidden_layers)
        assert {n: tuple(p.shape) for n, p in self.named_parameters()} == tensor_shapes(config)

    def states(self, ids: Tensor, features: Tensor | None, mask: Tensor) -> Tensor:
        """Final states [B, T, C] of ids [B, T], and features [B, T, F] where a reader reads.

        The mask broadcasts to [B, H, T, T] and is True where a row may look at a column.
        """
        x = self.model.embed_tokens(ids)
        if features is not None:
            if self.config.reader_context:
                x = x + self.dragon.context(x)
            for table, column in zip(self.dragon.features, features.unbind(-1), strict=True):
                x = x + table(column)
        drop = self.dropout if self.training else 0.0
        out: Tensor = self.model(dropout(x, drop), mask, drop)
        return out

    def language_states(self, ids: Tensor, prefix: int | Tensor = 0) -> tuple[Tensor, Tensor]:
        """What the language mouth speaks from: final states of a text, and who looked at whom.

        Args:
            ids: [B, T] token ids.
            prefix: see `forward`.

        Returns:
            States [B, T, C]; the mask [T, T], or [B, T, T] where the prefixes of the rows differ,
            True where a row looked at a column.
        """
        mask = attention_mask(self.config, ids.shape[1], prefix, ids.device)
        each_head = mask[:, None] if mask.dim() == 3 else mask
        return self.states(ids, None, each_head), mask

    @property
    def language_weight(self) -> Tensor:
        """The matrix [V, C] of `language`: the embeddings' own where they are tied."""
        tied = self.config.tie_word_embeddings
        weight: Tensor = self.model.embed_tokens.weight if tied else self.lm_head.weight
        return weight

    def language(self, states: Tensor) -> Tensor:
        """[..., C] states -> [..., V] logits, without the pointer."""
        return F.linear(states, self.language_weight)

    def forward(self, ids: Tensor, prefix: int | Tensor = 0) -> Tensor:
        """Next-token logits [B, T, V] (log-probabilities where there is a pointer head).

        Args:
            ids: [B, T] token ids.
            prefix: with prefix attention, how many tokens are seen from everywhere; [B] where the
                rows differ.
        """
        states, mask = self.language_states(ids, prefix)
        logits = self.language(states)
        if self.config.pointer_head:
            logits = self.dragon.pointer(states, logits, ids, mask)
        return logits

    def logits_at(self, ids: Tensor, chosen: Tensor, prefix: int | Tensor = 0) -> Tensor:
        """Rows of `forward` [N, V] where `chosen` [B, T] is True; only these are worked out."""
        if self.config.pointer_head:  # its copies go through every row
            return self(ids, prefix)[chosen]  # type: ignore[no-any-return]
        states, _ = self.language_states(ids, prefix)
        return self.language(states[chosen])

    def read(self, states: Tensor, features: Tensor, valid: Tensor) -> Tensor:
        """States [B, T, C] -> start and end scores [B, T, 2].

        Args:
            states: of prompts, padded at the end.
            features: [B, T, F] of the same prompts.
            valid: [B, T] False on padding.
        """
        if self.config.reader_head == "recurrent":
            out: Tensor = self.dragon.reader(states, _asked(features) & valid, valid)
        else:
            out = self.dragon.span(states)
        return out

    def numpy_tensors(self) -> dict[str, np.ndarray]:
        """The trained values, by checkpoint name, float32."""
        return {n: p.detach().float().cpu().numpy() for n, p in self.named_parameters()}

    def load_numpy(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Copy values in, by checkpoint name; missing ones keep their initial values."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name in tensors:
                    parameter.copy_(torch.from_numpy(np.array(tensors[name], dtype=np.float32)))
