"""A client that leaves ends its answer before the next token, measured by the work that is done.

The writer takes a step only when the test lets it: what happens between two steps is then exact,
however busy the machine is.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dragon.engine.serving import Stream
from dragon.engine.serving import engine as core
from tests.http.running import Served, wait_until


class Gate:
    """Lets the serving core take so many steps, and counts those that it took."""

    def __init__(self, step: Callable[..., Any]) -> None:
        self._step, self._allowed = step, threading.Semaphore(0)
        self.taken, self.is_open = 0, False

    def __call__(self, *arguments: Any) -> Any:
        if not self.is_open:
            self._allowed.acquire()
        self.taken += 1
        return self._step(*arguments)

    def let(self, steps: int) -> None:
        self._allowed.release(steps)

    def open(self) -> None:
        self.is_open = True
        self._allowed.release(1000)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    found = Gate(core.read_together)
    monkeypatch.setattr(core, "read_together", found)
    yield found
    found.open()


@pytest.fixture
def cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[Stream]:
    """The streams that were cancelled."""
    cancelled: list[Stream] = []
    plain = Stream.cancel

    def cancel(stream: Stream) -> None:
        cancelled.append(stream)
        plain(stream)

    monkeypatch.setattr(Stream, "cancel", cancel)
    return cancelled


def _connected(served: Served, path: str, body: dict[str, Any]) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n"
    raw = socket.create_connection((host, int(port)), 30)
    raw.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + data)
    return raw


CHAT = {"model": "dragon:raw", "messages": [{"role": "user", "content": "Write."}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", CHAT | {"stream": True}),
        ("/v1/chat/completions", CHAT),
        ("/v1/chat/completions", CHAT | {"n": 3}),
        ("/v1/completions", {"model": "dragon:raw", "prompt": "A", "max_tokens": 400}),
        ("/v1/responses", {"model": "dragon:raw", "input": "Write.", "stream": True}),
    ],
)
def test_no_step_is_taken_for_a_client_that_has_left(
    served: Served, gate: Gate, cut: list[Stream], path: str, body: dict[str, Any]
) -> None:
    # No end token can be drawn in so few steps with this seed.
    raw = _connected(served, path, body | ({} if "input" in body else {"seed": 1}))
    gate.let(3)
    wait_until(lambda: gate.taken == 3)
    raw.close()
    # The writer stands still: the server learns of it from the connection, not from the next token.
    wait_until(lambda: len(cut) == body.get("n", 1))
    writer = served.state.writer("dragon:raw")
    gate.let(1)  # the step that it may have been about to take
    wait_until(lambda: all(stream.finish_reason for stream in cut))
    assert {stream.finish_reason for stream in cut} == {"cancelled"}
    wait_until(lambda: writer.is_idle)
    gate.let(5)
    assert gate.taken <= 4
    assert max(stream.completion_tokens for stream in cut) <= 4


def test_cancelling_on_a_socket_is_as_quick(served: Served, gate: Gate, cut: list[Stream]) -> None:
    from websockets.sync.client import connect

    address = served.url.replace("http", "ws") + "/chat/stream"
    with connect(address, max_size=None) as talk:
        talk.send(json.dumps({"message": "Write.", "model": "dragon:raw"}))
        gate.let(3)
        wait_until(lambda: gate.taken == 3)
        talk.send(json.dumps({"type": "cancel"}))
        wait_until(lambda: len(cut) == 1)
        gate.let(1)
        wait_until(lambda: cut[0].finish_reason == "cancelled")
    assert gate.taken <= 4
