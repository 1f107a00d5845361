"""/v1/vector_stores: each is a library of documents with an index of its own."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from dragon.retrieval import Hit, Index
from dragon.server.access import Asker, Running, Writer
from dragon.server.errors import ApiError
from dragon.server.libraries import library_name
from dragon.server.library import Library
from dragon.server.requests import Body
from dragon.server.routes.files import Own
from dragon.server.routes.paging import Wanted, WantedFiles

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"])
Name = Annotated[str, Field(max_length=200)]
FileId = Annotated[str, Field(max_length=100)]
Query_ = Annotated[str, Field(min_length=1, max_length=10_000)]


class NewStore(Body):
    """A vector store to make."""

    name: Name | None = None
    file_ids: Annotated[list[FileId], Field(max_length=500, default_factory=list)]


class ChangedStore(Body):
    """What is to be changed of one."""

    name: Name


class NewFile(Body):
    """A file to put into one."""

    file_id: FileId


class Search(Body):
    """What is looked for in one."""

    query: Query_ | Annotated[list[Query_], Field(min_length=1, max_length=8)]
    max_num_results: Annotated[int, Field(ge=1, le=50)] = 10


def store_of(store: str, state: Running) -> Library:
    """The library that a vector store is, if files may be put into it.

    Raises:
        ApiError: 404 if there is none, 409 for the default one.
    """
    library = state.libraries.get(store, "vector_store_id")
    if library.is_default:
        raise ApiError(409, "Upload to the default library by /api/documents.", "default_library")
    return library


@router.post("")
def create(body: NewStore, state: Running, own: Own, _: Writer) -> dict[str, Any]:
    """Make a vector store, of files that were uploaded before."""
    name = library_name(body.name or "Vector store")
    for file in body.file_ids:
        own.get(file)
    library = state.libraries.create(name, "vs")
    for file in body.file_ids:
        own.put_in(library, file, state.libraries)
    return described(library)


@router.get("")
def stores(state: Running, _: Asker, wanted: Wanted) -> dict[str, Any]:
    """All vector stores; libraries made in other ways are among them."""
    found = [described(library) for library in state.libraries]
    found.sort(key=lambda store: -store["created_at"])
    return wanted.of(found)


@router.get("/{store}")
def store(store: str, state: Running, _: Asker) -> dict[str, Any]:
    """One vector store."""
    return described(state.libraries.get(store, "vector_store_id"))


@router.post("/{store}")
def change(store: str, body: ChangedStore, state: Running, _: Writer) -> dict[str, Any]:
    """Rename a vector store."""
    found = state.libraries.get(store, "vector_store_id")
    state.libraries.rename(found, library_name(body.name))
    return described(found)


@router.delete("/{store}")
def delete(store: str, state: Running, _: Writer) -> dict[str, Any]:
    """Delete a vector store; the uploaded files themselves stay."""
    state.libraries.delete(state.libraries.get(store, "vector_store_id"))
    return {"id": store, "object": "vector_store.deleted", "deleted": True}


@router.post("/{store}/files")
def put_in(store: str, body: NewFile, state: Running, own: Own, _: Writer) -> dict[str, Any]:
    """Put a file into a vector store."""
    return own.put_in(store_of(store, state), body.file_id, state.libraries)


@router.get("/{store}/files")
def files(store: str, state: Running, own: Own, wanted: WantedFiles) -> dict[str, Any]:
    """The files in a vector store, the newest first."""
    return wanted.of(own.all_in(state.libraries.get(store, "vector_store_id")))


@router.get("/{store}/files/{file}")
def file(store: str, file: str, state: Running, own: Own) -> dict[str, Any]:
    """One file in a vector store, and how far its indexing has come."""
    return own.in_library(state.libraries.get(store, "vector_store_id"), file)


@router.delete("/{store}/files/{file}")
def take_out(store: str, file: str, state: Running, own: Own, _: Writer) -> dict[str, Any]:
    """Take a file out of a vector store."""
    own.take_out(state.libraries.get(store, "vector_store_id"), file)
    return {"id": file, "object": "vector_store.file.deleted", "deleted": True}


@router.post("/{store}/search")
def search(store: str, body: Search, state: Running, _: Asker) -> dict[str, Any]:
    """The passages that fit a query best."""
    library = state.libraries.get(store, "vector_store_id")
    queries = [body.query] if isinstance(body.query, str) else body.query
    vectors = state.answers.reader.vectors
    best: dict[int, Hit] = {}
    with Index.open(library.index, read_only=True) as index:
        for query in queries:
            for hit in index.search(query, body.max_num_results, vectors):
                known = best.get(hit.passage.id)
                best[hit.passage.id] = hit if known is None or hit.score > known.score else known
    hits = sorted(best.values(), key=lambda hit: -hit.score)[: body.max_num_results]
    return {
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": [_result(library, hit) for hit in hits],
        "has_more": False,
        "next_page": None,
    }


def described(library: Library) -> dict[str, Any]:
    """A library as a vector store."""
    with Index.open(library.index, read_only=True) as index:
        rows, failed = index.documents(), index.unreadable()
    waiting = len(library.pending)
    return {
        "id": library.id,
        "object": "vector_store",
        "created_at": library.created,
        "name": library.name,
        "usage_bytes": sum(row.size for row in rows),
        "file_counts": {
            "in_progress": waiting,
            "completed": len(rows),
            "failed": len(failed),
            "cancelled": 0,
            "total": len(rows) + len(failed) + waiting,
        },
        "status": "in_progress" if library.busy else "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": library.created,
        "metadata": {},
    }


def _result(library: Library, hit: Hit) -> dict[str, Any]:
    file, name = file_of(library, hit.passage.document)
    return {
        "file_id": file,
        "filename": name,
        # Ours has no upper end; clients expect 0 to 1.
        "score": round(hit.score / (1 + hit.score), 4),
        "attributes": {},
        "content": [{"type": "text", "text": hit.passage.text}],
        "dragon": {
            "document": library.name_of(hit.passage.document),
            "heading": hit.passage.heading,
            "start": hit.passage.start,
            "end": hit.passage.end,
            "score": round(hit.score, 4),
        },
    }


def file_of(library: Library, path: str) -> tuple[str, str]:
    """The file id and name of a document; one that is no uploaded file stands for itself."""
    name = library.name_of(path)
    first, _, rest = name.partition("/")
    return (first, rest) if first.startswith("file-") and rest else (name, name)
