"""The precision of the products, what the hardware computes, and how much of it is used."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from dragon.config import ModelConfig, TrainConfig
from dragon.errors import ConfigError
from dragon.weights import num_parameters

# Dense bf16 products a second, by a part of the device's name (the makers' data sheets).
PEAKS = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40": 181e12,
    "L4": 121e12,
    "V100": 125e12,
}


def device_of(local_rank: int = 0) -> torch.device:
    """The accelerator of a process, or the processor where there is none."""
    if torch.cuda.is_available():
        return torch.device("cuda", local_rank)
    return torch.device("cpu")


def bf16_is_fast(device: torch.device) -> bool:
    """True where products in bf16 are computed by the hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    flags = Path("/proc/cpuinfo")
    text = flags.read_text("utf-8") if flags.exists() else ""
    return "avx512_bf16" in text or "amx_bf16" in text


class Precision:
    """Autocasting and, for fp16, a scaled loss.

    Args:
        config: says which precision is wanted.
        device: that computes.

    Raises:
        ConfigError: for fp16 on the processor, which would compute it in software.
    """

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        if config.precision == "fp16" and device.type == "cpu":
            raise ConfigError(
                "train.precision is fp16 and there is no accelerator.",
                "Set train.precision=auto, bf16 or f32.",
            )
        fast = config.precision == "auto" and bf16_is_fast(device)
        self._device = device
        self._dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(
            "bf16" if fast else config.precision
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")

    def autocast(self) -> AbstractContextManager[Any]:
        """For the forward pass."""
        if self._dtype is None:
            return nullcontext()
        return torch.autocast(self._device.type, self._dtype)


def flops_per_token(config: ModelConfig, length: int) -> float:
    """Products of one trained token: 6 N for the weights and 12 L C T for attention.

    Chowdhery et al. 2022 (arXiv:2204.02311), appendix B; N without position and feature tables, the
    output matrix counted once, whether tied or not.

    >>> round(flops_per_token(ModelConfig(), 512) / 1e6, 1)
    63.5
    """
    tables = (len(config.reader_features) and sum(config.reader_features)) * config.hidden_size
    if config.position == "learned":
        tables += config.max_position_embeddings * config.hidden_size
    if not config.tie_word_embeddings:
        tables += config.vocab_size * config.hidden_size
    width = config.num_attention_heads * config.head_dim
    weights = num_parameters(config) - tables
    return 6.0 * weights + 12.0 * config.num_hidden_layers * width * length


def peak_flops(device: torch.device) -> float | None:
    """What the accelerator can do a second in bf16; None for a processor or an unknown one."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAKS.items() if part in name), None)
