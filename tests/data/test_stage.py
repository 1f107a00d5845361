"""A stage gives the same bytes with any number of processes and after kill -9 at any moment."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.data.renaming import randomize
from dragon.data.stage import blocks
from dragon.errors import DataError
from dragon.tokenizer import BpeTokenizer
from tests.data.corpus import ARTICLE, ROWS
from tests.data.killing import kill_after

SETTINGS = {"seed": 3, "workers": 1}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, ROWS * 6)))
    (folder / "page.txt").write_text(ARTICLE)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != "manifest.json"}


def test_rows_keep_their_fields_and_change_their_names(texts: Path, tmp_path: Path) -> None:
    manifest = randomize([texts], tmp_path / "out", **SETTINGS)  # type: ignore[arg-type]
    assert sorted(files(tmp_path / "out")) == ["one.jsonl", "page.jsonl", "two.jsonl"]
    rows = [json.loads(line) for line in files(tmp_path / "out")["one.jsonl"].splitlines()]
    assert len(rows) == 24
    assert all("Lindqvist" not in row["text"] for row in rows)
    assert len({row["text"] for row in rows}) == 24  # every document has names of its own
    assert manifest["counts"]["documents"] == 49
    assert manifest["counts"]["PERSON"] > 49
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())


def test_the_number_of_processes_changes_nothing(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragon.data.stage.BLOCK", 4000)
    assert len(list(blocks(sorted(texts.iterdir())))) > 6
    for workers in (1, 2):
        randomize([texts], tmp_path / str(workers), seed=3, workers=workers)
    assert files(tmp_path / "1") == files(tmp_path / "2")


SLOW = """
import sys, time
import dragon.data.stage as stage
from dragon.data import unfinished
stage.BLOCK, unfinished.TOGETHER = 4000, 1
add = stage.Meter.add
def slowly(*arguments):
    time.sleep(0.05)
    add(*arguments)
stage.Meter.add = slowly
from dragon.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
QUESTION = {"question": "Who led it?", "context": ARTICLE, "answer": "Ida Marsh"}


@pytest.mark.parametrize("stage", ["clean", "randomize", "synthesize", "augment"])
def test_kill_9_and_the_same_again_give_the_same(texts: Path, tmp_path: Path, stage: str) -> None:
    options = {
        "clean": ["--near", "0", "--boilerplate", "100", "--rejected"],
        "randomize": ["--seed", "3", "--learn", "--mapping"],
    }
    (texts / "short.txt").write_text("Too short.")
    if stage == "augment":
        for path in texts.iterdir():
            path.unlink()
        (texts / "one.jsonl").write_text("\n".join([json.dumps(QUESTION)] * 30))

    def command(name: str) -> list[str]:
        call = ["data", stage, str(texts), "--out", str(tmp_path / name), "--workers", "1"]
        side = [str(tmp_path / f"{name}.side")] if stage in options else []
        return [sys.executable, "-c", SLOW, *call, *options.get(stage, ()), *side]

    subprocess.run(command("whole"), check=True, capture_output=True)
    begun = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL)
    journal = tmp_path / ".killed.unfinished" / ".journal"
    kill_after(3, journal, begun)
    assert not (tmp_path / "killed").exists()
    half = next(p for p in journal.parent.iterdir() if p.name.startswith("one."))
    with half.open("ab") as file:  # what a block had begun to write
        file.write(b'{"half": ')
    with journal.open("ab") as file:
        file.write(b'{"sizes": {"one')
    again = subprocess.run(command("killed"), check=True, capture_output=True)
    assert again.returncode == 0
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    if stage in options:
        sides = [(tmp_path / f"{name}.side").read_bytes() for name in ("killed", "whole")]
        assert sides[0] == sides[1] != b""
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_other_settings_do_not_go_on_from_what_is_there(texts: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / ".out.unfinished"
    unfinished.mkdir()
    (unfinished / ".journal").write_text('{"plan": "of another run"}\n')
    (unfinished / "one.jsonl").write_text("rubbish\n")
    randomize([texts], tmp_path / "out", seed=3, workers=1)
    assert b"rubbish" not in files(tmp_path / "out")["one.jsonl"]


@pytest.mark.parametrize("stage", ["randomize", "prepare"])
def test_a_full_disk_is_said_and_gone_on_from(texts: Path, tmp_path: Path, stage: str) -> None:
    limited = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16000, 16000))\n"
        "import dragon.data.stage\ndragon.data.stage.BLOCK = 4000\n"
        "from dragon.data import unfinished\nunfinished.TOGETHER = 1\n"
        "from dragon.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    if stage == "prepare":
        (tmp_path / "tokenizer").mkdir()
        BpeTokenizer.train([ARTICLE], 300).save(tmp_path / "tokenizer")
    more = ["--objective", "language", "--tokenizer", str(tmp_path / "tokenizer")]
    call = ["data", stage, str(texts), "--seed", "3", "--workers", "1"]
    call += more if stage == "prepare" else []
    out = tmp_path / "out"
    stopped = subprocess.run(
        [sys.executable, "-c", limited, *call, "--out", str(out)], capture_output=True, text=True
    )
    assert stopped.returncode == 1
    assert "No space left on the disk" in stopped.stderr
    assert stopped.stderr.count("\n") == 1
    assert not out.exists()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 16000
    kept = (tmp_path / ".out.unfinished" / ".journal").read_bytes().count(b"\n")
    assert kept > 1
    assert main([*call, "--out", str(out)]) == 0
    assert main([*call, "--out", str(tmp_path / "whole")]) == 0
    assert files(out) == files(tmp_path / "whole")


