"""A request on its way: what it has written, and its place among the others."""

from dragon.engine.body import Floats
from dragon.engine.lookup import PromptLookup
from dragon.engine.serving.stream import Stream
from dragon.engine.session import Network
from dragon.engine.text_output import TextOutput
from dragon.engine.writing import Writer
from dragon.tokenizer import Tokenizer


class Sequence:
    """One request in the serving core.

    Args:
        stream: where its events go.
        network, tokenizer, lookup: of the engine.

    Attributes:
        writer: its tokens and, while it runs, its keys and values.
        rank: minus the priority, and how many requests came before; the smallest goes first.
    """

    def __init__(
        self,
        stream: Stream,
        network: Network,
        tokenizer: Tokenizer | None,
        lookup: PromptLookup | None,
    ) -> None:
        request = stream.request
        text = TextOutput(tokenizer, request.stop_strings) if tokenizer else None
        self.stream = stream
        self.writer = Writer(network, request.writing(), text, lookup)
        self.rank: tuple[float, int] = (-request.priority, 0)

    @property
    def number(self) -> int:
        """How many requests came before."""
        return self.rank[1]

    @property
    def most_tokens(self) -> int:
        """Tokens that it reads at most; the last one written is not read."""
        capacity = self.writer.network.config.max_position_embeddings
        writes = max(0, self.stream.request.max_tokens - 1)
        return min(len(self.writer.prompt) + writes, capacity)

    def take(self, logits: Floats) -> None:
        """Pass on what is written after the piece that was read."""
        for event in self.writer.take(logits):
            self.stream.put(event)
