"""The WebSocket, and clients that leave."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from dragon.server.keys import Keys
from dragon.server.settings import ServerSettings
from tests.http.running import Served, serving, wait_until


@pytest.fixture
def socket(served: Served) -> Iterator[ClientConnection]:
    with connect(served.url.replace("http", "ws") + "/chat/stream") as found:
        yield found


def heard(socket: ClientConnection) -> list[dict[str, Any]]:
    """Events up to the end of an answer."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] not in ("done", "error"):
        events.append(json.loads(socket.recv(timeout=30)))
    return events


def test_tokens_citations_done(socket: ClientConnection) -> None:
    socket.send(json.dumps({"message": "How many days may visitors stay?"}))
    events = heard(socket)
    text = "".join(event["text"] for event in events if event["type"] == "token")
    assert text == "Visitors may stay 30 days. [1]"
    (citation,) = [event["citation"] for event in events if event["type"] == "citation"]
    assert citation["quote"] == "30"
    assert events[-1]["finish_reason"] == "stop"
    socket.send(json.dumps({"message": "And their dogs?"}))
    assert "visitors" in heard(socket)[-1]["dragon"]["asked"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ('{"message": "x", "mystery": 1}', "unknown_parameter"),
        ("{}", "invalid_value"),
        ('"x"', "invalid_value"),
        ('{"message": "x", "model": "nope"}', "model_not_found"),
    ],
)
def test_errors_leave_the_socket_open(socket: ClientConnection, sent: str, code: str) -> None:
    socket.send(sent)
    (event,) = heard(socket)
    assert event["error"]["code"] == code
    socket.send(json.dumps({"messages": [{"role": "user", "content": "How many seats?"}]}))
    assert heard(socket)[-1]["type"] == "done"


def test_cancel(served: Served, socket: ClientConnection) -> None:
    socket.send(json.dumps({"message": "Write.", "model": "dragon:raw"}))
    assert json.loads(socket.recv(timeout=30))["type"] == "token"
    socket.send(json.dumps({"type": "cancel"}))
    end = heard(socket)[-1]
    # It may have come to its own end just before.
    assert end["finish_reason"] in ("cancelled", "stop", "length")
    wait_until(lambda: served.state.writer("dragon:raw").serving.stats().running == 0, 5)


def test_pages_of_other_sites_get_no_socket(served: Served) -> None:
    address = served.url.replace("http", "ws") + "/chat/stream"
    with (
        pytest.raises(Exception, match=r"403|rejected"),
        connect(
            address,
            origin="https://evil.example",  # type: ignore[arg-type]
        ) as found,
    ):
        found.recv(timeout=5)


def test_questions_on_a_socket_are_counted(fresh: ServerSettings) -> None:
    with serving(replace(fresh, rate="3/minute")) as served:
        address = served.url.replace("http", "ws") + "/chat/stream"
        with connect(address) as found:  # the first of three
            for kind in ("done", "done", "error"):
                found.send(json.dumps({"message": "How many seats?"}))
                last = heard(found)[-1]
                assert last["type"] == kind
            assert last["error"]["code"] == "rate_limit_exceeded"


def test_a_key_that_may_not_ask_gets_no_socket(fresh: ServerSettings) -> None:
    _, key = Keys(fresh.state / "keys.json").add("counter", ("metrics",))
    with serving(fresh, key=key) as served:
        address = served.url.replace("http", "ws") + "/chat/stream"
        for headers in ({}, {"Authorization": f"Bearer {key}"}):
            with (
                pytest.raises(Exception, match=r"403|rejected"),
                connect(address, additional_headers=headers) as found,
            ):
                found.recv(timeout=5)


def test_bytes_close_the_socket(socket: ClientConnection) -> None:
    socket.send(b"\0\1")
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=10)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_its_answer(served: Served, stream: bool) -> None:
    """Many long choices, so that the answer is still going on when the client leaves."""
    import socket as plain

    host, port = served.url.removeprefix("http://").split(":")
    body = {"model": "dragon:raw", "messages": [{"role": "user", "content": "Write."}], "n": 16}
    data = json.dumps(body | {"stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n"
    raw = plain.create_connection((host, int(port)), 10)
    raw.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + data)
    serving = served.state.writer("dragon:raw").serving
    wait_until(lambda: serving.stats().running > 0, 10)
    raw.close()
    left = time.monotonic()
    wait_until(lambda: serving.stats().running == 0, 10)
    assert time.monotonic() - left < 5
