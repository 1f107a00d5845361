"""The reader: a question and passages in, candidate answers out.

Each passage is read by itself, together with the question; the engine reads all in one batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dragon.answer.evidence import Asked, Calibration, Evidence, signals, weighed
from dragon.answer.extent import around
from dragon.answer.kinds import wanted
from dragon.answer.spans import Span, best_spans
from dragon.checkpoint import CONFIG_FILE, read_json
from dragon.errors import CheckpointError
from dragon.retrieval.types import Hit
from dragon.text.vectors import WordVectors, load_vectors
from dragon.text.words import content_stems
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.reading import FEATURE_SIZES, Reading, analyse, compose

if TYPE_CHECKING:
    from dragon.engine import Engine
    from dragon.tokenizer import Tokenizer

MAX_TOKENS = 384


@dataclass(frozen=True, slots=True)
class Read:
    """What reading gave: candidates, the best first, and the tokens it took."""

    evidence: tuple[Evidence, ...]
    tokens: int


class Reader:
    """A model folder, opened for reading.

    Args:
        engine: an engine whose model is a reader.
        tokenizer: its tokenizer.
        vectors: of words, if the model was trained with them.
        calibration: turns signals into probabilities.
        name: what the model is called.
    """

    def __init__(
        self,
        engine: "Engine",
        tokenizer: "Tokenizer",
        vectors: WordVectors | None,
        calibration: Calibration,
        name: str,
    ) -> None:
        self._engine, self._tokenizer, self.vectors = engine, tokenizer, vectors
        self.calibration, self.name = calibration, name

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        kernels: str | None = None,
        threads: int | None = None,
        calibration: Calibration | None = None,
    ) -> "Reader":
        """Open a model folder; `calibration` replaces the one in it.

        Raises:
            CheckpointError: if it is none, is damaged, or was not trained to read.
        """
        from dragon.engine import Engine

        config = read_json(folder, CONFIG_FILE)
        engine = Engine.open(folder, kernels=kernels, threads=threads)
        sizes = engine.config.reader_features
        if not sizes or sizes != FEATURE_SIZES[: len(sizes)]:
            raise CheckpointError(
                f"The model in {folder} cannot read passages.",
                "It has no span scorer of this version; give --model a reader.",
            )
        tokenizer = load_tokenizer(folder)
        known = calibration or Calibration.of_model(config)
        return cls(engine, tokenizer, load_vectors(folder), known, folder.name)

    def read(self, question: str, hits: Sequence[Hit]) -> Read:
        """Read passages in the light of a question.

        Args:
            question: on its own, without need of context.
            hits: the passages and their retrieval scores.

        Returns:
            Up to five candidates a passage.
        """
        if not hits:
            return Read((), 0)
        readings = self._prompts(question, hits)
        count = len(self._engine.config.reader_features)
        scores = self._engine.read([(r.ids, r.features[:, :count]) for r in readings])
        best = max(hit.score for hit in hits)
        asked = Asked(tuple(sorted(content_stems(question))), wanted(question), best, self.vectors)
        found = [
            candidate
            for hit, reading, score in zip(hits, readings, scores, strict=True)
            for candidate in _candidates(asked, hit, best_spans(reading, score, hit.passage.text))
        ]
        tokens = sum(len(r.ids) for r in readings)
        return Read(tuple(weighed(self.calibration, found)), tokens)

    def count(self, text: str) -> int:
        """Number of tokens of a text."""
        return len(self._tokenizer.encode(text))

    def _prompts(self, question: str, hits: Sequence[Hit]) -> list[Reading]:
        asked = analyse(question, self._tokenizer)
        room = min(MAX_TOKENS, self._engine.config.max_position_embeddings)
        return [
            compose(
                asked,
                analyse(above(hit), self._tokenizer),
                analyse(hit.passage.text, self._tokenizer),
                room,
                self.vectors,
            )
            for hit in hits
        ]


def _candidates(
    asked: Asked, hit: Hit, spans: Sequence[Span]
) -> Iterator[tuple[Hit, Span, tuple[int, int], tuple[float, ...]]]:
    sentences = [around(hit.passage.text, span.start, span.end) for span in spans]
    shares: dict[tuple[int, int], float] = {}
    for span, sentence in zip(spans, sentences, strict=True):
        shares[sentence] = shares.get(sentence, 0.0) + span.share
    for span, sentence in zip(spans, sentences, strict=True):
        yield hit, span, sentence, signals(asked, hit, span, sentence, shares[sentence])


def above(hit: Hit) -> str:
    """Title and heading of a passage, as the reader sees them."""
    title, heading = hit.passage.title, hit.passage.heading
    return heading if not title or heading.startswith(title) else f"{title} > {heading}".strip(" >")
