import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.lite.documents import Document, LiteError, load, passages, read
from dragon.lite.readers import LARGEST_XML
from dragon.lite.words import sentences

TEXTS = st.text(st.sampled_from("aB. \n#|-*1?!\r\té’"), max_size=120)


@given(TEXTS)
def test_sentences_cover_all_that_is_not_white_space(text: str) -> None:
    spans = sentences(text, 0, len(text))
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert "".join("".join(text[a:b] for a, b in spans).split()) == "".join(text.split())


@given(TEXTS, st.sampled_from(["a.md", "a.csv", "a.json"]))
def test_spans_of_passages_stand_in_the_document(text: str, name: str) -> None:
    for passage in passages(Document(name, "a", text)):
        assert passage.spans
        assert all(text[a:b].strip() == text[a:b] != "" for a, b in passage.spans)


def test_a_passage_knows_its_headings() -> None:
    document = Document("a.md", "A", "# A\n\nOne.\n\n## B\n\nTwo.\n\n# C\n\nThree.")
    assert [p.heading for p in passages(document)] == ["A", "A > B", "C"]


def test_offsets_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("Ünï.\r\n\r\nSecond line.\r\n".encode())
    document = load(file, "a.txt")
    (passage,) = passages(document)
    a, b = passage.spans[-1]
    assert file.read_bytes().decode()[a:b] == "Second line."


def test_rows_of_a_table_file_know_their_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Name,Extension\nAda,4120\nBo,4121\n")
    ((document,), _) = read([str(tmp_path)])
    (passage,) = passages(document)
    assert passage.columns == "Name,Extension"
    assert [document.text[a:b] for a, b in passage.spans] == ["Ada,4120", "Bo,4121"]


def test_html_keeps_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<head><title>x</title><style>b{}</style></head><nav>menu</nav><h2>Pay</h2>"
        "<p>On the <b>18th</b> &amp; late.</p><ul><li>One</li></ul>"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
        "<script>alert(1)</script>"
    )
    ((document,), _) = read([str(tmp_path)])
    lines = [line for line in document.text.split("\n") if line]
    assert lines == ["## Pay", "On the 18th & late.", "- One", "| A | B |", "| 1 | 2 |"]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("Fine.")
    (tmp_path / "bad.txt").write_bytes(b"a\0b")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "fake.docx").write_bytes(b"nothing")
    (tmp_path / ".hidden.md").write_text("no")
    with zipfile.ZipFile(tmp_path / "empty.docx", "w"):
        pass
    documents, problems = read([str(tmp_path)])
    assert [d.name for d in documents] == ["good.md"]
    assert [p.split(":")[0] for p in problems] == [
        "bad.txt",
        "empty.docx",
        "fake.docx",
        "latin.txt",
    ]


def test_a_word_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (LARGEST_XML + 1))
    with pytest.raises(ValueError, match="larger than"):
        load(tmp_path / "bomb.docx", "bomb.docx")


def test_ignored_files_are_left_out(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "c.log.md"):
        (tmp_path / name).write_text("Text.")
    (tmp_path / ".dragonignore").write_text("# not these\nb.md\n*.log.md\n")
    assert [d.name for d in read([str(tmp_path)])[0]] == ["a.md"]


@pytest.mark.parametrize(("name", "said"), [("nowhere", "There is no"), ("", "Nothing to read")])
def test_nothing_to_read_is_an_error_with_a_remedy(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(LiteError, match=said):
        read([str(tmp_path / name)])
