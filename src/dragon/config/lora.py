"""How much of a model is trained when not all of it is: low-rank adapters."""

from dataclasses import dataclass

from dragon.config.checks import check_at_least, check_share, check_types
from dragon.errors import ConfigError

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class LoraConfig:
    """Low-rank adapters (LoRA, arXiv:2106.09685): W + alpha / r * B A with W frozen.

    Attributes:
        r: rank of each update.
        alpha: its weight is alpha / r.
        dropout: of what an update reads.
        target_modules: the matrices that get one, by the last part of their names; those that a
            model has not (`gate_proj` outside SwiGLU) are passed over.
        init: folder with an adapter in PEFT's files to go on from; empty for a new one.
    """

    r: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    target_modules: tuple[str, ...] = TARGETS
    init: str = ""

    def __post_init__(self) -> None:
        check_types(self, "lora")
        check_at_least(self, "lora", 1, "r")
        check_share(self, "lora", "dropout")
        if self.alpha <= 0:
            raise ConfigError(f"lora.alpha is {self.alpha}.", "It must be greater than 0.")
        unknown = [name for name in self.target_modules if name not in TARGETS]
        if unknown or not self.target_modules:
            raise ConfigError(
                f"lora.target_modules is {list(self.target_modules)}.",
                f"Name some of {', '.join(TARGETS)}.",
            )
