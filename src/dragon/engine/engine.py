"""A model folder becomes something that reads and writes, without PyTorch.

In: token ids (and reader features). Out: start and end logits of spans, next-token logits, or a
stream of token ids. Shapes: T tokens, M tokens of a whole batch, F features, C channels, V
vocabulary.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from dragon.config import ModelConfig
from dragon.engine.body import Body, Floats, KeptAs, Run
from dragon.engine.embedding import Embedding, Features, Ids
from dragon.engine.health import check_finite
from dragon.engine.kernels import make_body
from dragon.engine.loading import load
from dragon.engine.matrices import Matrix
from dragon.engine.pointer import PointerHead
from dragon.engine.session import Network, Session, read_together, visible_rows
from dragon.errors import InputError

if TYPE_CHECKING:
    from dragon.engine.beam import Answer
    from dragon.engine.constraints.base import Constraint
    from dragon.engine.context import Context
    from dragon.engine.lookup import PromptLookup
    from dragon.engine.recurrent import RecurrentHead
    from dragon.engine.sampling import Sampling
    from dragon.engine.writing import Writer


class Engine:
    """One loaded model; calls from several threads take turns.

    >>> engine = Engine.open(folder)                                     # doctest: +SKIP
    >>> [start_end] = engine.read([(prompt.ids, prompt.features)])       # doctest: +SKIP
    >>> list(engine.generate([1, 2, 3], max_tokens=8))                   # doctest: +SKIP

    Attributes:
        config: of the model.
        kernels: "native" or "numpy", whichever really runs.
    """

    def __init__(
        self,
        config: ModelConfig,
        weights: Mapping[str, Matrix],
        *,
        kernels: str | None = None,
        threads: int | None = None,
        kv: KeptAs | None = None,
    ) -> None:
        self.config = config
        self.body: Body = make_body(config, weights, kernels, threads, kv)
        self.embedding = Embedding(config, weights)
        self.heads = Heads(config, self.body, weights)
        self.network = Network(config, self.body, self.embedding, self.heads.pointer, weights)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        kernels: str | None = None,
        threads: int | None = None,
        kv: KeptAs | None = None,
    ) -> Self:
        """Open a model folder, float or packed.

        Args:
            folder: config.json and model.safetensors.
            kernels: "native" or "numpy"; else DRAGON_KERNELS; else native where it is built.
            threads: of the native kernels; else DRAGON_THREADS; else the physical cores.
            kv: how keys and values are kept: "f32", "f16" or "int8", half as large as f16 and not
                exact; else DRAGON_KV; else f32 for float weights and f16 for packed ones.

        Raises:
            CheckpointError: if the folder is not a whole, undamaged model.
            ConfigError: for unknown kernels or threads below 1.
        """
        config, weights = load(folder, read_often=True)
        return cls(config, weights, kernels=kernels, threads=threads, kv=kv)

    @property
    def kernels(self) -> str:
        """The kernels that run: "native" or "numpy"."""
        return self.body.name

    def read(self, batch: Sequence[tuple[Ids, Features]]) -> list[Floats]:
        """Read prompts in both directions and score every token as the answer's start and end.

        Args:
            batch: ids [T] and features [T, F] of each prompt, as `dragon.tokenizer.reading` makes
                them; lengths may differ.

        Returns:
            For each prompt the (start, end) logits [T, 2].

        Raises:
            InputError: if the model is no reader, a prompt is empty or too long, or a value is
                outside its table.
        """
        if self.heads.reader is None:
            raise InputError("This model has no span scorer.", "Give --model a reader.")
        if not batch:
            return []
        prompts = [self.embedding.check_ids(ids) for ids, _ in batch]
        features = [
            self.embedding.check_features(f, len(ids))
            for ids, (_, f) in zip(prompts, batch, strict=True)
        ]
        lengths = [len(ids) for ids in prompts]
        positions = np.concatenate([np.arange(n, dtype=np.int32) for n in lengths])
        marks = np.concatenate(features)
        ids = np.concatenate(prompts)
        x = self.embedding(ids, positions, marks)
        if self.heads.context is not None:
            x = x + self.heads.context(self.embedding.tokens.rows(ids), lengths)
        runs = [Run(self.body.new_cache(n, once=True), 0, n, n) for n in lengths]
        scores = self.heads.reader(self.body.forward(x, runs), marks, lengths)
        check_finite(scores, self.network.weights)
        return np.split(scores, np.cumsum(lengths)[:-1])

    def states(self, ids: Ids) -> Floats:
        """Normed states [T, C] of a sequence [T], as the heads see them; for embeddings of texts.

        Raises:
            InputError: for ids outside the vocabulary or too many of them.
        """
        ids = self.embedding.check_ids(ids)
        count = len(ids)
        x = self.embedding(ids, np.arange(count, dtype=np.int32))
        cache = self.body.new_cache(count, once=True)
        run = Run(cache, 0, count, visible_rows(self.config, 0, count, None))
        states = self.body.forward(x, [run])
        check_finite(states, self.network.weights)
        return states

    def logits(self, ids: Ids, prefix_length: int | None = None) -> Floats:
        """Next-token logits [T, V] after every token of a sequence [T].

        Args:
            ids: the sequence.
            prefix_length: with attention = "prefix", how many first tokens see one another; None is
                the whole sequence.

        Raises:
            InputError: for ids outside the vocabulary, too many of them, or a wrong prefix_length.
        """
        return self.session().prefill(ids, prefix_length, every=True)

    def session(self) -> Session:
        """A fresh sequence with a key/value cache, up to the model's context."""
        return Session(self.network)

    def generate(
        self,
        prompt_ids: Ids | Sequence[int],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
        sampling: "Sampling | None" = None,
        stop_ids: Collection[int] = (),
        constraint: "Constraint | None" = None,
        lookup: "PromptLookup | None" = None,
        prefix_length: int | None = None,
    ) -> Iterator[int]:
        """Stream token ids until a stop id (not yielded), `max_tokens` or the end of the context.

        Args:
            prompt_ids: [T] tokens.
            max_tokens: to write at most.
            temperature, top_k, top_p, seed: see `Sampling`.
            sampling: in place of these four, where more is needed.
            stop_ids: tokens that end the answer.
            constraint: what the answer must obey.
            lookup: guess tokens ahead from the prompt; the same answer, sooner where it copies.
            prefix_length: see `Session.prefill`.

        Raises:
            InputError: at the call for wrong arguments (see `Sampling` and `logits`), or if the
                model reads in both directions and therefore cannot write.
        """
        # Here, because who only reads need not wait for what writes.
        from dragon.engine.sampling import Sampling
        from dragon.engine.writing import Writer, Writing

        chosen = sampling or Sampling(temperature, top_k, top_p, seed)
        writing = Writing(
            prompt_ids,
            max_tokens,
            chosen,
            stop_ids,
            constraint=constraint,
            prefix_length=prefix_length,
        )
        writing.check(self.network)
        return _stream(Writer(self.network, writing, lookup=lookup))

    def beam_search(
        self,
        prompt_ids: Ids | Sequence[int],
        *,
        beams: int,
        max_tokens: int,
        stop_ids: Collection[int] = (),
        length_penalty: float = 1.0,
    ) -> "list[Answer]":
        """The `beams` most probable answers, best first; see `dragon.engine.beam`.

        Raises:
            InputError: for wrong arguments, or if the model cannot write.
        """
        from dragon.engine.beam import BeamSearch, beam_search

        search = BeamSearch(beams, max_tokens, stop_ids, length_penalty)
        return beam_search(self.network, np.asarray(prompt_ids), search)


