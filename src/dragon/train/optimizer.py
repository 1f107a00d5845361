"""The optimisers and the groups of weights that each moves.

In: a model and its settings. Out: something that steps like one optimizer.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from dragon.config import TrainConfig

MUON_MOMENTUM = 0.95


class Optimizers:
    """Several optimizers as one: the parts share a schedule and are saved together.

    Args:
        parts: at least one.
    """

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> Iterator[dict[str, Any]]:
        """The groups of all parts."""
        for part in self.parts:
            yield from part.param_groups

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of all groups."""
        for group in self.param_groups:
            group["lr"] = rate

    def step(self, scaler: torch.amp.GradScaler) -> None:
        """Move the weights and drop the gradients."""
        for part in self.parts:
            scaler.step(part)
            part.zero_grad(set_to_none=True)
        scaler.update()

    def state_dict(self) -> list[dict[str, Any]]:
        """The states of the parts."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Restore the states of the parts."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizers:
    """AdamW (arXiv:1711.05101), or Muon for the matrices of the blocks beside it.

    Matrices decay, norms, biases and embedding tables do not. Frozen parameters are left out. Muon
    (Jordan et al. 2024) scales its updates to the size of AdamW's (Liu et al. 2025,
    arXiv:2502.16982, equation 4), so that both take one learning rate.
    """
    orthogonal: list[nn.Parameter] = []
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        is_matrix = parameter.dim() > 1 and "embed" not in name and "features" not in name
        is_hidden = name.startswith("model.layers.") and "lora_" not in name
        if config.optimizer == "muon" and parameter.dim() == 2 and is_hidden:
            orthogonal.append(parameter)
        else:
            (decayed if is_matrix else plain).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    betas = (config.beta1, config.beta2)
    adam = torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=True)
    if not orthogonal:
        return Optimizers(adam)
    muon = torch.optim.Muon(
        orthogonal,
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        momentum=MUON_MOMENTUM,
        adjust_lr_fn="match_rms_adamw",
    )
    return Optimizers(adam, muon)
