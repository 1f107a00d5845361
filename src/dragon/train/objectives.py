"""What is learned: the objectives by their names.

In: both configurations. Out: batches whose order depends on seed and step alone, and their losses.
"""

from collections.abc import Callable

from dragon.config import ModelConfig, TrainConfig
from dragon.train.context import ContextObjective
from dragon.train.distill import DistillObjective
from dragon.train.embedder import EmbedderObjective
from dragon.train.forget import ForgetObjective
from dragon.train.instruct import InstructObjective
from dragon.train.language import LanguageObjective
from dragon.train.masked import MaskedObjective
from dragon.train.objective import Objective
from dragon.train.reader import ReaderObjective

OBJECTIVES: dict[str, Callable[[ModelConfig, TrainConfig], Objective]] = {
    "language": LanguageObjective,
    "reader": ReaderObjective,
    "instruct": InstructObjective,
    "masked": MaskedObjective,
    "context": ContextObjective,
    "forget": ForgetObjective,
    "embedder": EmbedderObjective,
    "distill": DistillObjective,
}


def make_objective(model: ModelConfig, train: TrainConfig) -> Objective:
    """The objective that the configuration names.

    Raises:
        DataError: if its data cannot be used.
    """
    return OBJECTIVES[train.objective](model, train)
