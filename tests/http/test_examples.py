"""The example clients run against a real server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.running import Served

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
PROGRAMS = {
    "client.sh": [shutil.which("sh") if shutil.which("curl") else None],
    "client.mjs": [shutil.which("node")],
    "client.php": [shutil.which("php")],
    "python_client.py": [sys.executable],
}
ELSEWHERE = {"openai_client.mjs"}  # needs a package: test_javascript.py
RUNNABLE = {name: program for name, (program,) in PROGRAMS.items() if program}


def test_every_client_is_known() -> None:
    files = {path.name for path in CLIENTS.iterdir() if path.is_file()}
    assert files == PROGRAMS.keys() | ELSEWHERE


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_client_shows_the_answer(served: Served, name: str) -> None:
    command = [RUNNABLE[name], str(CLIENTS / name), "How many days may visitors stay?"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"DRAGON_URL": served.url},
    )
    assert done.returncode == 0, done.stderr
    assert "Visitors may stay 30 days. [1]" in done.stdout
    assert "visits.md" in done.stdout
