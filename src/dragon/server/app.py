"""The application of one server: its state, its layers and its routes.

In: settings. Out: an ASGI application that loads its models when it starts.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from dragon import __version__
from dragon.errors import ConfigError
from dragon.server import errors
from dragon.server.guard import Guard
from dragon.server.routes import ROUTERS
from dragon.server.schema import describe
from dragon.server.settings import ServerSettings
from dragon.server.state import State


def create_app(settings: ServerSettings) -> FastAPI:
    """Make the application.

    Raises:
        ConfigError: for a public address without keys.
        StoreError: if the index or the server's database cannot be opened.
        CheckpointError: if there is no such model.
    """
    state = State.open(settings)
    if not (settings.is_local or settings.unprotected or state.keys.are_set):
        state.close()
        raise ConfigError(
            f"{settings.host} can be reached by others, and there are no API keys.",
            "Make one: dragon keys add NAME; or listen on 127.0.0.1; or force it: --unprotected.",
        )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading = threading.Thread(target=state.load, name="loading", daemon=True)
        loading.start()
        yield
        if state.remote:
            await state.remote.close()
        state.close()

    app = FastAPI(
        title="dRAGon",
        version=__version__,
        description="Ask your documents: cited answers over an OpenAI-compatible API.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Nothing of what is asked may leave this machine, whatever the environment says.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.dragon = state
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    _describe(app)
    if settings.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["*"],
            allow_headers=["authorization", "content-type"],
        )
    app.add_middleware(Guard, state=state)
    return app


def _describe(app: FastAPI) -> None:
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        return describe(plain())

    app.openapi = openapi  # type: ignore[method-assign]
