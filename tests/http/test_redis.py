"""Rates counted in a Redis: by several servers together, and closed where it is lost."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from dragon.server.settings import ServerSettings
from tests.http.running import serving, wait_until

REDIS = shutil.which("redis-server")

pytestmark = pytest.mark.skipif(
    REDIS is None, reason="redis-server is not installed: apt install redis-server"
)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    assert REDIS
    process = subprocess.Popen([REDIS, *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(port))
        yield f"redis://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_two_servers_count_together(
    fresh: ServerSettings, tmp_path: Path, redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    store, process = redis
    limited = replace(fresh, rate="5/minute", rate_store=store)
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(serving(replace(limited, state=tmp_path / name)))
            for name in ("one", "two")
        )
        codes = [
            served.http.get("/v1/models").status_code for _ in range(3) for served in (one, two)
        ]
        assert codes == [200, 200, 200, 200, 200, 429]
        process.kill()
        process.wait()
        lost = one.http.get("/v1/models")
        assert (lost.status_code, lost.json()["error"]["code"]) == (503, "rate_store")
        assert one.http.get("/health").status_code == 200
