"""A real server on loopback, for tests."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from dragon.server.logs import configure
from dragon.server.run import make_server
from dragon.server.settings import ServerSettings
from dragon.server.state import State

DOCUMENTS = {
    "visits.md": "# Visits\n\nVisitors may stay 30 days. Their dogs may stay 7 days.\n",
    "canteen.md": "# Canteen\n\nThe canteen has 45 seats. It opens at noon.\n",
    "people/leave.md": "# Leave\n\n## Annual leave\n\nStaff have 27 days of annual leave.\n",
}


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs: its address, its state, a client, and how to tell it to end."""

    url: str
    state: State
    http: httpx2.Client
    stop: Callable[[], None]


def write_documents(folder: Path) -> Path:
    for name, text in DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@contextmanager
def serving(settings: ServerSettings, ready: bool = True, key: str = "") -> Iterator[Served]:
    """Run a server in a thread until the block ends."""
    configure(logging.WARNING)
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()

    def stop() -> None:
        server.should_exit = True

    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx2.Client(base_url=url, headers=headers, timeout=60) as client:
            if ready:
                wait_until(lambda: _is_ready(client))
            state: State = server.config.app.state.dragon  # type: ignore[union-attr]
            yield Served(url, state, client, stop)
    finally:
        stop()
        thread.join(60)
        listening.close()
        assert not thread.is_alive(), "the server did not end"


def _is_ready(client: httpx2.Client) -> bool:
    health = client.get("/health").json()
    assert health["status"] != "failed", health
    return client.get("/ready").status_code == 200


def wait_until(holds: object, seconds: float = 60.0) -> None:
    """Wait for a condition; fails where it does not come."""
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def ask(served: Served, question: str, **fields: object) -> dict[str, object]:
    body = {"model": "dragon", "messages": [{"role": "user", "content": question}]} | fields
    response = served.http.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, object] = response.json()
    return found


def settled(served: Served, library: str = "default") -> list[dict[str, object]]:
    """The documents of a library once its indexing is done."""
    address = f"/api/documents?library={library}"
    wait_until(lambda: not served.http.get(address).json()["indexing"])
    found: list[dict[str, object]] = served.http.get(address).json()["documents"]
    return found
