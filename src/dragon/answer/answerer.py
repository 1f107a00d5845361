"""The answerer: search, read, choose, cite, prove.

In: a question and an index. Out: an `Answer`, or a stream of what becomes known on the way.
"""

import time
from collections.abc import Iterator, Sequence

from dragon.answer.evidence import Evidence
from dragon.answer.proof import prove
from dragon.answer.reader import Reader
from dragon.answer.select import select
from dragon.answer.types import Answer, Citation, Timings, Usage
from dragon.errors import InputError
from dragon.retrieval import Index
from dragon.retrieval.types import Hit
from dragon.text.sentences import sentence_spans

LONGEST_QUESTION = 2000
NOT_FOUND = "The documents do not say."
DISAGREE = "The documents disagree."
# A sentence that begins so leans on the one before it.
LEANING = ("it ", "they ", "this ", "these ", "those ", "he ", "she ", "that ", "such ", "there ")
LONGEST_SENTENCE = 420


class Answerer:
    """Answers questions from one index with one reader.

    Args:
        index: where the passages are.
        reader: who reads them.
        top_k: passages read for each question.
    """

    def __init__(self, index: Index, reader: Reader, top_k: int = 5) -> None:
        self._index, self._reader, self._top_k = index, reader, top_k

    def ask(self, question: str, asked: str | None = None) -> Answer:
        """Answer a question.

        Args:
            question: as it was typed.
            asked: the question with the context of a conversation, if it needs that.

        Raises:
            InputError: for an empty or endless question.
        """
        *_, last = self.stream(question, asked)
        assert isinstance(last, Answer)
        return last

    def stream(self, question: str, asked: str | None = None) -> Iterator[Citation | Answer]:
        """Yield each citation as soon as it is proven, then the whole answer."""
        began = time.perf_counter()
        asked = checked(question if asked is None else asked)
        hits = self._index.search(asked, self._top_k)
        retrieved = time.perf_counter()
        read = self._reader.read(asked, hits)
        chosen = select(read.evidence, self._reader.calibration.threshold)
        first = 0.0
        citations: list[Citation] = []
        for number, evidence in enumerate(chosen.evidence, 1):
            citation = self._cite(number, evidence)
            first = first or time.perf_counter()
            citations.append(citation)
            yield citation
        done = time.perf_counter()
        yield Answer(
            question=question,
            asked=asked,
            answer=worded(citations, chosen.contradiction),
            abstained=not citations,
            contradiction=chosen.contradiction,
            citations=tuple(citations),
            passages=tuple(hits),
            model=self._reader.name,
            usage=Usage(read.tokens, sum(self._reader.count(c.quote) for c in citations)),
            timings=Timings(
                _ms(retrieved - began), _ms((first or done) - began), _ms(done - began)
            ),
        )

    def _cite(self, number: int, evidence: Evidence) -> Citation:
        passage = evidence.hit.passage
        a, b = readable(passage.text, *evidence.sentence, evidence.span.start, evidence.span.end)
        citation = Citation(
            number=number,
            document=passage.document,
            quote=evidence.text,
            start=passage.start + evidence.span.start,
            end=passage.start + evidence.span.end,
            sentence=passage.text[a:b],
            sentence_start=passage.start + a,
            heading=passage.heading or passage.title,
            score=round(evidence.probability, 4),
        )
        prove(citation, self._index.document_text(passage.document))
        return citation


def checked(question: str) -> str:
    """The question without white space around it.

    Raises:
        InputError: if it is empty or over 2,000 characters.
    """
    question = question.strip()
    if not question:
        raise InputError("The question is empty.", 'Ask something: dragon ask "Who ...?"')
    if len(question) > LONGEST_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters.",
            f"Ask in at most {LONGEST_QUESTION:,}; put long texts into documents.",
        )
    return question


def readable(text: str, a: int, b: int, start: int, end: int) -> tuple[int, int]:
    """Extend a sentence that leans on the one before; cut one that never ends.

    Args:
        text: the passage.
        a, b: the sentence in it.
        start, end: the quote, which stays inside.
    """
    if text[a:b].lower().startswith(LEANING):
        before = [s for s, e in sentence_spans(text[:a]) if e <= a]
        if before and b - before[-1] <= LONGEST_SENTENCE and "\n\n" not in text[before[-1] : a]:
            a = before[-1]
    if b - a > LONGEST_SENTENCE:
        left = max(a, min(start - LONGEST_SENTENCE // 3, end - 1))
        right = min(b, max(end, left + LONGEST_SENTENCE))
        a = left if left == a else min(start, text.find(" ", left, start) + 1 or start)
        b = right if right == b else max(end, text.rfind(" ", end, right))
    return a, b


def worded(citations: Sequence[Citation], contradiction: bool) -> str:
    """The answer as text: evidence sentences with their numbers.

    Citations of the same sentence, and sentences that only repeat the answer, are not said twice.
    """
    if not citations:
        return NOT_FOUND
    said = citations[:2] if contradiction else citations[:1]
    numbers = {c.number for c in said}
    more = "".join(f"[{c.number}]" for c in citations if c.number not in numbers)
    lines = [f"{' '.join(c.sentence.split())} [{c.number}]" for c in said]
    return (f"{DISAGREE} " if contradiction else "") + " ".join(lines) + more


def nearest(hits: Sequence[Hit], most: int = 3) -> Sequence[Hit]:
    """The passages to show where there is no answer."""
    return hits[:most]


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
