"""`dragon ask` and `dragon chat` as a user meets them."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dragon.cli.main import main
from tests.answer.number_reader import write_number_reader

STAY = "How many days may visitors stay?"
Dragon = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_number_reader(tmp_path_factory.mktemp("models") / "numbers")


@pytest.fixture
def dragon(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Dragon:
    """Run a command in a folder with documents: (exit code, output, errors)."""
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guests.md").write_text("# Guests\n\nVisitors may stay 30 days.\n")
    (docs / "dogs.txt").write_text("Dogs sleep outside.\n")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--model", str(model)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_folder_is_indexed_once_and_answers(dragon: Dragon) -> None:
    code, out, err = dragon("ask", STAY, "--docs", "docs")
    assert (code, out.splitlines()[0]) == (0, "Visitors may stay **30** days. [1]")
    assert "docs/guests.md  Guests  (characters 28-30, " in out.replace(os.sep, "/")
    assert err.startswith("index: 2 added")
    assert dragon("ask", STAY, "--docs", "docs") == (0, out, "")
    Path("docs/guests.md").write_text("Visitors may stay 31 days.\n")
    code, out, err = dragon("ask", STAY, "--docs", "docs")
    assert "**31** days" in out
    assert err.startswith("index: 1 changed")


def test_docs_may_be_a_file_and_several(dragon: Dragon) -> None:
    assert "**30**" in dragon("ask", STAY, "--docs", "docs/guests.md")[1]
    assert "do not say" in dragon("ask", STAY, "--docs", "docs/dogs.txt")[1]
    both = dragon("ask", STAY, "--docs", "docs/dogs.txt", "--docs", "docs/guests.md")
    assert "**30**" in both[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing.txt", "nothing.txt: empty: there is no text in it."),
        ("picture.txt", "picture.txt: binary, not text."),
    ],
)
def test_docs_of_which_none_can_be_read_are_named(dragon: Dragon, name: str, message: str) -> None:
    Path("bad").mkdir()
    (Path("bad") / name).write_bytes(b"" if name == "nothing.txt" else b"\0")
    code, out, err = dragon("ask", STAY, "--docs", "bad")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: Nothing in bad can be read. {message}")


@pytest.mark.parametrize("option", ["--docs", "--index"])
def test_an_empty_value_is_not_the_working_folder(dragon: Dragon, option: str) -> None:
    code, out, err = dragon("ask", STAY, option, "")
    assert (code, out) == (2, "")
    assert err == f"error: {option} is empty. Give it a value, or leave it out.\n"


def test_docs_with_index_uses_that_file(dragon: Dragon) -> None:
    assert "**30**" in dragon("ask", STAY, "--docs", "docs", "--index", "my.db")[1]
    assert Path("my.db").exists()
    assert not Path("home").exists()
    assert dragon("ask", STAY, "--index", "my.db")[0] == 0


def test_the_question_may_come_from_a_pipe(dragon: Dragon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\n{STAY}\n"))
    assert "**30**" in dragon("ask", "-", "--docs", "docs")[1]


def test_json_has_the_promised_fields(dragon: Dragon) -> None:
    _, out, _ = dragon("ask", STAY, "--docs", "docs", "--json")
    assert out.count("\n") == 1
    answer = json.loads(out)
    assert {
        "question", "answer", "abstained", "citations", "passages", "model", "usage", "timings"
    } <= answer.keys()  # fmt: skip
    [citation] = answer["citations"]
    assert {
        "number", "document", "quote", "start", "end", "sentence", "score"
    } <= citation.keys()  # fmt: skip
    own = Path(citation["document"]).read_text("utf-8")
    assert own[citation["start"] : citation["end"]] == citation["quote"] == "30"
    assert answer["model"] == "numbers"
    assert answer["usage"].keys() == {"prompt_tokens", "completion_tokens"}
    assert answer["timings"].keys() == {"retrieve_ms", "first_token_ms", "total_ms"}


def test_without_streaming_the_answer_is_the_same(dragon: Dragon) -> None:
    streamed = dragon("ask", STAY, "--docs", "docs")[1]
    assert dragon("ask", STAY, "--docs", "docs", "--no-stream")[1] == streamed


def test_asking_loads_nothing_heavy(dragon: Dragon, model: Path) -> None:
    main(["index", "add", "docs"])
    code = (
        "import sys; from dragon.cli.main import main\n"
        f"code = main(['ask', {STAY!r}, '--model', {str(model)!r}])\n"
        "heavy = {'torch', 'rich', 'pypdf', 'docx', 'trafilatura', 'transformers', 'asyncio'}\n"
        "print(sorted(heavy & sys.modules.keys()), code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "**30**" in done.stdout
    assert done.stdout.splitlines()[-1] == "[] 0"


def chat(dragon: Dragon, monkeypatch: pytest.MonkeyPatch, typed: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return dragon("chat", "--docs", "docs")


def test_a_talk_keeps_its_context_until_new(
    dragon: Dragon, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = chat(dragon, monkeypatch, f"{STAY}\n\nAnd dogs?\n/new\nAnd dogs?\n/quit\nx\n")
    assert code == 0
    assert f"(asked: dogs? {STAY})" in out
    assert out.count("(asked:") == 1


def test_a_talk_survives_a_bad_question(dragon: Dragon, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = chat(dragon, monkeypatch, f"{'x' * 3000}\n{STAY}\n/help\n")
    assert code == 0
    assert "error: The question has 3,000 characters." in err
    assert "**30**" in out
    assert "/new forgets" in out


class Terminal:
    """`dragon chat` at a pseudo-terminal."""

    def __init__(self, model: Path, folder: Path) -> None:
        self._screen, inside = pty.openpty()
        command = ["chat", "--docs", "docs", "--model", str(model)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dragon", *command],
            stdin=inside, stdout=inside, stderr=inside, start_new_session=True, cwd=folder,
            env=os.environ | {"TERM": "dumb"}, preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(inside)
        self.read = ""

    def until(self, text: str) -> None:
        """Read what is printed until a text stands in it; forget what was before."""
        end = time.monotonic() + 60
        while text not in self.read:
            assert select.select([self._screen], [], [], end - time.monotonic())[0], self.read
            try:
                self.read += os.read(self._screen, 4096).decode()
            except OSError:
                raise AssertionError(self.read) from None
        self.read = self.read.partition(text)[2]

    def type(self, keys: str) -> None:
        # Between printing its prompt and waiting for a key, readline loses a signal.
        time.sleep(0.5)
        os.write(self._screen, keys.encode())

    def ends(self) -> int:
        return self._process.wait(90)

    def close(self) -> None:
        os.close(self._screen)
        self._process.kill()
        self._process.wait()


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(dragon: Dragon, model: Path, tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(model, tmp_path)
    yield opened
    opened.close()


def test_at_the_prompt_ctrl_c_twice_ends(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type(f"{STAY}\n")
    terminal.until("**30** days. [1]")
    terminal.until("> ")
    terminal.type("\x03")
    terminal.until("Ctrl-C again ends")
    terminal.until("> ")
    terminal.type("\n")  # a line between the two: this starts anew
    terminal.until("> ")
    terminal.type("\x03")
    terminal.until("Ctrl-C again ends")
    terminal.until("> ")
    terminal.type("\x03")
    terminal.until("interrupted")
    assert terminal.ends() == 130


def test_the_end_of_input_ends_well(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type("\x04")
    assert terminal.ends() == 0


def test_ctrl_c_leaves_an_answer_and_not_the_talk(
    dragon: Dragon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dragon.answer.reader import Reader

    real = Reader.read

    def interrupted(self: Reader, question: str, hits: object) -> object:
        if "dogs" in question:
            raise KeyboardInterrupt
        return real(self, question, hits)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "read", interrupted)
    typed = io.StringIO(f"How long may dogs stay here?\n{STAY}\n")
    typed.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", typed)
    code, out, _ = dragon("chat", "--docs", "docs")
    assert code == 0
    assert "**30** days" in out
    assert chat(dragon, monkeypatch, "How long may dogs stay here?\n")[0] == 130
