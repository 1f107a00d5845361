"""The models: one for each library of documents, and the plain one."""

from typing import Any

from fastapi import APIRouter

from dragon.models import model_folder
from dragon.retrieval import Index
from dragon.server.access import Asker, Running
from dragon.server.library import Library
from dragon.server.replies import library_of
from dragon.server.state import State

router = APIRouter(tags=["models"])


@router.get("/v1/models")
@router.get("/models")
def models(state: Running, _: Asker) -> dict[str, Any]:
    """All models."""
    return {"object": "list", "data": [_of_library(state, lib) for lib in state.libraries]}


@router.get("/v1/models/{model}")
def model(model: str, state: Running, _: Asker) -> dict[str, Any]:
    """One model, with its card."""
    values = _of_library(state, library_of(state, model))
    card = model_folder(state.settings.model) / "MODEL.md"
    values["dragon"]["card"] = card.read_text("utf-8") if card.exists() else ""
    return values


def _of_library(state: State, library: Library) -> dict[str, Any]:
    with Index.open(library.index, read_only=True) as index:
        documents = len(index.documents())
    folder = model_folder(state.settings.model)
    return {
        "id": library.model,
        "object": "model",
        "created": library.created,
        "owned_by": "dragon",
        "dragon": {
            "kind": "documents",
            "library": library.id,
            "library_name": library.name,
            "reader": folder.name,
            "documents": documents,
            "memory_bytes": (folder / "model.safetensors").stat().st_size,
        },
    }
