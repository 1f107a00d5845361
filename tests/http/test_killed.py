"""kill -9 in the middle of uploads: what was acknowledged is there at the next start."""

import io
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from dragon.server.settings import ServerSettings
from tests.http.running import serving, settled

SCRIPT = """
import pickle, socket, sys
from dragon.server.run import make_server
settings = pickle.loads(bytes.fromhex(sys.argv[1]))
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
make_server(settings).run(sockets=[listening])
"""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(fresh: ServerSettings) -> None:
    import pickle

    settings = replace(fresh, docs=())
    command = [sys.executable, "-c", SCRIPT, pickle.dumps(settings).hex()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"
    acknowledged = _upload_until_killed(url, process)
    assert acknowledged
    with serving(settings) as served:
        rows = {row["document"]: row for row in settled(served)}
        for name in acknowledged:
            assert rows[f"uploaded/{name}"]["status"] == "ready", name
        assert not list(Path(settings.state).rglob(".part-*"))


def _upload_until_killed(url: str, process: "subprocess.Popen[bytes]") -> list[str]:
    acknowledged: list[str] = []
    killer = threading.Timer(0.02, os.kill, (process.pid, signal.SIGKILL))
    try:
        with httpx2.Client(base_url=url, timeout=60, transport=_patient()) as client:
            for number in range(10_000):
                name = f"note-{number}.md"
                data = io.BytesIO(b"# Note\n\n" + b"It has 7 lines. " * 20_000)
                sent = client.post("/api/documents", files={"file": (name, data)})
                if sent.status_code == 202:
                    acknowledged.append(name)
                if number == 5:
                    killer.start()
    except httpx2.TransportError:
        pass
    finally:
        killer.cancel()
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
    return acknowledged


def _patient() -> httpx2.HTTPTransport:
    return httpx2.HTTPTransport(retries=0)
