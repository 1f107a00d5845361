"""/v1/vector_stores/ID/file_batches: several files put into a vector store together."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from dragon.server.access import Asker, Running, Writer
from dragon.server.batches import Batches
from dragon.server.library import Library
from dragon.server.requests import Body
from dragon.server.routes.files import Own
from dragon.server.routes.paging import WantedFiles
from dragon.server.routes.vector_stores import FileId, store_of

router = APIRouter(prefix="/v1/vector_stores/{store}/file_batches", tags=["vector stores"])


class NewBatch(Body):
    """The files to put in."""

    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=500)]


def own_batches(state: Running, own: Own, key: Asker) -> Batches:
    """The batches of the one who asks."""
    return Batches(state.database, own, key.id)


Store = Annotated[Library, Depends(store_of)]
OwnBatches = Annotated[Batches, Depends(own_batches)]


@router.post("")
def create(
    body: NewBatch, store: Store, state: Running, batches: OwnBatches, _: Writer
) -> dict[str, Any]:
    """Put files into a vector store."""
    return batches.get(store, batches.create(store, body.file_ids, state.libraries))


@router.get("/{batch}")
def batch(batch: str, store: Store, batches: OwnBatches) -> dict[str, Any]:
    """A batch, and how far its indexing has come."""
    return batches.get(store, batch)


@router.post("/{batch}/cancel")
def cancel(batch: str, store: Store, batches: OwnBatches, _: Writer) -> dict[str, Any]:
    """Take out what was not indexed yet."""
    batches.cancel(store, batch)
    return batches.get(store, batch)


@router.get("/{batch}/files")
def files(
    batch: str,
    store: Store,
    batches: OwnBatches,
    wanted: WantedFiles,
) -> dict[str, Any]:
    """The files of a batch."""
    return wanted.of(batches.files(store, batch))
