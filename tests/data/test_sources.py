"""Files of every kind that training text comes in, good and bad."""

import gzip
import json
import lzma
from pathlib import Path

import pytest

from dragon.data.sources import read_rows, source_files
from dragon.errors import DataError


def test_every_ending(tmp_path: Path) -> None:
    rows = [{"title": "t", "text": "é\n2"}, {"title": "u", "text": ""}]
    lines = "\n\n".join(map(json.dumps, rows))
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "b.json").write_text(json.dumps(rows))
    (tmp_path / "c.csv").write_text('title,text\nt,"é\n2"\nu,\n')
    with lzma.open(tmp_path / "d.jsonl.xz", "wt") as file:
        file.write(lines)
    with gzip.open(tmp_path / "e.jsonl.gz", "wt") as file:
        file.write(lines)
    found = source_files([tmp_path])
    assert len(found) == 5
    assert all(list(read_rows(path)) == rows for path in found)
    (tmp_path / "page.md").write_bytes(b"# A\r\n")
    assert list(read_rows(tmp_path / "page.md")) == [{"title": "page", "text": "# A\r\n"}]


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("x")
    (tmp_path / "b.txt").write_text("y")
    assert [path.name for path in source_files([tmp_path])] == ["b.txt"]


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_text("x")
    for paths, message in (
        ([tmp_path / "none"], "No training text at"),
        ([tmp_path], "No training text found in"),
        ([tmp_path / "a.pdf"], "No training text found in"),
        ([], "No sources are given"),
    ):
        with pytest.raises(DataError, match=message):
            source_files(paths)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "a"}\n{"text": ', "a.jsonl:2 is not JSON"),
        ("a.jsonl", b'{"text": "a"}\n[1]', "a.jsonl:2 holds"),
        ("a.json", b"[1, 2]", "a.json holds '1'"),
        ("a.json", b"{", "a.json cannot be read"),
        ("a.txt", b"\xff\xfe\x00", "a.txt cannot be read"),
        ("a.jsonl.xz", b"not xz", "a.jsonl.xz cannot be read"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00", "a.jsonl.gz cannot be read"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        list(read_rows(tmp_path / name))
    assert message in str(error.value)


def test_parquet_zstandard_and_html(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet
    import zstandard

    rows = [{"text": "One."}, {"text": "Two."}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(lines))
    page = "<html><body><nav>Menu</nav><article><p>Ropes are sold here every day.</p></article>"
    (tmp_path / "c.html").write_text(page)
    assert list(read_rows(tmp_path / "a.parquet")) == rows
    assert list(read_rows(tmp_path / "b.jsonl.zst")) == rows
    (row,) = read_rows(tmp_path / "c.html")
    assert "Ropes are sold here" in row["text"]
    assert "<p>" not in row["text"]
    assert [p.name for p in source_files([tmp_path])] == ["a.parquet", "b.jsonl.zst", "c.html"]
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "broken.jsonl.zst").write_bytes(b"nothing")
    for name in ("broken.parquet", "broken.jsonl.zst"):
        with pytest.raises(DataError, match="cannot be read"):
            list(read_rows(tmp_path / name))


def test_a_long_text_is_cut_at_paragraphs(tmp_path: Path) -> None:
    paragraph = "A line of text. " * 60 + "\n\n"
    (tmp_path / "long.txt").write_text(paragraph * 2000)
    texts = [row["text"] for row in read_rows(tmp_path / "long.txt")]
    assert len(texts) > 5
    assert "".join(texts) == paragraph * 2000
    assert all(text.endswith("\n\n") for text in texts)
