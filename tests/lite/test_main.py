"""The command line, as a package and as one file; processes of their own, as users start them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dragon.lite import bundle as bundling
from dragon.lite.__main__ import main

SOURCE = Path(bundling.__file__).parents[2]
HANDBOOK = SOURCE.parent / "examples" / "handbook"
QUESTION = "How many days of annual leave do permanent staff have?"


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bundle") / "lite.py"
    assert bundling.bundle(file) > 1000
    return file


def alone(*arguments: object, typed: str = "") -> "subprocess.CompletedProcess[str]":
    """Python without site-packages, user settings and the folder it is started in."""
    command = [sys.executable, "-I", "-S", *map(str, arguments)]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60)


def test_the_one_file_answers_as_the_package_does(
    one_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = alone(one_file, HANDBOOK, "-q", QUESTION, "--json")
    assert ran.returncode == 0, ran.stderr
    assert main([str(HANDBOOK), "-q", QUESTION, "--json"]) == 0
    assert ran.stdout == capsys.readouterr().out
    quote = json.loads(ran.stdout)["quotes"][0]
    text = (HANDBOOK / quote["document"]).read_text("utf-8")
    assert (
        text[quote["start"] : quote["end"]]
        == quote["text"]
        == ("- Permanent staff have 27 days of annual leave.")
    )


def test_the_one_file_explains(one_file: Path) -> None:
    ran = alone(one_file, HANDBOOK, "-q", QUESTION, "--explain")
    assert ran.returncode == 0, ran.stderr
    assert "5. A transformer that knows nothing copies" in ran.stdout


def test_a_talk_at_a_pipe_keeps_its_context(one_file: Path) -> None:
    ran = alone(one_file, HANDBOOK, typed=f"{QUESTION}\n\nAnd seasonal staff?\n")
    assert ran.returncode == 0, ran.stderr
    assert "27 days" in ran.stdout
    assert "Seasonal staff earn two days" in ran.stdout
    assert "(asked: And seasonal staff? How many" in ran.stdout


def test_the_package_loads_the_standard_library_only() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r}); import dragon.lite.__main__ as m; "
        f"m.main([{str(HANDBOOK)!r}, '-q', {QUESTION!r}]); "
        "print(*sorted({n.split('.')[0] for n in sys.modules} - sys.stdlib_module_names)); "
        # Start-up counts: what only the page and the explanation need is not loaded.
        "print([n for n in ('http', 'inspect', 'socket', 'random') if n in sys.modules])"
    )
    ran = alone("-c", program)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == ["__main__ dragon", "[]"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nowhere"], "There is no 'nowhere'"), ([str(HANDBOOK), "-q", " "], "The question is empty")],
)
def test_bad_input_is_one_line_with_a_remedy(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1


def test_no_control_character_of_a_document_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\x1b[2Jb.md").write_text("# H\x1b]0;x\x07\n\nThe code is \x1b[31mred\u202e 7.")
    assert main([str(tmp_path), "-q", "Which code is red?", "--explain"]) == 0
    out = capsys.readouterr().out
    assert "The code is [31mred 7." in out
    assert all(c.isprintable() or c == "\n" for c in out)


def test_a_bundle_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(bundling.LiteError, match="Cannot write"):
        bundling.bundle(tmp_path / "no" / "lite.py")
