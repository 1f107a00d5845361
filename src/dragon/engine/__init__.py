"""Inference without PyTorch: open a model folder, read prompts, generate tokens."""

from dragon.engine.engine import Engine
from dragon.engine.session import Session

__all__ = ["Engine", "Session"]
