"""The serving core: many requests at once on one model, a stream of tokens for each.

submit -> scheduler (who is read next, within the memory) -> one pass of the body -> streams
"""

from dragon.engine.serving.engine import ServingEngine
from dragon.engine.serving.request import Request, Stats, Usage
from dragon.engine.serving.stream import Stream
from dragon.engine.writing import Event, FinishReason

__all__ = ["Event", "FinishReason", "Request", "ServingEngine", "Stats", "Stream", "Usage"]
