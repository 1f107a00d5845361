"""Files and clients that mean harm: what they cost, and that others are served meanwhile."""

import json
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dragon.server.settings import ServerSettings
from tests.http import hostile
from tests.http.running import Served, ask, serving, settled, wait_until
from tests.http.test_documents import upload


@pytest.fixture(scope="module")
def library(served: Served) -> str:
    return str(served.http.post("/api/libraries", json={"name": "Traps"}).json()["id"])


def test_files_that_unpack_without_end_fail_with_a_reason(served: Served, library: str) -> None:
    files = hostile.files()
    assert sum(map(len, files.values())) < 2_000_000
    assert {row["status"] for row in upload(served, library, *files.items())} == {"indexing"}
    # Meanwhile questions are answered.
    reply: Any = ask(served, "How many seats has the canteen?")
    assert "45" in reply["choices"][0]["message"]["content"]
    rows = {str(row["document"]): row for row in settled(served, library)}
    assert {name: rows[name]["status"] for name in files} == dict.fromkeys(files, "failed")
    assert all(rows[name]["reason"] for name in files)


def test_a_document_cannot_fetch_other_files(served: Served, library: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The treasure is under the oak.")
    upload(served, library, ("letter.docx", hostile.reaching_out(str(secret))))
    settled(served, library)
    body = {"query": "treasure oak vault doors", "max_num_results": 50}
    found = served.http.post(f"/v1/vector_stores/{library}/search", json=body).text
    assert "12 doors" in found
    assert "oak." not in found


def test_an_upload_has_a_limit(fresh: ServerSettings) -> None:
    with serving(replace(fresh, max_upload=1000)) as served:
        file = {"file": ("large.md", b"x" * 1_100_000)}
        for path in ("/api/documents", "/v1/files"):
            refused = served.http.post(path, files=file, data={"purpose": "assistants"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (
                413,
                "request_too_large",
            )
        assert not [path for path in fresh.state.rglob("*") if path.name.startswith("large")]


def test_a_client_that_does_not_read_loses_its_answer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragon.server.streams.WRITE_SECONDS", 0.3)
    body = {"model": "dragon:raw", "messages": [{"role": "user", "content": "Write."}]}
    # Far more than the buffers between us hold.
    body |= {"stream": True, "n": 16, "logprobs": True, "top_logprobs": 20}
    data = json.dumps(body).encode()
    host, port = served.url.removeprefix("http://").split(":")
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(data)}\r\n"
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((host, int(port)))
        raw.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + data)
        writer = served.state.writer("dragon:raw")
        wait_until(lambda: not writer.is_idle)
        wait_until(lambda: writer.is_idle)
        # What was sent before is all that comes: the end of a stream does not.
        rest = b""
        with raw.makefile("rb") as file, suppress(ConnectionError):
            while piece := file.read(65536):
                rest = (rest + piece)[-100:]
    assert b"[DONE]" not in rest


def test_many_slow_clients_leave_room_for_others(served: Served) -> None:
    """Connections that send nothing hold nothing but themselves."""
    host, port = served.url.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port)), 10) for _ in range(100)]
    try:
        for one in idle:
            one.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n")
        reply: Any = ask(served, "How many days may visitors stay?")
        assert "30 days" in reply["choices"][0]["message"]["content"]
    finally:
        for one in idle:
            one.close()
