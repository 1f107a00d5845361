"""The web page: files of the package, and no others."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from dragon.server.errors import missing

router = APIRouter(include_in_schema=False)
_WEB = Path(__file__).parents[1] / "web"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}


@router.get("/")
def index() -> Response:
    """The chat."""
    return _file("index.html")


@router.get("/web/{path:path}")
def file(path: str) -> Response:
    """One of the page's files."""
    return _file(path)


def _file(name: str) -> Response:
    parts = name.split("/")
    kind = _TYPES.get(Path(name).suffix)
    # No part may begin with a dot or an underscore, so none leads upwards.
    if kind is None or not all(p and p[0] not in "._" and "\\" not in p for p in parts):
        raise missing("page", name)
    path = _WEB.joinpath(*parts)
    if not path.is_file():
        raise missing("page", name)
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})