def test_two_processes_do_not_write_the_same_folder(texts: Path, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / ".out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="Another process is writing"):
            randomize([texts], tmp_path / "out", workers=1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "Fine."}\n{"body": "x"}\n', r"a\.jsonl:2 has no field 'text'"),
        ("a.jsonl", '{"text": "Fine."}\n{"text": 7}\n', r"a\.jsonl:2: text is '7'"),
        ("a.jsonl", '{"text": "Fine."}\n{"text":\n', r"a\.jsonl:2 is not JSON"),
        ("a.csv", "title,body\na,b\n", r"a\.csv:2 has no field 'text' \(fields: title, body\)"),
        ("a.csv", "title,text\na,b,c\n", r"a\.csv:2 has 3 fields, not 2"),
        ("a.jsonl", "\n", "hold no text"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    source = tmp_path / name
    source.write_text(content)
    with pytest.raises(DataError, match=message):
        randomize([source], tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_from_the_command_line(
    texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, mapping = str(tmp_path / "out"), tmp_path / "map.jsonl"
    command = ["data", "randomize", str(texts / "page.txt"), "--out", out, "--workers", "1"]
    assert main([*command, "--mapping", str(mapping), "--learn"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{out}: 1 documents, ")
    assert "MB/s; replaced " in said.out
    assert said.err == ""
    first = json.loads(mapping.read_text())
    assert first["file"] == "page.txt"
    assert "Anna Lindqvist" in first["mapping"]
    assert main(["data", "randomize", "--out", out]) == 2
    assert "Sources or --out are missing." in capsys.readouterr().err


def test_workers_end_with_the_process_that_began_them(texts: Path, tmp_path: Path) -> None:
    call = ["data", "randomize", str(texts), "--out", str(tmp_path / "out"), "--workers", "2"]
    begun = subprocess.Popen([sys.executable, "-c", SLOW, *call], stdout=subprocess.DEVNULL)
    children = Path(f"/proc/{begun.pid}/task/{begun.pid}/children")
    found: list[str] = []
    deadline = time.monotonic() + 60
    while len(found) < 3:  # two workers, and what watches over shared things
        assert time.monotonic() < deadline
        assert begun.poll() is None
        found = children.read_text().split()
        time.sleep(0.01)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    while any(_runs(pid) for pid in found):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
