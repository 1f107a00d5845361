"""The root of the command line: what it loads, and how errors leave it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dragon import __version__
from dragon.cli.main import COMMANDS, Command, main

HEAVY = ("typer", "rich", "numpy", "tokenizers", "torch", "asyncio", "sqlite3", "pypdf")


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "dragon", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command `broken KIND` that fails in the way asked for."""
    (tmp_path / "broken_command.py").write_text(
        "import errno\n"
        "from dragon.errors import InputError, StoreError\n"
        "def broken(kind: str) -> None:\n"
        "    raise {\n"
        "        'store': StoreError('The index x is corrupt.', 'Remove it.'),\n"
        "        'input': InputError('The question is empty.', 'Ask one.'),\n"
        "        'lines': StoreError('one\\ntwo'),\n"
        "        'full': OSError(errno.ENOSPC, 'No space left', '/data/index'),\n"
        "        'denied': PermissionError(errno.EACCES, 'no', '/data/index'),\n"
        "        'interrupt': KeyboardInterrupt(),\n"
        "        'torch': ModuleNotFoundError('No module', name='torch'),\n"
        "        'bug': KeyError('ids'),\n"
        "    }[kind]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(COMMANDS, "broken", Command("broken_command", "broken", "Fails."))


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_loads_nothing_heavy(flag: str) -> None:
    script = (
        "import sys; from dragon.cli.main import main; "
        f"code = main([{flag!r}]); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert not set(HEAVY) & set(done.stderr.split())


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name} " in text
        assert command.help in text
    assert max(map(len, text.splitlines())) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dragon {__version__}\n"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_shows_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"dragon {name}" in capsys.readouterr().out


@pytest.mark.parametrize("empty", [["--docs", ""], ["--docs="]])
@pytest.mark.parametrize(
    "command",
    [
        "ask Who?",
        "chat",
        "serve",
        "lite ask Who?",
        "data synthesize --out new",
        "eval questions asked.jsonl",
        "eval calibrate asked.jsonl --model model",
    ],
)
def test_an_empty_path_is_not_the_working_folder(
    command: str, empty: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), *empty]) == 2
    said = capsys.readouterr().err
    assert said == "error: --docs is empty. Give it a value, or leave it out.\n"


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokeniser"]) == 2
    assert capsys.readouterr().err == (
        "error: There is no command 'tokeniser'. Did you mean `dragon tokenizer`?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "Missing argument 'paths'. See `dragon tokenizer train --help`."),
        (["show", "--colour"], "No such option: --colour. See `dragon tokenizer show --help`."),
        (["sho"], "No such command 'sho'."),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tokenizer", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("kind", "code", "line"),
    [
        ("store", 1, "error: The index x is corrupt. Remove it."),
        ("input", 2, "error: The question is empty. Ask one."),
        ("lines", 1, "error: one two"),
        (
            "full",
            1,
            "error: No space left on the disk (/data/index). Free some space and run it again.",
        ),
        ("denied", 1, "error: Permission denied (/data/index)."),
        ("interrupt", 130, "interrupted"),
        (
            "torch",
            1,
            "error: PyTorch is not installed. "
            "Run `make install`, or pip install 'dragon-lm[train]'.",
        ),
    ],
)
def test_errors_are_one_line(
    kind: str, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["broken", kind]) == code
    assert capsys.readouterr().err == line + "\n"


@pytest.mark.usefixtures("broken")
def test_a_bug_is_named_and_points_to_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["broken", "bug"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: KeyError: 'ids'.")
    assert "--debug" in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("arguments", [["--debug", "broken", "bug"], ["broken", "bug", "--debug"]])
def test_debug_lets_the_error_through(arguments: list[str]) -> None:
    with pytest.raises(KeyError):
        main(arguments)


@pytest.mark.usefixtures("broken")
def test_debug_after_two_dashes_is_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["broken", "--", "--debug"]) == 1
    assert "KeyError: '--debug'" in capsys.readouterr().err


def test_a_closed_pipe_is_silent() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "dragon", "--help"], stdout=write_end, stderr=subprocess.PIPE
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "dragon", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: No space left on the disk")
    assert done.stderr.count(b"\n") == 1


def test_output_is_utf8_whatever_the_locale() -> None:
    latin = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    done = run("tokenizér", env=latin)
    assert done.returncode == 2
    assert "Did you mean `dragon tokenizer`?" in done.stderr.decode("utf-8")
