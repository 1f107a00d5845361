"""What users do wrong, and what the machine does to them: one line with a remedy, nothing lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dragon.cli.main import main
from tests.answer.number_reader import write_language_model, write_number_reader

STAY = "How many days may visitors stay?"
RUN = "import sys; from dragon.cli.main import main; sys.exit(main(sys.argv[1:]))"
AS_ROOT = os.name == "posix" and os.geteuid() == 0
Dragon = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_number_reader(tmp_path_factory.mktemp("models") / "numbers")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one document; the working folder is the one above it."""
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "guests.md").write_text("# Guests\n\nVisitors may stay 30 days.\n")
    return folder


@pytest.fixture
def dragon(docs: Path, capsys: pytest.CaptureFixture[str]) -> Dragon:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def is_refused(result: tuple[int, str, str], code: int, *words: str) -> None:
    """One line on standard error, with the exit code and all of the words."""
    got, out, err = result
    assert (got, out) == (code, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize("question", ["", "  \n "])
def test_an_empty_question(dragon: Dragon, model: Path, question: str) -> None:
    is_refused(dragon("ask", question, "--model", model), 2, "question is empty", "dragon ask")


def test_an_endless_question(dragon: Dragon, model: Path) -> None:
    result = dragon("ask", "why " * 25_000, "--docs", "docs", "--model", model)
    is_refused(result, 2, "99,999 characters", "at most 2,000")
    assert not Path("home").exists()


def test_an_empty_and_a_missing_folder(dragon: Dragon, model: Path) -> None:
    Path("empty").mkdir()
    result = dragon("ask", STAY, "--docs", "empty", "--model", model)
    is_refused(result, 2, "nothing to read in empty", "Give a folder")
    result = dragon("ask", STAY, "--docs", "nowhere", "--model", model)
    is_refused(result, 2, "no file or folder nowhere")


def test_without_any_index(dragon: Dragon, model: Path) -> None:
    is_refused(dragon("ask", STAY, "--model", model), 1, "No index at", "dragon index add PATH")


def test_bad_files_are_named_and_the_others_answer(dragon: Dragon, docs: Path, model: Path) -> None:
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 8)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (docs / "gone.md").symlink_to(docs / "never")
    code, out, err = dragon("ask", STAY, "--docs", "docs", "--model", model)
    assert code == 0
    assert "**30**" in out
    assert "binary.txt: binary, not text" in err
    assert "broken.pdf: " in err


@pytest.mark.skipif(AS_ROOT, reason="root reads everything")
def test_a_file_without_permission_is_named(dragon: Dragon, docs: Path, model: Path) -> None:
    (docs / "secret.txt").write_text("Visitors may stay 99 days.")
    (docs / "secret.txt").chmod(0)
    code, out, err = dragon("ask", STAY, "--docs", "docs", "--model", model)
    assert code == 0
    assert "**30**" in out
    assert "secret.txt: " in err


def test_a_corrupt_and_a_foreign_index(dragon: Dragon, docs: Path, model: Path) -> None:
    dragon("index", "add", "docs", "--index", "my.db")
    whole = Path("my.db").read_bytes()
    Path("my.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    result = dragon("ask", STAY, "--index", "my.db", "--model", model)
    is_refused(result, 1, "my.db is damaged", "index again")
    with sqlite3.connect("other.db") as other:
        other.execute("CREATE TABLE mail (text TEXT)")
    other.close()
    for name in ("other.db", "docs/guests.md"):
        before = Path(name).read_bytes()
        for more in ([], ["--docs", "docs"]):
            result = dragon("ask", STAY, "--index", name, "--model", model, *more)
            is_refused(result, 1, "not a dragon index", "another file")
        assert Path(name).read_bytes() == before


def test_an_index_without_documents(dragon: Dragon, model: Path) -> None:
    dragon("index", "add", "docs", "--index", "my.db")
    dragon("index", "remove", "docs", "--index", "my.db")
    result = dragon("ask", STAY, "--index", "my.db", "--model", model)
    is_refused(result, 1, "is empty", "dragon index add")


def copied(model: Path, change: Callable[[Path], object]) -> Path:
    folder = Path("model")
    folder.mkdir()
    for file in model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    change(folder)
    return folder


def _halve(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


def _widen(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda f: (f / "config.json").unlink(), "config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json"),
        (lambda f: (f / "config.json").write_text("[]"), "config.json"),
        (lambda f: (f / "config.json").write_text('{"model_type": "bert"}'), "bert"),
        (lambda f: (f / "model.safetensors").unlink(), "model.safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\xff" * 64), "model.safetensors"),
        (lambda f: (f / "tokenizer.json").unlink(), "tokenizer"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer"),
        (_halve, "model.safetensors"),
        (_widen, "shape"),
    ],
)
def test_a_damaged_model(
    dragon: Dragon, model: Path, change: Callable[[Path], object], word: str
) -> None:
    result = dragon("ask", STAY, "--docs", "docs", "--model", copied(model, change))
    is_refused(result, 1, word)
    assert not Path("home").exists()  # no indexing for a model that is none


