"""Libraries: list, make, rename, delete, index anew."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from dragon.retrieval import Index, Progress
from dragon.server.access import Asker, Running, Writer
from dragon.server.libraries import library_name
from dragon.server.library import Library
from dragon.server.requests import Body

router = APIRouter(prefix="/api/libraries", tags=["libraries"])


class LibraryName(Body):
    """What a library is called."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


class ChangedLibrary(Body):
    """What is to be changed of a library."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    watch: Annotated[int, Field(ge=0, le=86_400)] | None = None


@router.get("")
def libraries(state: Running, _: Asker) -> dict[str, Any]:
    """All libraries."""
    return {"libraries": [described(library) for library in state.libraries]}


@router.post("", status_code=201)
def create(body: LibraryName, state: Running, _: Writer) -> dict[str, Any]:
    """Make an empty library."""
    return described(state.libraries.create(library_name(body.name)))


@router.get("/{library}")
def library(library: str, state: Running, _: Asker) -> dict[str, Any]:
    """One library."""
    return described(state.libraries.get(library))


@router.patch("/{library}")
def change(library: str, body: ChangedLibrary, state: Running, _: Writer) -> dict[str, Any]:
    """Rename a library, or look at its folders every `watch` seconds (0: never)."""
    found = state.libraries.get(library)
    if body.name is not None:
        state.libraries.rename(found, library_name(body.name))
    if body.watch is not None:
        state.libraries.watch(found, body.watch)
    return described(found)


@router.delete("/{library}")
def delete(library: str, state: Running, _: Writer) -> dict[str, Any]:
    """Delete a library with all that was uploaded to it."""
    state.libraries.delete(state.libraries.get(library))
    return {"deleted": True, "id": library}


@router.post("/{library}/reindex", status_code=202)
def reindex(library: str, state: Running, _: Writer) -> dict[str, Any]:
    """Look at all documents of a library again; what has not changed is not read."""
    found = state.libraries.get(library)
    state.libraries.update(found)
    return described(found)


def described(library: Library) -> dict[str, Any]:
    """A library as the API shows it."""
    with Index.open(library.index, read_only=True) as index:
        documents, passages, failed = index.counts()
    return {
        "id": library.id,
        "name": library.name,
        "model": library.model,
        "default": library.is_default,
        "source": library.source,
        "watch": library.watch,
        "folders": list(library.roots),
        "documents": documents,
        "failed": failed,
        "passages": passages,
        "indexing": library.busy > 0,
        "progress": library.progress and _progress(library, library.progress),
        "problem": library.problem,
        "created": library.created,
    }


def _progress(library: Library, now: Progress) -> dict[str, Any]:
    return {
        "files": now.files,
        "files_total": now.files_total,
        "bytes": now.size,
        "bytes_total": now.size_total,
        "document": library.name_of(now.path) if now.path else "",
    }
