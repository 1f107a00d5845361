"""Signs of life: /health, /ready, /metrics and what the page must know first."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from dragon import __version__
from dragon.answer.answerer import LONGEST_QUESTION
from dragon.retrieval.readers import SUFFIXES
from dragon.server.access import Running, needs
from dragon.server.library import DEFAULT_ID

router = APIRouter(tags=["operation"])


@router.get("/health")
async def health(state: Running) -> JSONResponse:
    """200 when questions can be answered, 503 while the model is loading."""
    if state.failure:
        return JSONResponse({"status": "failed", "problem": state.failure}, 503)
    if not state.ready.is_set():
        return JSONResponse({"status": "loading"}, 503, {"Retry-After": "1"})
    return JSONResponse({"status": "ok", "version": __version__})


@router.get("/ready")
async def ready(state: Running) -> JSONResponse:
    """200 when new requests are welcome: loaded, not ending, not overloaded, documents indexed."""
    library = state.libraries.get(DEFAULT_ID)
    reasons = {
        "loading": not state.ready.is_set(),
        "stopping": state.stopping.is_set(),
        "overloaded": state.worker.waiting >= state.settings.max_waiting,
        "indexing": library.busy > 0,
    }
    if status := next((name for name, holds in reasons.items() if holds), ""):
        return JSONResponse({"status": status}, 503, {"Retry-After": "1"})
    return JSONResponse({"status": "ready"})


@router.get("/metrics", dependencies=[Depends(needs("metrics"))])
async def metrics(state: Running) -> Response:
    """Counters for Prometheus."""
    return Response(state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/config")
async def config(request: Request, state: Running) -> dict[str, Any]:
    """What the page must know before it asks for a key."""
    return {
        "name": "dRAGon",
        "version": __version__,
        "auth": state.keys.are_set,
        "default_library": DEFAULT_ID,
        "default_model": "dragon",
        "scopes": list(request.scope["dragon.key"].scopes),
        "upload": {"max_bytes": state.settings.max_upload, "suffixes": sorted(SUFFIXES)},
        "max_question": LONGEST_QUESTION,
        "generator": state.settings.generator is not None,
        "remote": state.remote.name if state.remote else None,
    }