class Heads:
    """What a model has beside body and vocabulary: a reader's context and scorer, the pointer."""

    def __init__(self, config: ModelConfig, body: Body, weights: Mapping[str, Matrix]) -> None:
        def weight(name: str) -> Floats:
            return weights[name].f32()

        self.pointer = PointerHead(weight) if config.pointer_head else None
        self.reader = _reader(config, body, weights)
        self.context = _context(config, body, weights)


def _context(config: ModelConfig, body: Body, weights: Mapping[str, Matrix]) -> "Context | None":
    if not config.reader_context:
        return None
    from dragon.engine.context import Context

    return Context(config, body, weights)


def _reader(
    config: ModelConfig, body: Body, weights: Mapping[str, Matrix]
) -> "RecurrentHead | LinearHead | None":
    if config.reader_head == "recurrent":
        # It knows the reading prompt, and with it the tokenizers' library.
        from dragon.engine.recurrent import RecurrentHead

        return RecurrentHead(body, weights)
    if not config.is_reader:
        return None
    return LinearHead(*(weights[f"dragon.span.{part}"].f32() for part in ("weight", "bias")))


@dataclass(frozen=True, slots=True)
class LinearHead:
    """One linear map scores every state as start and end: weight [2, C], bias [2]."""

    weight: Floats
    bias: Floats

    def __call__(self, states: Floats, features: Features, lengths: Sequence[int]) -> Floats:
        """States [M, C] -> scores [M, 2]; each by itself."""
        return states @ self.weight.T + self.bias


def _stream(writer: "Writer") -> Iterator[int]:
    while writer.finish_reason is None:
        piece = writer.piece(writer.network.config.max_position_embeddings)
        [logits] = read_together([piece])
        for event in writer.take(logits):
            if event.token is not None:
                yield event.token
