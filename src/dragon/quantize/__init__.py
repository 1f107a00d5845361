"""Smaller checkpoints: bf16, int8 and int4 in the layouts that the engine maps into memory."""

from dragon.quantize.checkpoint import quantize_checkpoint, quantize_weights

__all__ = ["quantize_checkpoint", "quantize_weights"]
