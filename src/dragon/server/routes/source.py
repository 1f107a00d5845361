"""A quote in its surroundings, for whoever wants to check it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from dragon.retrieval import Index, Passage
from dragon.server.access import Asker, Running
from dragon.server.errors import ApiError
from dragon.server.library import DEFAULT_ID

router = APIRouter(tags=["documents"])
Offset = Annotated[int, Query(ge=0, le=10**12)]


@router.get("/api/source")
def source(
    state: Running,
    _: Asker,
    document: Annotated[str, Query(max_length=4000)],
    start: Offset = 0,
    end: Offset = 0,
    around: Annotated[int, Query(ge=0, le=20_000)] = 2000,
    library: Annotated[str, Query(max_length=100)] = DEFAULT_ID,
) -> dict[str, Any]:
    """Text of a document around some of its characters, as it was indexed."""
    found = state.libraries.get(library)
    with Index.open(found.index, read_only=True) as index:
        path = found.path_of(index, document)
        text, passages = index.document_text(path), index.passages(path)
    if not start <= end <= len(text):
        raise ApiError(
            400,
            f"Characters {start} to {end} are not in {document}: it has {len(text)}.",
            "invalid_value",
            "end",
        )
    first, last = _word_start(text, start - around), _word_end(text, end + around)
    return {
        "library": library,
        "document": document,
        "title": passages[0].title if passages else "",
        "characters": len(text),
        "start": start,
        "end": end,
        "before": text[first:start],
        "quote": text[start:end],
        "after": text[end:last],
        "begins": first == 0,
        "ends": last == len(text),
        "headings": _heading(passages, start),
    }


def _heading(passages: list[Passage], start: int) -> str:
    return next((p.heading for p in reversed(passages) if p.start <= start), "")


def _word_start(text: str, at: int) -> int:
    if at <= 0:
        return 0
    blank = text.find(" ", at, at + 40)
    return at if blank < 0 else blank + 1


def _word_end(text: str, at: int) -> int:
    if at >= len(text):
        return len(text)
    blank = text.rfind(" ", at - 40, at)
    return at if blank < 0 else blank


@router.get("/api/headings")
def headings(
    state: Running,
    _: Asker,
    library: Annotated[str, Query(max_length=100)] = DEFAULT_ID,
    limit: Annotated[int, Query(ge=1, le=200)] = 40,
) -> dict[str, Any]:
    """Headings of different documents, for examples of what may be asked."""
    found = state.libraries.get(library)
    with Index.open(found.index, read_only=True) as index:
        rows = index.documents()
        step = max(1, len(rows) // limit)
        shown = [
            {"document": found.name_of(row.path), "title": row.title, "heading": heading}
            for row in rows[::step][:limit]
            if (heading := _deepest(index.passages(row.path)))
        ]
    return {"headings": shown}


def _deepest(passages: list[Passage]) -> str:
    """The heading of a passage in the middle: the first ones introduce."""
    named = [passage.heading for passage in passages if passage.heading]
    return named[len(named) // 2] if named else ""
