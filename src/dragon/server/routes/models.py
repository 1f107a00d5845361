"""The models: one for each library of documents, and the plain one."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from dragon.models import model_folder
from dragon.retrieval import Index
from dragon.server.access import Asker, Running
from dragon.server.library import Library
from dragon.server.replies import RAW, library_of
from dragon.server.state import State

router = APIRouter(tags=["models"])


@router.get("/v1/models")
@router.get("/models")
def models(state: Running, _: Asker) -> dict[str, Any]:
    """All models."""
    found = [_of_library(state, library) for library in state.libraries]
    return {"object": "list", "data": found + ([_raw(state)] if state.generator else [])}


@router.get("/v1/models/{model}")
def model(model: str, state: Running, _: Asker) -> dict[str, Any]:
    """One model, with its card."""
    if model == RAW:
        folder, values = state.writer.folder, _raw(state)
    else:
        folder = model_folder(state.settings.model)
        values = _of_library(state, library_of(state, model))
    cards = [folder / name for name in ("MODEL.md", "README.md") if (folder / name).is_file()]
    values["dragon"]["card"] = cards[0].read_text("utf-8", "replace") if cards else ""
    return values


def _raw(state: State) -> dict[str, Any]:
    folder = state.writer.folder
    return {
        "id": RAW,
        "object": "model",
        "created": int(folder.stat().st_mtime),
        "owned_by": "dragon",
        "dragon": {
            "kind": "raw",
            "library": None,
            "library_name": None,
            "reader": folder.name,
            "documents": 0,
            "memory_bytes": _weight(folder),
        },
    }


def _weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _of_library(state: State, library: Library) -> dict[str, Any]:
    with Index.open(library.index, read_only=True) as index:
        documents, _, _ = index.counts()
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
            "memory_bytes": _weight(folder),
        },
    }
