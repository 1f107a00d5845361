"""The context objective: a reader's first layer learns what words stand around others.

In: a language set and a reader with `reader_context`. Out: windows of running text, and the losses
of the next word, read forwards, and of the one before, read backwards. It comes before the reader's
own objective, which starts from its checkpoint (`train.init`): people's questions are few, running
text is not (Peters et al. 2018, arXiv:1802.05365).

A word's score is the product of state and embedding, plus the log of its share in the text, so that
there is nothing to learn that the reader does not keep. In training it competes with a sample of
the vocabulary, corrected for how often each word is drawn (Jean et al. 2015, arXiv:1412.2007); in
validation with all of it.

Shapes: B batch, T time, C channels, V vocabulary, N negatives.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dragon.config import ModelConfig, TrainConfig
from dragon.model.transformer import Transformer
from dragon.train.language import LanguageObjective

NEGATIVES = 640  # draws a batch; more cost more time than they teach
FLATTEN = 0.75  # power of the shares by which words are drawn (Mikolov et al. 2013)


class ContextObjective(LanguageObjective):
    """Cross-entropy of the neighbours of every word, both directions' mean, in nats."""

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        super().__init__(model, train)
        counts = np.bincount(self.stream(), minlength=model.vocab_size) + 1.0
        self.log_shares = torch.from_numpy(np.log(counts / counts.sum())).float()
        self.drawn = torch.from_numpy(counts**FLATTEN)

    def loss(
        self, model: Transformer, batch: tuple[Tensor, Tensor], train: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean loss of the next and the previous word; in training against a sample."""
        ids, _ = batch
        there, back = model.dragon.context.foresee(model.model.embed_tokens(ids))
        sides = (there[:, :-1], ids[:, 1:]), (back[:, 1:], ids[:, :-1])
        table, nats = model.model.embed_tokens.weight, self._sampled if train else self._whole
        losses = [nats(states.flatten(0, 1), said.flatten(), table) for states, said in sides]
        loss = torch.stack(losses).mean()
        return loss, {} if train else {"perplexity": loss.detach().exp()}

    def _whole(self, states: Tensor, said: Tensor, table: Tensor) -> Tensor:
        """Of words said [M], by the states [M, C] beside them."""
        scores = (states @ table.T).float() + self.log_shares.to(states.device)
        return F.cross_entropy(scores, said)

    def _sampled(self, states: Tensor, said: Tensor, table: Tensor) -> Tensor:
        """The same, each word against one sample of the others."""
        drawn = torch.multinomial(self.drawn, NEGATIVES, replacement=True).to(states.device)
        others = torch.unique(drawn)
        # The log of how much more often a word stands in the text than it is drawn.
        above = (self.log_shares - self.drawn.log().float()).to(states.device)
        right = (states * table[said]).sum(-1).float() + above[said]
        wrong = (states @ table[others].T).float() + above[others]
        wrong = wrong.masked_fill(said[:, None] == others, -torch.inf)
        return (torch.logaddexp(wrong.logsumexp(-1), right) - right).mean()
