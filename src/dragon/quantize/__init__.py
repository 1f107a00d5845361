"""Smaller checkpoints: int8 in groups of 64, in the layout that the engine maps into memory."""

from dragon.quantize.rtn import quantize_checkpoint

__all__ = ["quantize_checkpoint"]
