"""What an answer is made of."""

from dataclasses import dataclass

from dragon.retrieval.types import Hit


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands; proven against the document's text before anybody sees it.

    Attributes:
        number: as printed in the answer, from 1.
        document: path of the document.
        quote: the answering span, as short as it answers; equals document_text[start:end].
        start, end: characters of the quote in the document's text.
        sentence: the one or two sentences around it; equals
            document_text[sentence_start : sentence_start + len(sentence)].
        sentence_start: character of the sentence in the document's text.
        wording: the sentence as it reads on its own: on one line, without marks of lists and links,
            cells of a table with the names of their columns.
        wording_start, wording_end: characters of the quote in the wording.
        heading: headings above it, outermost first.
        score: probability from 0 to 1 that the quote answers the question.
        disputed: True where another citation says otherwise.
    """

    number: int
    document: str
    quote: str
    start: int
    end: int
    sentence: str
    sentence_start: int
    wording: str
    wording_start: int
    wording_end: int
    heading: str
    score: float
    disputed: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read (all passages, with the question each time) and tokens quoted."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall time in milliseconds: search; until the first quote; all of it."""

    retrieve_ms: float
    first_token_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one question.

    Attributes:
        question: as it was asked.
        asked: what was searched for and read; differs from `question` for a follow-up.
        answer: the evidence as it reads on its own, numbered; or that the documents do not say.
        abstained: True where the evidence was too weak.
        contradiction: True where the citations disagree.
        citations: what the answer rests on, the strongest first; empty where it abstains.
        passages: what was read, best first.
        model: name of the model.
        usage, timings: see there.
    """

    question: str
    asked: str
    answer: str
    abstained: bool
    contradiction: bool
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    model: str
    usage: Usage
    timings: Timings
