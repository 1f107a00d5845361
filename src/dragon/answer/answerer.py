"""The answerer: search, read, choose, cite, prove.

In: a question and an index. Out: an `Answer`, or a stream of what becomes known on the way.
"""

import time
from collections.abc import Iterator, Sequence

from dragon.answer.evidence import Evidence, saying
from dragon.answer.extent import lines, readable
from dragon.answer.followups import swapped
from dragon.answer.proof import prove
from dragon.answer.reader import Read, Reader
from dragon.answer.select import select
from dragon.answer.types import Answer, Citation, Timings, Usage
from dragon.answer.wording import worded
from dragon.errors import InputError
from dragon.retrieval import Hit, Index
from dragon.retrieval.code import is_code
from dragon.text.replies import NOT_FOUND
from dragon.text.words import content_stems

LONGEST_QUESTION = 2000
DISAGREE = "The documents disagree."


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
        hits = self._index.search(asked, self._top_k, self._reader.vectors)
        retrieved = time.perf_counter()
        read = self._read(asked, hits)
        meant = saying(swapped(question, asked), read.evidence, self._reader.vectors)
        chosen = select(meant, self._reader.calibration.threshold)
        citations: list[Citation] = []
        first = None
        for number, evidence in enumerate(chosen.evidence, 1):
            citations.append(self._cite(number, evidence, chosen.contradiction))
            first = first or time.perf_counter()
            yield citations[-1]
        done = time.perf_counter()
        yield Answer(
            question=question,
            asked=asked,
            answer=in_words(citations),
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

    def _read(self, asked: str, hits: Sequence[Hit]) -> Read:
        # "Why?" alone asks for nothing that a passage could be held against.
        return self._reader.read(asked, hits if content_stems(asked) else ())

    def _cite(self, number: int, evidence: Evidence, disputed: bool) -> Citation:
        passage, span = evidence.hit.passage, evidence.span
        quote = span.start, span.end
        if is_code(passage.document):
            a, b = lines(passage.text, quote)
        else:
            a, b = readable(passage.text, evidence.sentence, quote)
        wording = worded(passage.text, (a, b), quote)
        citation = Citation(
            number=number,
            document=passage.document,
            quote=evidence.text,
            start=passage.start + span.start,
            end=passage.start + span.end,
            sentence=passage.text[a:b],
            sentence_start=passage.start + a,
            wording=wording.text,
            wording_start=wording.start,
            wording_end=wording.end,
            heading=passage.heading or passage.title,
            score=round(evidence.probability, 4),
            disputed=disputed,
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


def in_words(citations: Sequence[Citation]) -> str:
    """The answer as text: the evidence with its numbers, each thing said once.

    Citations that agree follow the first one's sentence as numbers; those that dispute one another
    are all said.
    """
    if not citations:
        return NOT_FOUND
    if citations[0].disputed:
        return " ".join([DISAGREE, *(f"{c.wording} [{c.number}]" for c in citations)])
    return f"{citations[0].wording} {''.join(f'[{c.number}]' for c in citations)}"


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
