"""The reading mouth that reads on: recurrent layers and attention to the question.

In: states of a prompt. Out: start and end scores of every token.

On little data this learns far more from each question than attention alone
(docs/decisions/0006-a-recurrent-reader.md). It follows DrQA (Chen et al. 2017, arXiv:1704.00051:
the question aligned to each word, recurrent layers, a bilinear score of question and word) and
BiDAF and R-Net (Seo et al. 2016, arXiv:1611.01603; Wang et al. 2017: the question met after the
first layer, the passage compared with itself before the last).

Shapes: B batch, T time, C channels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dragon.config import ModelConfig
from dragon.weights import RECURRENT_LAYERS


class Look(nn.Module):
    """One attention head that gathers its inputs as they are."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.scale = 1 / math.sqrt(config.head_dim)
        self.query = nn.Linear(config.hidden_size, config.head_dim, bias=False)
        self.key = nn.Linear(config.hidden_size, config.head_dim, bias=False)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """[B, T, C] and whom all may see [B, T] -> what each gathered [B, T, C]."""
        scores = self.query(x) @ self.key(x).transpose(1, 2) * self.scale
        return _weights(scores, seen[:, None, :]).to(x.dtype) @ x


class RecurrentHead(nn.Module):
    """States become start and end scores.

    Args:
        config: a reader's.
        dropout: of every layer's output while training; one mask for all tokens of a prompt (Gal
            and Ghahramani 2016, arXiv:1512.05287).
    """

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        c = config.hidden_size
        self.dropout = dropout
        self.align, self.meet, self.review = Look(config), Look(config), Look(config)
        self.enter, self.join, self.revise = (nn.Linear(n * c, c) for n in (2, 4, 3))
        self.layers = nn.ModuleList(
            nn.LSTM(c, c // 2, batch_first=True, bidirectional=True)
            for _ in range(RECURRENT_LAYERS)
        )
        self.gist = nn.Linear(c, 1)
        self.ask = nn.Linear(c, 2 * c)
        self.span = nn.Linear(2 * c, 2)

    def forward(self, states: Tensor, asked: Tensor, valid: Tensor) -> Tensor:
        """States [B, T, C] -> start and end scores [B, T, 2].

        Args:
            states: of prompts, padded at the end.
            asked: [B, T] True on the question, and on position 0, so that it is never empty.
            valid: [B, T] False on padding.
        """
        real = valid[..., None]
        x = F.relu(self.enter(torch.cat((states, self.align(states, asked)), -1))) * real
        first = self._read(0, x)
        met = self.meet(first, asked)
        gist = _weights(self.gist(first).squeeze(-1), asked)[:, None].to(x.dtype) @ first
        joined = torch.cat((first, met, first * met, first * gist), -1)
        x = F.relu(self.join(joined)) * real
        second = self._read(1, x)
        seen = self.review(second, valid)
        revised = F.relu(self.revise(torch.cat((second, seen, second * seen), -1)))
        third = self._read(2, (x + revised) * real)
        asks = self.ask(gist).unflatten(-1, (2, -1)).squeeze(1)  # [B, 2, C]
        fit = third @ asks.transpose(1, 2) / math.sqrt(third.shape[-1])
        scores: Tensor = self.span(torch.cat((third, second), -1)) + fit
        return scores

    def _read(self, layer: int, x: Tensor) -> Tensor:
        return drop_channels(self.layers[layer](x)[0], self.dropout, self.training)


def drop_channels(x: Tensor, dropout: float, training: bool) -> Tensor:
    """Dropout with one mask for all tokens of a prompt (Gal and Ghahramani 2016)."""
    if not (dropout and training):
        return x
    keep = 1 - dropout
    return x * (torch.empty_like(x[:, :1]).bernoulli_(keep) / keep)


def _weights(scores: Tensor, seen: Tensor) -> Tensor:
    wide = scores if scores.dtype == torch.float64 else scores.float()
    return wide.masked_fill(~seen, -1e4).softmax(-1)
