"""Documents of a library: list, upload, delete."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, UploadFile
from starlette.concurrency import run_in_threadpool

from dragon.errors import DocumentError, InputError
from dragon.retrieval import DocumentRow, Index
from dragon.server.access import Asker, Running, Writer
from dragon.server.errors import ApiError, missing
from dragon.server.library import DEFAULT_ID, Library
from dragon.server.state import State
from dragon.server.uploads import check_kind, drop, keep, safe_name

router = APIRouter(prefix="/api/documents", tags=["documents"])
InLibrary = Annotated[str, Query(alias="library", max_length=100)]
Named = Annotated[str, Query(max_length=4000)]
MOST_FILES = 100


@router.get("")
def documents(state: Running, _: Asker, library: InLibrary = DEFAULT_ID) -> dict[str, Any]:
    """All documents of a library, those that could not be read with the reason."""
    found = state.libraries.get(library)
    return {"documents": listed(found), "indexing": found.busy > 0}


@router.post("", status_code=202)
async def upload(
    file: Annotated[list[UploadFile], File(max_length=MOST_FILES)],
    state: Running,
    _: Writer,
    library: InLibrary = DEFAULT_ID,
) -> dict[str, Any]:
    """Store files on the disk and index them; a file of the same name is replaced."""
    found = state.libraries.get(library)
    return {"documents": await run_in_threadpool(_store, state, found, file)}


@router.delete("")
def delete(
    state: Running, _: Writer, document: Named, library: InLibrary = DEFAULT_ID
) -> dict[str, Any]:
    """Forget a document that was uploaded; it answers no more from now on."""
    found = state.libraries.get(library)
    with Index.open(found.index) as index:
        forget(found, index, document)
    return {"deleted": True, "document": document}


def forget(library: Library, index: Index, name: str) -> None:
    """Remove a document from the disk and the index.

    Raises:
        ApiError: 404 if there is none, 409 if it is not the server's to remove.
    """
    known = [row.path for row in index.documents()]
    known += [str(skipped.path) for skipped in index.unreadable()]
    known += list(library.pending)
    path = next((path for path in known if library.name_of(path) == name), None)
    if path is None:
        raise missing("document", name, "document_not_found", "document")
    if not library.is_removable(path):
        raise ApiError(
            409,
            f"{name} lies in your own folder. Remove it there and index the library anew.",
            "not_removable",
            "document",
        )
    if path.startswith(str(library.files)):
        drop(Path(path))
    try:
        index.remove([Path(path)])
    except InputError:  # it had not been indexed yet
        return


def listed(library: Library) -> list[dict[str, Any]]:
    """The documents as the API shows them: ready, waiting or failed."""
    with Index.open(library.index, read_only=True) as index:
        rows, failed = index.documents(), index.unreadable()
    shown = {row.path: _ready(library, row) for row in rows}
    for skipped in failed:
        shown[str(skipped.path)] = _other(library, str(skipped.path), "failed", skipped.reason)
    for path in list(library.pending):
        shown[path] = _other(library, path, "indexing", None)
    return sorted(shown.values(), key=lambda row: str(row["document"]).casefold())


def _store(state: State, library: Library, files: list[UploadFile]) -> list[dict[str, Any]]:
    shown, stored = [], []
    for file in files:
        sent = file.filename or ""
        try:
            name = safe_name(sent)
            check_kind(name, file.size or 0)
            path = library.files / name
            keep(file.file, path)
        except DocumentError as error:
            shown.append(_row(sent[:200], "failed", str(error), file.size or 0, removable=False))
            continue
        stored.append(str(path))
        shown.append(_other(library, str(path), "indexing", None))
    if stored:
        state.libraries.update(library, stored)
    return shown


def _ready(library: Library, row: DocumentRow) -> dict[str, Any]:
    return _row(
        library.name_of(row.path),
        "ready",
        None,
        row.size,
        removable=library.is_removable(row.path),
        title=row.title,
        characters=row.characters,
        passages=row.passages,
    )


def _other(library: Library, path: str, status: str, reason: str | None) -> dict[str, Any]:
    try:
        size = Path(path).stat().st_size
    except OSError:
        size = 0
    name = library.name_of(path)
    return _row(name, status, reason, size, removable=library.is_removable(path))


def _row(
    name: str,
    status: str,
    reason: str | None,
    size: int,
    *,
    removable: bool,
    title: str = "",
    characters: int = 0,
    passages: int = 0,
) -> dict[str, Any]:
    return {
        "document": name,
        "title": title or name.rsplit("/", 1)[-1],
        "size": size,
        "characters": characters,
        "passages": passages,
        "status": status,
        "reason": reason,
        "removable": removable,
    }
