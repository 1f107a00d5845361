"""The masked objective: words that are missing, from what stands on both sides (BERT).

In: a language set and a bidirectional model. Out: windows with gaps, and the losses of what stood
there. Devlin et al. 2018, arXiv:1810.04805, section 3.1: of the chosen tokens 80% become the mask
token, 10% another token and 10% stay.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from dragon.config import ModelConfig, TrainConfig
from dragon.model.transformer import Transformer
from dragon.train.language import LanguageObjective
from dragon.train.reader import MASK_TOKEN

SHARE = 0.15
FIRST_WORD = 16  # ids below are special tokens


class MaskedObjective(LanguageObjective):
    """Cross-entropy of the chosen tokens; only these go through the vocabulary."""

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        super().__init__(model, train)
        self.share, self.vocab_size = train.mask_share or SHARE, model.vocab_size

    def loss(
        self, model: Transformer, batch: tuple[Tensor, Tensor], train: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy of the chosen tokens, in nats; the same ones at every validation."""
        ids, _ = batch
        random = None if train else torch.Generator(ids.device).manual_seed(self.config.seed)
        seen, chosen = gaps(ids, self.share, self.vocab_size, random)
        logits = model.logits_at(seen, chosen).float()
        loss = F.cross_entropy(logits, ids[chosen])
        right = (logits.argmax(-1) == ids[chosen]).float().mean()
        return loss, {"perplexity": loss.detach().exp(), "filled": right}


def gaps(
    ids: Tensor, share: float, vocab_size: int, random: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Token ids with gaps, and where they are: ids [B, T] -> [B, T], [B, T]."""
    draw = torch.rand(2, *ids.shape, device=ids.device, generator=random)
    words = torch.randint(
        min(FIRST_WORD, vocab_size - 1), vocab_size, ids.shape, device=ids.device, generator=random
    )
    chosen = draw[0] < share
    chosen[0, 0] = True  # never empty, so that the mean stays defined
    seen = torch.where(chosen & (draw[1] < 0.8), MASK_TOKEN, ids)
    return torch.where(chosen & (draw[1] >= 0.9), words, seen), chosen
