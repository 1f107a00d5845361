"""Runs a server in this process until it is told to stop.

In: settings. Out: nothing; Ctrl-C and SIGTERM end it: what is being answered is finished first.
"""

import asyncio
import socket
import sys
from types import FrameType

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from dragon.errors import ConfigError
from dragon.server import logs
from dragon.server.app import create_app
from dragon.server.guard import MOST_HEADERS
from dragon.server.settings import ServerSettings
from dragon.server.state import State

FINISH_SECONDS = 10
HEAD_SECONDS = 10.0  # for the head of a request
_CONNECTIONS = 1000


def run(settings: ServerSettings) -> None:
    """Serve until a signal ends it.

    Raises:
        ConfigError: if the address is taken, or public without keys.
    """
    logs.configure()
    # The address first: a port that is taken must not cost an index.
    with _listen(settings) as listening:
        server = make_server(settings)
        if settings.generator_url:
            print(f"questions and passages are sent to {settings.generator_url}", file=sys.stderr)
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
        h11_max_incomplete_event_size=MOST_HEADERS,
        ws="websockets-sansio",
        ws_max_size=settings.max_body,
        http=Connection,
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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for the answers under way; those that take too long are ended as streams end."""
        self._state.stopping.set()
        loop = asyncio.get_running_loop()
        late = loop.call_later(
            FINISH_SECONDS - 2, lambda: loop.run_in_executor(None, self._state.end_writing)
        )
        await super().shutdown(sockets)
        late.cancel()


class Connection(H11Protocol):
    """Sends at once, and closes where a client takes too long over the head of a request."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name their protocol. Without it, what follows the
        # head of a stream waits until that was acknowledged: 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting where this was not yet the whole head."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._late is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


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
