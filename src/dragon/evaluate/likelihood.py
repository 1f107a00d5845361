"""A causal model as a judge of texts: how probable it finds every token.

In: a model folder, ours or another library's, and token ids. Out: log-probabilities in nats, many
sequences in one pass, without PyTorch.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dragon.engine import Engine
from dragon.engine.body import Floats
from dragon.engine.sampling import Sampling
from dragon.engine.session import Piece, Session, read_together
from dragon.engine.writing import Writer, Writing
from dragon.errors import CheckpointError, InputError
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.files import AnyTokenizer
from dragon.tokenizer.template import end_ids

ROWS = 2048  # tokens of a pass
TOGETHER = 64  # sequences that are written at once
Ids = Sequence[int]


class LanguageModel:
    """A causal model with its tokenizer.

    Args:
        engine: of a model that writes.
        tokenizer: its tokenizer.
        opening: the token that stands before every text, as in training; may be empty.
        ends: tokens that end a text.
        name: of the model.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: AnyTokenizer,
        opening: Ids,
        ends: frozenset[int],
        name: str,
    ) -> None:
        self.engine, self.tokenizer = engine, tokenizer
        self.opening, self.ends, self.name = list(opening), ends, name

    @classmethod
    def open(cls, folder: Path, *, kernels: str | None = None, threads: int | None = None) -> Self:
        """Open a model folder.

        Raises:
            CheckpointError: if it is damaged, or its model reads in both directions.
        """
        engine = Engine.open(folder, kernels=kernels, threads=threads)
        if engine.config.attention == "bidirectional":
            raise CheckpointError(
                f"The model in {folder} reads in both directions: it gives no text a probability.",
                "Give --model a causal language model.",
            )
        tokenizer = load_tokenizer(folder)
        ends = frozenset(end_ids(folder, tokenizer))
        opening = tokenizer.encode_prompt("") or sorted(ends)[:1]
        return cls(engine, tokenizer, opening, ends, folder.name)

    @property
    def context(self) -> int:
        """Longest sequence in tokens."""
        return self.engine.config.max_position_embeddings

    def encode(self, text: str) -> list[int]:
        """Ids of a text with the opening token before it."""
        return [*self.opening, *self.tokenizer.encode(text)]

    def log_probs(
        self,
        sequences: Sequence[Ids],
        starts: Sequence[int] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> list[Floats]:
        """The log-probability of each token given those before it.

        Args:
            sequences: ids, at least two each.
            starts: first token of each sequence that is judged; by default the second.
            progress: called with the number of sequences done.

        Returns:
            For each sequence [len - start] nats.

        Raises:
            InputError: for a sequence that is too short or longer than the context.
        """
        firsts = [1] * len(sequences) if starts is None else list(starts)
        found: list[Floats] = [np.zeros(0, np.float32)] * len(sequences)
        done = 0
        for batch in self._batches(sequences):
            rows = self._logits([(sequences[i], firsts[i]) for i in batch])
            for i, logits in zip(batch, rows, strict=True):
                found[i] = _chosen(logits, np.asarray(sequences[i][firsts[i] :], np.int64))
            done += len(batch)
            if progress:
                progress(done)
        return found

    def totals(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float64]:
        """The log-probability of each whole text [n], in nats."""
        sequences = [self.encode(text) for text in texts]
        return np.array([float(p.sum()) for p in self.log_probs(sequences, progress=progress)])

    def continuations(self, prompt: str, endings: Sequence[str]) -> NDArray[np.float64]:
        """The log-probability of each ending [n] after a prompt.

        Prompt and ending are encoded as one text, so that a token over the border is not split.
        """
        base = self.encode(prompt)
        sequences = [self.encode(prompt + ending) for ending in endings]
        starts = [_common(base, ids) for ids in sequences]
        return np.array([float(p.sum()) for p in self.log_probs(sequences, starts)])

    def write(
        self, prompts: Sequence[str], max_tokens: int, temperature: float = 0.0, seed: int = 0
    ) -> list[str]:
        """What the model goes on with after each prompt; the seed counts on from prompt to prompt.

        Of a prompt that leaves no room for that much, only the end is read.
        """
        network = self.engine.network
        writers = []
        for number, prompt in enumerate(prompts):
            sampling = Sampling(temperature=temperature, seed=seed + number)
            writing = Writing(self._end_of(prompt, max_tokens), max_tokens, sampling, self.ends)
            writing.check(network)
            writers.append(Writer(network, writing))
        for at in range(0, len(writers), TOGETHER):
            going = [w for w in writers[at : at + TOGETHER] if w.finish_reason is None]
            while going:
                rows = read_together([w.piece(self.context) for w in going])
                for writer, logits in zip(going, rows, strict=True):
                    for _ in writer.take(logits):
                        pass
                going = [w for w in going if w.finish_reason is None]
        return [self.tokenizer.decode(w.tokens[len(w.prompt) :]) for w in writers]

    def _end_of(self, prompt: str, max_tokens: int) -> list[int]:
        ids = self.tokenizer.encode(prompt)
        room = max(1, self.context - max_tokens - len(self.opening))
        return [*self.opening, *ids[-room:]]

    def _batches(self, sequences: Sequence[Ids]) -> Iterator[list[int]]:
        """Indices of sequences of like length that are read together."""
        batch: list[int] = []
        tokens = 0
        for i in sorted(range(len(sequences)), key=lambda i: (len(sequences[i]), i)):
            if not 2 <= len(sequences[i]) <= self.context:
                raise InputError(
                    f"A text of {len(sequences[i])} tokens; the model reads {self.context}.",
                    "Give texts of two tokens at least and of its context at most.",
                )
            if batch and tokens + len(sequences[i]) > ROWS:
                yield batch
                batch, tokens = [], 0
            batch.append(i)
            tokens += len(sequences[i])
        if batch:
            yield batch

    def _logits(self, batch: Sequence[tuple[Ids, int]]) -> list[Floats]:
        """Of each (sequence, start) the logits [len - start, V] that its tokens were chosen by."""
        network = self.engine.network
        pieces = []
        for ids, start in batch:
            read = network.embedding.check_ids(np.asarray(ids[:-1], np.int32))
            session = Session(network, network.body.new_cache(len(read), once=True))
            pieces.append(Piece(session, read, 0, len(ids) - start))
        return read_together(pieces)


def _chosen(logits: Floats, targets: NDArray[np.int64]) -> Floats:
    """Log-softmax of logits [n, V] at the targets [n]."""
    top = logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    at: Floats = np.take_along_axis(logits, targets[:, None], axis=1)[:, 0] - total
    return at


def _common(prompt: Ids, whole: Ids) -> int:
    """How many first tokens two sequences share; at least one stands before what is judged."""
    length = min(len(prompt), len(whole) - 1)
    at = next((i for i in range(length) if prompt[i] != whole[i]), length)
    return max(at, 1)
