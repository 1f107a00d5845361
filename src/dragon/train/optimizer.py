"""The optimiser, its learning rate, and the precision of the products."""

import math
from pathlib import Path

import torch

from dragon.config import TrainConfig
from dragon.model.transformer import Transformer


def make_optimizer(model: Transformer, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW (arXiv:1711.05101); matrices decay, norms, biases and embedding tables do not.

    Frozen parameters are left out.
    """
    decayed: list[torch.nn.Parameter] = []
    plain: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        is_matrix = parameter.dim() > 1 and "embed" not in name and "features" not in name
        (decayed if is_matrix else plain).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    betas = (config.beta1, config.beta2)
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=True)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then a cosine from the peak to the minimum at the last step.

    >>> c = TrainConfig(steps=10, warmup_steps=2, learning_rate=1.0, min_learning_rate=0.1)
    >>> [round(learning_rate(c, s), 2) for s in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    span = max(1, config.steps - config.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, (step - config.warmup_steps) / span)))
    return config.min_learning_rate + fall * (config.learning_rate - config.min_learning_rate)


def bf16_is_fast(device: torch.device) -> bool:
    """True where products in bf16 are computed by the hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    flags = Path("/proc/cpuinfo")
    text = flags.read_text("utf-8") if flags.exists() else ""
    return "avx512_bf16" in text or "amx_bf16" in text
