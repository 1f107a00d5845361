"""`dragon serve` and `dragon keys` at the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from dragon.cli.main import main

SERVER = {"fastapi", "uvicorn", "structlog", "limits", "prometheus_client", "starlette"}


def python(script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100
    )


def test_without_its_packages_serve_says_what_to_install() -> None:
    done = python(
        "import sys; sys.modules['fastapi'] = None\n"
        "from dragon.cli.main import main; sys.exit(main(['serve']))"
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: The server needs the package fastapi, which is not installed. "
        "Run: pip install 'dragon-lm[server]'.\n"
    )


def test_nothing_of_the_server_loads_for_other_commands() -> None:
    done = python(
        "import sys\n"
        "import dragon.cli.ask, dragon.cli.serve, dragon.cli.keys, dragon.answer, dragon.server\n"
        "print(*sys.modules)"
    )
    assert done.returncode == 0, done.stderr
    assert not SERVER & set(done.stdout.split())


def test_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path))
    assert main(["keys", "add", "alice", "--scope", "ask", "--scope", "documents"]) == 0
    secret = capsys.readouterr().out.strip()
    assert secret.startswith("sk-dragon-")
    assert main(["keys", "list"]) == 0
    shown = capsys.readouterr().out
    assert "alice" in shown
    assert "ask,documents" in shown
    assert secret not in shown
    assert main(["keys", "revoke", "alice"]) == 0
    assert main(["keys", "revoke", "alice"]) == 2
    assert main(["keys", "add", "bob", "--scope", "everything"]) == 2
    assert "Scopes: ask, documents, train, metrics." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "dragon keys add NAME"),
        (["--model", "nope"], "There is no model 'nope'"),
        (["--index", "nowhere.db"], "No index at nowhere.db"),
        (["--docs", "nowhere"], "There is no file or folder nowhere"),
        (["--rate", "often"], "60/minute"),
        (["--generator", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--port", "0", *arguments]) != 0
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_port_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import socket

    monkeypatch.setenv("DRAGON_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "--port PORT" in capsys.readouterr().err
