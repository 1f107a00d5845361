"""/v1/files: uploads of OpenAI's interface."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, UploadFile
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from dragon.server.access import Asker, Running, check_scope
from dragon.server.files import TO_LEARN, Files
from dragon.server.routes.paging import After, Order, page

router = APIRouter(prefix="/v1/files", tags=["files"])
Limit = Annotated[int, Query(ge=1, le=10_000)]
Purpose = Literal["assistants", "user_data", "fine-tune"]


def own_files(state: Running, key: Asker) -> Files:
    """The files of the one who asks."""
    return Files(state.database, state.settings.state / "files", key.id)


Own = Annotated[Files, Depends(own_files)]


@router.post("")
async def create(
    file: UploadFile,
    purpose: Annotated[Purpose, Form()],
    own: Own,
    key: Asker,
) -> dict[str, Any]:
    """Store a file; one to learn from needs another scope than a document."""
    check_scope(key, "train" if purpose == TO_LEARN else "documents")
    return await run_in_threadpool(
        own.create, file.filename or "", file.size or 0, file.file, purpose
    )


@router.get("")
def files(
    own: Own,
    limit: Limit = 10_000,
    after: After = None,
    order: Order = "desc",
    purpose: Purpose | None = None,
) -> dict[str, Any]:
    """The files, the newest first."""
    found = [file for file in own.all() if purpose in (None, file["purpose"])]
    return page(found, limit, after, order)


@router.get("/{file_id}")
def file(file_id: str, own: Own) -> dict[str, Any]:
    """One file."""
    return own.get(file_id)


@router.get("/{file_id}/content", response_model=None)
def content(file_id: str, own: Own) -> Response:
    """Its bytes, never shown as a page of ours."""
    found = own.get(file_id)
    path = own.path(file_id, found["filename"])
    return FileResponse(path, media_type="application/octet-stream", filename=found["filename"])


@router.delete("/{file_id}")
def delete(file_id: str, own: Own, state: Running, key: Asker) -> dict[str, Any]:
    """Delete a file, from all vector stores too."""
    purpose = own.get(file_id)["purpose"]
    check_scope(key, "train" if purpose == TO_LEARN else "documents")
    own.delete(file_id, state.libraries)
    return {"id": file_id, "object": "file", "deleted": True}
