"""OpenAI's JavaScript client, installed by npm and run by Node.js against a real server."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.http.running import Served

PACKAGE = "openai@6.49.0"
EXAMPLE = Path(__file__).parents[2] / "examples" / "clients" / "openai_client.mjs"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (shutil.which("node") and shutil.which("npm")),
        reason="node or npm is not installed: apt install nodejs npm",
    ),
]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which `import "openai"` finds the package."""
    folder = tmp_path_factory.mktemp("javascript")
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save"]
    subprocess.run(
        ["npm", "install", *options, "--prefix", str(folder), PACKAGE], check=True, timeout=240
    )
    for source in (EXAMPLE, Path(__file__).with_name("openai_javascript.mjs")):
        shutil.copy(source, folder)
    return folder


def node(served: Served, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["node", *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"DRAGON_URL": served.url},
    )


def test_what_the_client_sees(served: Served, scripts: Path) -> None:
    done = node(served, "--test", str(scripts / "openai_javascript.mjs"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass 6" in done.stdout  # and none was left out


def test_the_example_shows_the_answer(served: Served, scripts: Path) -> None:
    done = node(served, str(scripts / EXAMPLE.name), "How many days may visitors stay?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Visitors may stay 30 days. [1]"
    assert "[1] visits.md, characters " in done.stdout
