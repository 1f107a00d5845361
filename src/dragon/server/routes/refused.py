"""Addresses of OpenAI's interface that are not served here: each says so, and why."""

from typing import Any

from fastapi import APIRouter

from dragon.server.access import Asker
from dragon.server.errors import ApiError

router = APIRouter(include_in_schema=False)
_WHY = {
    "moderations": "nothing is moderated here.",
    "images/generations": "the models here know text only.",
    "audio/transcriptions": "the models here know text only.",
    "audio/speech": "the models here know text only.",
}


@router.api_route("/v1/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def unserved(path: str, _: Asker) -> Any:
    """Refuse by name."""
    for name, why in _WHY.items():
        if path == name or path.startswith(f"{name}/"):
            raise ApiError(404, f"/v1/{name} is not served: {why}", "not_supported")
    raise ApiError(404, f"There is no /v1/{path[:80]}. See /openapi.json.", "not_found")
