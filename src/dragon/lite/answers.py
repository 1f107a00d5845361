"""Chapter 5: the sentence that answers is quoted, or the documents do not say.

In: an index and a question. Out: an `Answer` with quotes and where they stand, or without any.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from dragon.lite.documents import LiteError
from dragon.lite.index import Index
from dragon.lite.points import CHOICE, Wanted, belief, sentence_points, weighted

NOT_FOUND = "The documents do not say."
LONGEST_QUESTION = 2000  # characters
# From this probability on a quote is given. On 404 questions of SQuAD that answered 0.72 rightly,
# and was silent on 0.76 when they were asked again without the document that answers.
THRESHOLD = 0.15
SECOND = 0.8  # a second quote needs this share of the first one's probability


class Quote(NamedTuple):
    """A sentence of a document: text == document.text[start:end]."""

    document: str
    heading: str
    start: int
    end: int
    text: str
    score: float  # probability that it answers
    points: dict[str, float]  # what speaks for it


class Answer(NamedTuple):
    """What was asked, and the quotes that answer; without any, the nearest ones are told."""

    question: str
    asked: str
    quotes: tuple[Quote, ...]
    nearest: tuple[Quote, ...]

    @property
    def abstained(self) -> bool:
        """True where no sentence was probable enough."""
        return not self.quotes


def ask(
    index: Index,
    question: str,
    asked: str = "",
    told: Collection[Quote] = (),
    threshold: float = THRESHOLD,
) -> Answer:
    """Answer one question.

    Args:
        index: what is searched.
        question: as it was typed.
        asked: for a follow-up, the same with what it leaves out.
        told: quotes that are known already and not to be given again.
        threshold: the probability from which a quote is given.

    Raises:
        LiteError: if the question is empty or too long.
    """
    if not question.strip():
        raise LiteError("The question is empty. Type a question.")
    if len(question) > LONGEST_QUESTION:
        raise LiteError(f"The question has {len(question)} characters. Use {LONGEST_QUESTION}.")
    known = {(quote.document, quote.start) for quote in told}
    found = candidates(index, asked or question, question if asked else "")
    ordered = sorted(found, key=lambda candidate: -candidate[0])
    quotes = [quote for _, quote in ordered if (quote.document, quote.start) not in known][:3]
    given = [quote for quote in quotes[:1] if quote.score >= threshold]
    if given:
        enough = max(threshold, SECOND * given[0].score)
        given += [quote for quote in quotes[1:2] if quote.score >= enough]
    for quote in given:
        prove(index, quote)
    return Answer(question, asked or question, tuple(given), tuple(quotes))


def prove(index: Index, quote: Quote) -> None:
    """Hold a quote against its document once more, before anybody sees it."""
    text = index.documents[quote.document].text
    if text[quote.start : quote.end] != quote.text:  # not an assert: `python -O` drops those
        raise AssertionError(f"a false quote: {quote}")


def candidates(index: Index, question: str, new: str = "") -> Iterator[tuple[float, Quote]]:
    """All sentences of the passages that BM25 finds, each with its points for being chosen."""
    wanted = Wanted(index, question, new)
    hits = index.search(wanted.weight)
    for found, number in hits:
        passage = index.passages[number]
        shared = wanted.points | {"passage": found / wanted.total, "rank": found / hits[0][0]}
        for (start, end), points in sentence_points(passage, index.spoken[number], wanted):
            points |= shared
            text = passage.document.text[start:end]
            place = (passage.document.name, passage.heading, start, end)
            yield weighted(CHOICE, points), Quote(*place, text, belief(points), points)


def as_object(answer: Answer) -> dict[str, object]:
    """An answer as plain data."""
    return {
        "question": answer.question,
        "asked": answer.asked,
        "abstained": answer.abstained,
        "quotes": [_plain(quote) for quote in answer.quotes],
        "nearest": [_plain(quote) for quote in answer.nearest],
    }


def _plain(quote: Quote) -> dict[str, object]:
    return {**quote._asdict(), "points": {k: round(v, 4) for k, v in quote.points.items()}}
