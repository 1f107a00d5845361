"""Words in their context, before any question is asked: a recurrent layer from both ends.

In: embedded tokens. Out: what the words around each of them say, as wide as an embedding.

The layer is learnt from running text first, as a language model in both directions (the objective
`context`), and kept as it is while the reader learns on top (`train.keep`): Peters et al. 2018
(arXiv:1802.05365), with one layer. What each direction learns is to foresee the next word; a reader
uses both.

Shapes: B batch, T time, C channels.
"""

from torch import Tensor, nn

from dragon.config import ModelConfig
from dragon.model.layers import make_norm
from dragon.model.recurrent_head import drop_channels


class Context(nn.Module):
    """A norm, a layer of C in each direction, and the way back to C."""

    def __init__(self, config: ModelConfig, dropout: float = 0.0) -> None:
        super().__init__()
        c = config.hidden_size
        self.dropout = dropout
        self.norm = make_norm(config)
        self.layer = nn.LSTM(c, c, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * c, c)

    def foresee(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, C] -> forwards and backwards [B, T, C]: made of what stands before, and after."""
        there, back = self._read(x).chunk(2, dim=-1)
        return there, back

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, C] embedded tokens -> [B, T, C] to be added to them."""
        out: Tensor = self.out(drop_channels(self._read(x), self.dropout, self.training))
        return out

    def _read(self, x: Tensor) -> Tensor:
        """[B, T, C] -> the states of both directions, side by side [B, T, 2 C]."""
        states: Tensor = self.layer(self.norm(x))[0]
        return states
