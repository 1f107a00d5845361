"""Low-rank updates of frozen matrices (LoRA, Hu et al. 2021, arXiv:2106.09685).

In: a `Transformer` with its weights, a `LoraConfig`. Out: the same model, whose matrices keep their
names and values and each carry two small trained ones beside them.
"""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dragon.config.lora import LoraConfig
from dragon.model.transformer import Transformer


class LoraLinear(nn.Linear):
    """x W^T + scale * dropout(x) A^T B^T; W [out, in] is frozen.

    Attributes:
        lora_a: [r, in]; drawn as a linear layer's weights are, so that B learns from the start.
        lora_b: [out, r]; zero, so that training starts at the base model.
    """

    def __init__(self, base: nn.Linear, config: LoraConfig) -> None:
        super().__init__(
            base.in_features, base.out_features, bias=base.bias is not None, device="meta"
        )
        self.weight, self.bias = base.weight, base.bias
        self.scale, self.dropout = config.alpha / config.r, config.dropout
        self.lora_a = nn.Parameter(torch.empty(config.r, base.in_features))
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, config.r))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        seen = F.dropout(x, self.dropout, self.training) if self.dropout else x
        update = F.linear(F.linear(seen, self.lora_a), self.lora_b)
        return F.linear(x, self.weight, self.bias) + self.scale * update


def add_adapters(model: Transformer, config: LoraConfig) -> None:
    """Freeze a model and give its target matrices an update each, in place."""
    model.requires_grad_(False)
    for part in list(model.model.layers.modules()):
        for name, layer in list(part.named_children()):
            if name in config.target_modules and isinstance(layer, nn.Linear):
                setattr(part, name, LoraLinear(layer, config))


def adapters(model: Transformer) -> Iterator[tuple[str, LoraLinear]]:
    """The adapted matrices, by their names in `dragon.weights`."""
    for name, module in model.named_modules():
        if isinstance(module, LoraLinear):
            yield f"{name}.weight", module
