"""What can go wrong around an index: each time a clear error, and the index as it was before."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.errors import InputError, StoreError
from dragon.retrieval import Index, source, store


@pytest.fixture
def filled(tmp_path, docs):
    """The path of an index that holds `docs`."""
    path = tmp_path / "filled.db"
    with Index.open(path, create=True) as index:
        index.add([docs])
    return path


def more_documents(tmp_path, count=300):
    folder = tmp_path / "more"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"Holidays of group {number}. " + f"w{number} " * 400)
    return folder


def assert_as_before(path):
    with Index.open(path) as index:
        assert len(index.documents()) == 2
        assert [hit.passage.text for hit in index.search("holidays")] == ["Holidays are 25 days."]
        index._connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
        assert index._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_empty_folder_is_named(index, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.png").write_text("x")
    with pytest.raises(InputError, match=r"nothing to read in .*empty \(1 files of other kinds\)"):
        index.add([tmp_path / "empty"])


def test_a_missing_path_and_a_foreign_file_are_named(index, tmp_path):
    with pytest.raises(InputError, match="no file or folder"):
        index.add([tmp_path / "nowhere"])
    (tmp_path / "a.png").write_text("x")
    with pytest.raises(InputError, match=r"ending that is not read: \.png"):
        index.add([tmp_path / "a.png"])


def test_a_pipe_is_named_and_not_waited_for(index, tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InputError, match=r"pipe\.txt is neither a file nor a folder"):
        index.add([tmp_path / "pipe.txt"])


def test_a_file_that_is_too_large_is_not_opened_again(index, docs, monkeypatch):
    (docs / "huge.txt").touch()
    os.truncate(docs / "huge.txt", 60_000_000)
    for path in docs.iterdir():
        os.utime(path, (1, 1))
    first = index.add([docs])
    monkeypatch.setattr(source, "_limit", None)  # A second look would fail.
    assert index.add([docs]).skipped == first.skipped
    assert first.skipped[0].reason == "60 MB; the limit is 50 MB. Split the file."
    assert first.bytes < 1000


def test_one_bad_file_does_not_stop_the_others(index, docs, monkeypatch):
    (docs / "binary.txt").write_bytes(b"\x7fELF\0\0")
    (docs / "huge.txt").touch()
    os.truncate(docs / "huge.txt", 200_000_000)
    (docs / "closed.txt").write_text("Secret.")
    whole = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "closed.txt":
            raise PermissionError(errno.EACCES, "Permission denied")
        return whole(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    report = index.add([docs])
    reasons = {skipped.path.name: skipped.reason for skipped in report.skipped}
    assert report.added == 2
    assert reasons["binary.txt"].startswith("binary, not text.")
    assert reasons["huge.txt"].startswith("200 MB; the limit is 50 MB.")
    assert reasons["closed.txt"] == "cannot be read: Permission denied."


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_file_name_that_is_no_text_is_skipped(index, docs):
    Path(os.fsdecode(bytes(docs) + b"/caf\xe9.txt")).write_text("Coffee.")
    report = index.add([docs])
    assert report.added == 2
    assert [skipped.reason for skipped in report.skipped] == [
        "its name is not valid UTF-8. Rename it."
    ]


def test_a_folder_that_cannot_be_read_is_named(index, docs, monkeypatch):
    (docs / "closed").mkdir()
    whole = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return whole(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = index.add([docs])
    assert report.added == 2
    assert [(s.path.name, s.reason) for s in report.skipped] == [
        ("closed", "folder cannot be read: Permission denied.")
    ]


def test_an_unreadable_file_is_remembered_until_it_changes(index, docs, monkeypatch):
    (docs / "a.txt").write_bytes(b"\0")
    os.utime(docs / "a.txt", (1, 1))
    first = index.add([docs])
    monkeypatch.setattr(source, "read_text", None)  # A second reading would fail.
    assert index.add([docs]).skipped == first.skipped
    monkeypatch.undo()
    assert len(index.documents()) == 2
    (docs / "a.txt").write_text("Now a text.")
    assert index.add([docs]).added == 1


def test_a_document_that_becomes_unreadable_answers_no_more(index, docs):
    index.add([docs])
    (docs / "rooms.txt").write_bytes(b"\0")
    report = index.add([docs])
    assert (report.removed, len(report.skipped)) == (1, 1)
    assert index.search("room 204") == []


def test_a_file_that_changes_while_it_is_read_is_read_again(index, docs, monkeypatch):
    whole = source.read_text
    changes = iter(["Ada sits in room 305."])

    def read(path, raw):
        if path.name == "rooms.txt" and (text := next(changes, None)):
            path.write_text(text)
        return whole(path, raw)

    monkeypatch.setattr(source, "read_text", read)
    assert index.add([docs]).skipped == ()
    assert index.document_text(str(docs / "rooms.txt")) == "Ada sits in room 305."


def test_a_file_that_never_stops_changing_is_skipped(index, docs, monkeypatch):
    whole = source.read_text

    def read(path, raw):
        if path.name == "rooms.txt":
            path.write_bytes(raw + b"more\n")
        return whole(path, raw)

    monkeypatch.setattr(source, "read_text", read)
    report = index.add([docs])
    assert [s.reason.split(".")[0] for s in report.skipped] == ["changes while it is read"]


def test_a_missing_index_is_named(tmp_path):
    for path in (tmp_path / "none.db", tmp_path / "empty.db"):
        with pytest.raises(StoreError, match=r"No index at .*dragon index add"):
            Index.open(path)
        (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="is a folder"):
        Index.open(tmp_path)


def test_foreign_and_newer_files_are_left_alone(tmp_path, filled):
    (tmp_path / "text.db").write_text("This is my diary, and no index." * 40)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE mine (x)")
    other.close()
    for name in ("text.db", "other.db"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(StoreError, match="not a dragon index"):
            Index.open(tmp_path / name, create=True)
        assert (tmp_path / name).read_bytes() == before
    connection = sqlite3.connect(filled)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="has format 99"):
        Index.open(filled)


def test_a_corrupt_index_is_reported(filled, docs):
    size = filled.stat().st_size
    with filled.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xa5" * (size - 4096))
    with pytest.raises(StoreError, match=r"damaged.*index again"), Index.open(filled) as index:
        index.search("holidays")


def test_a_truncated_index_is_reported(filled, docs):
    os.truncate(filled, 5000)
    with pytest.raises(StoreError, match="damaged"), Index.open(filled) as index:
        index.search("holidays")


def test_an_index_in_use_is_reported(filled, docs, monkeypatch):
    monkeypatch.setattr(store, "_WAIT_SECONDS", 0.05)
    (docs / "new.txt").write_text("New.")
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Index.open(filled) as index, pytest.raises(StoreError, match="in use"):
        index.add([docs])
    other.close()
    assert_as_before(filled)


def test_reading_goes_on_while_another_writes(filled):
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert_readable(filled)
    other.close()


def assert_readable(path):
    with Index.open(path, read_only=True) as index:
        assert index.search("holidays")


def test_a_full_disk_leaves_the_index_as_it_was(filled, tmp_path):
    with Index.open(filled) as index:
        pages = index._connection.execute("PRAGMA page_count").fetchone()[0]
        index._connection.execute(f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises(StoreError, match=r"No space left.*as it was before"):
            index.add([more_documents(tmp_path)])
    assert_as_before(filled)


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_write_that_the_system_refuses_leaves_the_index_as_it_was(filled, tmp_path):
    code = (
        "import resource, sys; from dragon.cli.main import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "sys.exit(main(['index', 'add', sys.argv[1], '--index', sys.argv[2]]))"
    )
    done = run(code, more_documents(tmp_path), filled)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: No space left to write the index")
    assert_as_before(filled)


# A tiny cache makes SQLite write to the file long before the end, as a large run does.
INTERRUPTED = (
    "import os, signal, sys; from dragon.retrieval import loading, store\n"
    "from dragon.cli.main import main\n"
    "store._CACHE_KIB = 64\n"
    "whole, read = loading.load, []\n"
    "def load(path, *rest):\n"
    "    read.append(path)\n"
    "    if len(read) == 200: os.kill(os.getpid(), int(sys.argv[3]))\n"
    "    return whole(path, *rest)\n"
    "loading.load = load\n"
    "sys.exit(main(['index', 'add', sys.argv[1], '--index', sys.argv[2]]))"
)


def test_a_killed_process_leaves_the_index_as_it_was(filled, tmp_path):
    before = filled.stat().st_size
    done = run(INTERRUPTED, more_documents(tmp_path), filled, int(signal.SIGKILL))
    assert done.returncode == -signal.SIGKILL
    assert filled.stat().st_size > before  # It had begun to write: this is rolled back on opening.
    assert_readable(filled)
    assert_as_before(filled)


def test_ctrl_c_leaves_the_index_as_it_was(filled, tmp_path):
    done = run(INTERRUPTED, more_documents(tmp_path), filled, int(signal.SIGINT))
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted\n"
    assert_as_before(filled)


def test_an_index_in_a_folder_that_cannot_be_made_is_named(tmp_path, docs, capsys):
    (tmp_path / "file").touch()
    assert main(["index", "add", str(docs), "--index", str(tmp_path / "file" / "x.db")]) == 1
    assert "Cannot make the folder" in capsys.readouterr().err
