"""Servers that end: kill -9 in the middle of uploads and of training, SIGTERM in an answer."""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from dragon.server.settings import ServerSettings
from tests.http.conftest import Models
from tests.http.running import serving, settled, wait_until
from tests.http.test_fine_tuning import LINES, is_free

SCRIPT = """
import pickle, socket, sys
from dragon.server.run import make_server
settings = pickle.loads(bytes.fromhex(sys.argv[1]))
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
make_server(settings).run(sockets=[listening])
"""


@contextmanager
def started(settings: ServerSettings) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-c", SCRIPT, pickle.dumps(settings).hex()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    try:
        yield process, f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def steps_of(run: Path) -> list[int]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_training_goes_on_where_it_was(fresh: ServerSettings, models: Models) -> None:
    settings = replace(fresh, generator=models.writer, nice=0)
    jobs = "/v1/fine_tuning/jobs"
    with started(settings) as (process, url), httpx2.Client(base_url=url, timeout=60) as client:
        wait_until(lambda: client.get("/health").status_code == 200)
        sent = client.post(
            "/v1/files", files={"file": ("t.jsonl", LINES)}, data={"purpose": "fine-tune"}
        )
        asked = {"training_file": sent.json()["id"], "hyperparameters": {"n_epochs": 50}}
        job = client.post(jobs, json=asked | {"model": "dragon:raw"}).json()["id"]
        run = settings.state / "jobs" / job / "run"
        wait_until(lambda: (run / "last").is_dir(), 300)
        process.send_signal(signal.SIGKILL)
        process.wait()
    # Training does not outlive its server, however that ends.
    wait_until(lambda: is_free(settings.state / "jobs.lock"))
    before = steps_of(run)
    assert not (settings.state / "models").exists()
    with serving(settings) as served:
        wait_until(lambda: served.http.get(f"{jobs}/{job}").json()["status"] == "succeeded", 500)
        found = served.http.get(f"{jobs}/{job}").json()
        said = [
            one["message"]
            for one in served.http.get(f"{jobs}/{job}/events?limit=100").json()["data"]
        ]
        names = [one["id"] for one in served.http.get("/v1/models").json()["data"]]
    steps = steps_of(run)
    assert steps == list(range(1, found["dragon"]["steps"] + 1))
    assert "Going on from the last checkpoint" in said
    # A checkpoint is saved before its step is evaluated and logged.
    assert 9 <= len(before) < len(steps)
    assert found["fine_tuned_model"] in names


@pytest.mark.slow
def test_sigterm_lets_an_answer_come_to_its_end(fresh: ServerSettings, models: Models) -> None:
    body = {"model": "dragon:raw", "messages": [{"role": "user", "content": "x"}], "stream": True}
    with started(replace(fresh, generator=models.writer)) as (process, url):
        with httpx2.Client(base_url=url, timeout=60) as client:
            wait_until(lambda: client.get("/health").status_code == 200)
            with client.stream("POST", "/v1/chat/completions", json=body | {"n": 4}) as response:
                lines = response.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                last = [line for line in lines if line][-1]
            with pytest.raises(httpx2.TransportError):
                client.get("/health")
        # It ended in its own way, by the signal that it was sent.
        assert process.wait(30) in (0, -signal.SIGTERM)
    assert last == "data: [DONE]" or "stopping" in last


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(fresh: ServerSettings) -> None:
    settings = replace(fresh, docs=())
    with started(settings) as (process, url):
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
    return acknowledged


def _patient() -> httpx2.HTTPTransport:
    return httpx2.HTTPTransport(retries=0)
