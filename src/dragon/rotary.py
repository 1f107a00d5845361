"""Rotary position embedding: the one home of its frequencies and of how they are stretched.

In: a `ModelConfig`. Out: angles for each pair of channels, in float64. RoPE is Su et al. 2021
(arXiv:2104.09864, equation 34); `linear` divides positions (Chen et al. 2023, arXiv:2306.15595);
`llama3` stretches long waves only (Llama 3.1); `yarn` is Peng et al. 2023 (arXiv:2309.00071).
"""

import math

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig

Doubles = NDArray[np.float64]

# Turns within the original context above which YaRN leaves a wave alone, and below which it
# stretches it fully: the paper's values for Llama, which all checkpoints keep.
YARN_FAST, YARN_SLOW = 32.0, 1.0


def rope_frequencies(config: ModelConfig) -> Doubles:
    """Radians by which one position turns each pair of channels, [D/2].

    >>> rope_frequencies(ModelConfig(hidden_size=4, num_attention_heads=1, num_key_value_heads=1))
    array([1.  , 0.01])
    """
    pairs = np.arange(0, config.head_dim, 2) / config.head_dim
    plain: Doubles = config.rope_theta**-pairs
    if config.rope_scaling == "none":
        return plain
    stretched = plain / config.rope_factor
    if config.rope_scaling == "linear":
        return stretched
    kept = _llama3_kept(config, plain) if config.rope_scaling == "llama3" else _yarn_kept(config)
    blended: Doubles = stretched + (plain - stretched) * kept
    return blended


def rope_magnitude(config: ModelConfig) -> float:
    """What cosines and sines are multiplied by: 1, but for YaRN (its equation 22, square root)."""
    return 0.1 * math.log(config.rope_factor) + 1.0 if config.rope_scaling == "yarn" else 1.0


def rope_table(config: ModelConfig, length: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines and sines [length, D/2] of positions 0 to length - 1."""
    angle = np.outer(np.arange(length), rope_frequencies(config))
    size = rope_magnitude(config)
    return (size * np.cos(angle)).astype(np.float32), (size * np.sin(angle)).astype(np.float32)


def _llama3_kept(config: ModelConfig, plain: Doubles) -> Doubles:
    """Share [D/2] of each frequency that stays: waves with many turns in the context do."""
    turns = config.rope_original_positions * plain / (2 * math.pi)
    low, high = config.rope_low_freq_factor, config.rope_high_freq_factor
    return np.clip((turns - low) / (high - low), 0.0, 1.0)


def _yarn_kept(config: ModelConfig) -> Doubles:
    """Share [D/2] of each frequency that stays: a ramp over the pairs between two numbers of turns.

    As Hugging Face computes it: the ends of the ramp are rounded to whole pairs.
    """

    def pair(turns: float) -> float:
        wave = config.rope_original_positions / (turns * 2 * math.pi)
        return config.head_dim * math.log(wave) / (2 * math.log(config.rope_theta))

    first = max(math.floor(pair(YARN_FAST)), 0)
    last = min(math.ceil(pair(YARN_SLOW)), config.head_dim - 1)
    ramp = (np.arange(config.head_dim // 2) - first) / max(last - first, 0.001)
    return 1.0 - np.clip(ramp, 0.0, 1.0)
