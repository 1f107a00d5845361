"""Runs a server in this process until it is told to stop.

In: settings. Out: nothing; Ctrl-C and SIGTERM end it: what is being answered is finished first.
"""

import socket
import sys
from types import FrameType

import uvicorn

from dragon.errors import ConfigError
from dragon.server import logs
from dragon.server.app import create_app
from dragon.server.settings import ServerSettings
from dragon.server.state import State

FINISH_SECONDS = 10
_CONNECTIONS = 1000
_HEADERS = 32 * 1024


def run(settings: ServerSettings) -> None:
    """Serve until a signal ends it.

    Raises:
        ConfigError: if the address is taken, or public without keys.
    """
    logs.configure()
    listening = _listen(settings)
    server = make_server(settings)
    host, port = listening.getsockname()[:2]
    print(f"dRAGon listens on http://{_shown(host)}:{port} (Ctrl-C ends it)", file=sys.stderr)
    server.run(sockets=[listening])


def make_server(settings: ServerSettings) -> "Server":
    """A server that has yet to be given sockets.

    Raises:
        ConfigError, StoreError, CheckpointError: see `create_app`.
    """
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=FINISH_SECONDS,
        h11_max_incomplete_event_size=_HEADERS,
        ws="websockets-sansio",
        ws_max_size=settings.max_body,
        http="h11",
        proxy_headers=False,
    )
    return Server(config, app.state.dragon)


class Server(uvicorn.Server):
    """Tells the application at once that it is to end, not when its last connection has gone."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self._state.stopping.set()
        super().handle_exit(sig, frame)


def _listen(settings: ServerSettings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, settings.port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"Cannot listen on {host}:{settings.port}: {error.strerror or error}.",
            "Choose another: --port PORT.",
        ) from None
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
