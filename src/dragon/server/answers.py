"""Answers from documents: asked in a worker thread, kept for the same question, told in words.

In: a question and a library. Out: citations as they are proven, then the answer.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from dragon.answer import Answer, Answerer, Citation
from dragon.answer.answerer import in_words
from dragon.answer.followups import Conversation
from dragon.answer.proof import UnprovenQuoteError
from dragon.answer.reader import Reader
from dragon.errors import InputError
from dragon.retrieval import Hit, Index
from dragon.server.errors import ApiError
from dragon.server.library import Library, Version
from dragon.text.words import content_stems


@dataclass(frozen=True, slots=True)
class Told:
    """One event of an answer: the text that it adds, and what stands behind it.

    `answer` comes with the last event alone, and with it: `cached`, whether it had been given
    before; of an answer that was written freely, `marks`, where in the text each citation's number
    stands, and `unproven`, how many quoted strings are in no passage.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    answer: Answer | None = None
    cached: bool = False
    marks: tuple[int, ...] | None = None
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Passages for a question, and the texts of their documents by path."""

    hits: tuple[Hit, ...]
    texts: dict[str, str]


class Answers:
    """Asks one reader about any library.

    Args:
        reader: who reads.
        top_k: passages read for each question.
        most_kept: answers kept.
    """

    def __init__(self, reader: Reader, top_k: int, most_kept: int) -> None:
        self.reader = reader
        self._top_k, self._most_kept = top_k, most_kept
        self._kept: OrderedDict[tuple[Any, ...], tuple[Told, ...]] = OrderedDict()
        self._lock = threading.Lock()
        self._opened = threading.local()
        self.hits = self.misses = 0

    def kept(self, library: Library, question: str, asked: str) -> Iterator[Told] | None:
        """The answer to the same question on the same documents, if it was given before."""
        key = self._key(library, question, asked)
        with self._lock:
            events = self._kept.get(key)
            if events is None:
                self.misses += 1
                return None
            self._kept.move_to_end(key)
            self.hits += 1
        return (replace(told, cached=True) for told in events)

    def keep(
        self, library: Library, version: Version, question: str, asked: str, events: list[Told]
    ) -> None:
        """Keep the events of a whole answer, given of a version of the library."""
        with self._lock:
            self._kept[self._key(library, question, asked, version)] = tuple(events)
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)

    def ask(self, library: Library, question: str, asked: str) -> Iterator[Told]:
        """Answer a question; `asked` is it with its context. For a worker thread.

        Raises:
            InputError: for an empty or endless question.
            ApiError: 400 or 503 where the library holds nothing (yet).
        """
        index = self._opened_index(library)
        answerer = Answerer(index, self.reader, self._top_k)
        for last in (False, True):
            told = False
            try:
                for piece in _pieces(answerer.stream(question, asked)):
                    told = True
                    yield piece
                return
            except (UnprovenQuoteError, InputError):
                # The document may have been indexed anew between searching and proving.
                if last or told or not question.strip():
                    raise

    def search(self, library: Library, asked: str) -> Found:
        """The passages that fit a question best. For a worker thread.

        Raises:
            ApiError: as `ask`.
        """
        index = self._opened_index(library)
        # "Why?" alone asks for nothing that could be looked for.
        wanted = content_stems(asked)
        hits = index.search(asked, self._top_k, self.reader.vectors) if wanted else []
        paths = {hit.passage.document for hit in hits}
        texts = {path: index.document_text(path) for path in paths}
        # A document that was indexed anew in between is left out: its offsets have moved.
        whole = (hit for hit in hits if _stands(hit, texts[hit.passage.document]))
        return Found(tuple(whole), texts)

    def _key(
        self, library: Library, question: str, asked: str, version: Version | None = None
    ) -> tuple[Any, ...]:
        version = version or library.version()
        return library.id, library.index, version, question, asked, self._top_k

    def close_indexes(self) -> None:
        """Close what this thread has opened."""
        opened = self._indexes()
        while opened:
            opened.popitem()[1].close()

    def _indexes(self) -> dict[Any, Index]:
        found: dict[Any, Index] = self._opened.__dict__.setdefault("indexes", {})
        return found

    def _index(self, library: Library) -> Index:
        """The library's index, opened for this thread."""
        opened = self._indexes()
        key = (library.index, library.version()[0])
        if key not in opened:
            for old in [k for k in opened if k[0] == library.index]:
                opened.pop(old).close()
            opened[key] = Index.open(library.index, read_only=True)
        return opened[key]

    def _opened_index(self, library: Library) -> Index:
        index = self._index(library)
        if index.is_empty():
            raise _empty(library)
        return index


def standalone(questions: Sequence[str]) -> str:
    """The last question of a conversation, with the words that it leaves out."""
    talk = Conversation()
    asked = ""
    for question in questions:
        asked = talk.standalone(question.strip())
    return asked


def described(told: Told, answer: Answer, library: Library) -> dict[str, Any]:
    """The `dragon` object of an answer."""
    written = {} if told.marks is None else {"unproven": told.unproven}
    return {
        "abstained": answer.abstained,
        "contradiction": answer.contradiction,
        "asked": answer.asked,
        "library": library.id,
        "citations": [cited(citation, library) for citation in answer.citations],
        "passages": [_passage(hit, library) for hit in answer.passages],
        "timings": asdict(answer.timings),
        "cached": told.cached,
        "model": answer.model,
        **written,
    }


def cited(citation: Citation, library: Library) -> dict[str, Any]:
    """A citation towards clients: its document by the library's name for it."""
    name = library.name_of(citation.document)
    place = {"library": library.id, "document": name, "start": citation.start, "end": citation.end}
    return asdict(citation) | {
        "document": name,
        # What was written freely has no calibrated probability.
        "score": citation.score or None,
        "title": citation.heading.split(" > ", 1)[0] or PurePosixPath(name).name,
        "url": f"/#/source?{urlencode(place)}",
    }


def annotations(told: Told, answer: Answer, library: Library, base: str) -> list[dict[str, Any]]:
    """OpenAI's annotations of a message: where each [1] stands in its text, and what it cites."""
    found = []
    for citation in answer.citations:
        mark = f"[{citation.number}]"
        start = (
            len(in_words(answer.citations[: citation.number])) - len(mark)
            if told.marks is None
            else told.marks[citation.number - 1]
        )
        values = cited(citation, library)
        found.append(
            {
                "type": "url_citation",
                "url_citation": {
                    "url": base + values["url"],
                    "title": values["title"],
                    "start_index": start,
                    "end_index": start + len(mark),
                },
            }
        )
    return found


def _pieces(events: Iterator[Citation | Answer]) -> Iterator[Told]:
    """What each event adds to the text."""
    citations: list[Citation] = []
    said = 0
    for event in events:
        if isinstance(event, Answer):
            yield Told(event.answer[said:], answer=event)
            return
        citations.append(event)
        text = in_words(citations)
        yield Told(text[said:], (event,))
        said = len(text)


def _stands(hit: Hit, text: str) -> bool:
    passage = hit.passage
    return text[passage.start : passage.end] == passage.text


def _passage(hit: Hit, library: Library) -> dict[str, Any]:
    values = asdict(hit.passage) | {"score": round(hit.score, 4)}
    values.pop("id")
    return values | {"document": library.name_of(hit.passage.document)}


def _empty(library: Library) -> ApiError:
    if library.busy:
        return ApiError(
            503, "The documents are being indexed. Try again.", "indexing", retry_after=2
        )
    return ApiError(
        400, f"The library {library.name!r} holds no documents. Add some.", "library_empty"
    )
