"""Chapter 3: an inverted index, and BM25 over it.

In: documents. Out: for a question, the passages that share its rarest words, best first.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from dragon.lite.documents import Document, Passage, passages
from dragon.lite.words import stems

K1 = 1.2  # how fast the tenth mention of a word stops counting
B = 0.75  # how much a long passage is held against its mentions
HEADING_WEIGHT = 2  # a word of the title or a heading counts as often as this


class Index:
    """Which passage holds which stem how often.

    Args:
        documents: what is searched.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = {document.name: document for document in documents}
        self.passages = [p for document in self.documents.values() for p in passages(document)]
        self.postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.lengths: list[int] = []
        self.spoken: list[list[list[str]]] = []  # the stems of each passage's sentences
        for number, passage in enumerate(self.passages):
            text = passage.document.text
            self.spoken.append([stems(text[a:b]) for a, b in passage.spans])
            counts = _counts(passage, self.spoken[-1])
            self.lengths.append(sum(counts.values()))
            for word, count in counts.items():
                self.postings[word].append((number, count))
        self.mean_length = sum(self.lengths) / max(1, len(self.lengths))

    def idf(self, word: str) -> float:
        """How rare a stem is: log(1 + (N - n + 0.5) / (n + 0.5)), in n of N passages."""
        n = len(self.postings.get(word, ()))
        return math.log(1 + (len(self.passages) - n + 0.5) / (n + 0.5))

    def weights(self, wanted: Iterable[str]) -> dict[str, float]:
        """Stems with their idf."""
        return {word: self.idf(word) for word in wanted}

    def search(self, weights: Mapping[str, float], limit: int = 20) -> list[tuple[float, int]]:
        """Scores and numbers of the best passages for some weighted stems.

        A passage scores weight * f * (K1 + 1) / (f + K1 * (1 - B + B * length / mean)) for each
        stem, where f counts its mentions (Robertson and Zaragoza 2009, The Probabilistic Relevance
        Framework: BM25 and Beyond).
        """
        scores: dict[int, float] = defaultdict(float)
        for word, weight in weights.items():
            for number, f in self.postings.get(word, ()):
                length = self.lengths[number] / self.mean_length
                scores[number] += weight * f * (K1 + 1) / (f + K1 * (1 - B + B * length))
        best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
        return [(scores[number], number) for number in best]


def _counts(passage: Passage, spoken: list[list[str]]) -> Counter[str]:
    counts = Counter(word for sentence in spoken for word in sentence)
    for word in stems(f"{passage.document.title} {passage.heading} {passage.columns}"):
        counts[word] += HEADING_WEIGHT
    return counts