def test_no_model_and_one_that_cannot_read(dragon: Dragon) -> None:
    result = dragon("ask", STAY, "--docs", "docs", "--model", "gpt-9")
    is_refused(result, 1, "no model 'gpt-9'", "Shipped: ")
    writer = write_language_model(Path("writer").absolute())
    result = dragon("ask", STAY, "--docs", "docs", "--model", writer)
    is_refused(result, 1, "cannot read passages", "give --model a reader")


@pytest.mark.parametrize("value", ["0", "-1", "101", "many"])
def test_a_wrong_number_of_passages(dragon: Dragon, value: str) -> None:
    is_refused(dragon("ask", STAY, "--top-k", value), 2, "'--top-k'", "should be", "--help")


def test_a_folder_where_nothing_can_be_written(
    dragon: Dragon, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file where the home folder should be: refuses root too.
    Path("readonly").touch()
    monkeypatch.setenv("DRAGON_HOME", str(Path("readonly/data").absolute()))
    result = dragon("ask", STAY, "--docs", "docs", "--model", model)
    is_refused(result, 1, "Cannot make the folder", "--index")
    assert dragon("ask", STAY, "--docs", "docs", "--index", "my.db", "--model", model)[0] == 0


def test_debug_shows_where_an_error_comes_from(dragon: Dragon, model: Path) -> None:
    from dragon.errors import StoreError

    with pytest.raises(StoreError):
        dragon("--debug", "ask", STAY, "--model", model)


def more_documents(folder: Path) -> None:
    for i in range(400):
        text = f"Visitors of pier {i} may stay {i} days. " * 40
        (folder / f"pier{i}.txt").write_text(text)


def answers_as_before(dragon: Dragon, model: Path) -> None:
    code, out, _ = dragon("ask", STAY, "--index", "my.db", "--model", model)
    assert (code, out.splitlines()[0]) == (0, "Visitors may stay **30** days. [1]")
    assert dragon("index", "list", "--index", "my.db")[1].splitlines()[-1].startswith("1 document ")


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_no_space_on_the_disk(dragon: Dragon, docs: Path, model: Path) -> None:
    dragon("index", "add", "docs", "--index", "my.db")
    more_documents(docs)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
    command = ["ask", STAY, "--docs", "docs", "--index", "my.db", "--model", str(model)]
    done = subprocess.run(
        [sys.executable, "-c", limit + RUN, *command], capture_output=True, text=True
    )
    is_refused((done.returncode, done.stdout, done.stderr), 1, "No space left", "Free disk space")
    answers_as_before(dragon, model)


def test_ctrl_c_in_the_middle(dragon: Dragon, docs: Path, model: Path) -> None:
    dragon("index", "add", "docs", "--index", "my.db")
    more_documents(docs)
    # The 200th file that is read interrupts the process that reads it.
    interrupt = (
        "import os, signal; from dragon.retrieval import loading\n"
        "whole, read = loading.load, []\n"
        "def load(path, *rest):\n"
        "    read.append(path)\n"
        "    if len(read) == 200: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return whole(path, *rest)\n"
        "loading.load = load\n"
    )
    command = ["ask", STAY, "--docs", "docs", "--index", "my.db", "--model", str(model)]
    done = subprocess.run(
        [sys.executable, "-c", interrupt + RUN, *command], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
    answers_as_before(dragon, model)


def test_ctrl_c_while_the_question_is_awaited(docs: Path, model: Path) -> None:
    started = (
        "import sys; sys.stdin.read = lambda *a, read=sys.stdin.read: "
        "(print('ready', file=sys.stderr, flush=True), read(*a))[1]\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", started + RUN, "ask", "-", "--model", str(model)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr
    assert process.stderr.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
