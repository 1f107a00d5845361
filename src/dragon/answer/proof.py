"""The last check before an answer leaves: what is quoted stands in the document, at its offsets."""

from dragon.answer.types import Citation
from dragon.text.printable import plain


class UnprovenQuoteError(AssertionError):
    """A citation that its document does not bear out: our mistake, never shown as an answer."""


def prove(citation: Citation, document_text: str) -> None:
    """Check quote, sentence and offsets against the document's text.

    Raises:
        UnprovenQuoteError: if they differ.
    """
    c = citation
    sentence_end = c.sentence_start + len(c.sentence)
    if document_text[c.start : c.end] != c.quote or not c.quote:
        raise UnprovenQuoteError(f"{c.document}[{c.start}:{c.end}] is not {c.quote!r}.")
    if document_text[c.sentence_start : sentence_end] != c.sentence:
        raise UnprovenQuoteError(f"{c.document}[{c.sentence_start}:] is not {c.sentence!r}.")
    if not c.sentence_start <= c.start <= c.end <= sentence_end:
        raise UnprovenQuoteError(f"{c.document}: the quote is outside its sentence.")
    if c.wording[c.wording_start : c.wording_end] != plain(c.quote):
        raise UnprovenQuoteError(f"{c.document}: the wording marks another quote.")
