"""The models: one for each library of documents, those that write, and the embedder."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from dragon.models import model_folder
from dragon.retrieval import Index
from dragon.server.access import Asker, Running, Teacher
from dragon.server.errors import ApiError
from dragon.server.library import Library
from dragon.server.replies import library_of
from dragon.server.state import EMBEDDER, State
from dragon.server.writers import RAW, writes

router = APIRouter(tags=["models"])


@router.get("/v1/models")
@router.get("/models")
def models(state: Running, _: Asker) -> dict[str, Any]:
    """All models."""
    found = [_of_library(state, library) for library in state.libraries]
    found += [_writer(state, name) for name in state.writers.names()]
    found += [_embedder(state.settings.embedder)] if state.settings.embedder else []
    return {"object": "list", "data": found}


@router.get("/v1/models/{model}")
def model(model: str, state: Running, _: Asker) -> dict[str, Any]:
    """One model, with its card."""
    if writes(model):
        folder, values = state.writers.folder(model), _writer(state, model)
    elif model == EMBEDDER and state.settings.embedder:
        folder, values = state.settings.embedder, _embedder(state.settings.embedder)
    else:
        folder = model_folder(state.settings.model)
        values = _of_library(state, library_of(state, model))
    cards = [folder / name for name in ("MODEL.md", "README.md") if (folder / name).is_file()]
    values["dragon"]["card"] = cards[0].read_text("utf-8", "replace") if cards else ""
    return values


@router.delete("/v1/models/{model}")
def delete(model: str, state: Running, _: Teacher) -> dict[str, Any]:
    """Delete a fine-tuned model."""
    state.writers.folder(model)
    if not state.trainer.forget(model):
        raise ApiError(409, f"{model} was given at the start. It stays.", "not_removable", "model")
    return {"id": model, "object": "model", "deleted": True}


def _writer(state: State, name: str) -> dict[str, Any]:
    folder = state.writers.folder(name)
    values = _of_folder(name, "raw" if name == RAW else "fine-tuned", folder)
    values["dragon"]["open"] = state.writers.is_open(name)
    return values


def _embedder(folder: Path) -> dict[str, Any]:
    return _of_folder(EMBEDDER, "embedder", folder)


def _of_folder(name: str, kind: str, folder: Path) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(folder.stat().st_mtime),
        "owned_by": "dragon",
        "dragon": {
            "kind": kind,
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
            "reader": state.remote.name if state.remote else folder.name,
            "documents": documents,
            "memory_bytes": _weight(folder),
        },
    }
