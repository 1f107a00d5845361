import codecs
import json
import zipfile

import docx
import pypdf
import pytest

from dragon.errors import DocumentError
from dragon.retrieval.passages import cut
from dragon.retrieval.readers import docx as docx_reader
from dragon.retrieval.readers import read_document
from tests.retrieval.files import write_pdf


def passages(path):
    document = read_document(path)
    return [(heading, document.text[start:end]) for start, end, heading in cut(document)]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.py"])
def test_a_text_is_kept_to_the_character(tmp_path, name):
    raw = "\ufeffNaïve\r\nlines\tand\r\n\r\nspaces  .\n".encode()
    (tmp_path / name).write_bytes(raw)
    assert read_document(tmp_path / name).text == raw.decode("utf-8")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (codecs.BOM_UTF16_LE + "Grüße".encode("utf-16-le"), "Grüße"),
        (codecs.BOM_UTF16_BE + "Grüße".encode("utf-16-be"), "Grüße"),
        (codecs.BOM_UTF32_LE + "Grüße".encode("utf-32-le"), "Grüße"),
        ("“Grüße”".encode("cp1252"), "“Grüße”"),
    ],
)
def test_other_encodings_are_recognised(tmp_path, raw, text):
    (tmp_path / "a.txt").write_bytes(raw)
    assert read_document(tmp_path / "a.txt").text == text


@pytest.mark.parametrize(
    "raw", [b"text\0text", bytes(range(1, 256)) * 9, codecs.BOM_UTF16_LE + b"\x00\xd8\x00"]
)
def test_a_binary_file_named_txt_is_refused(tmp_path, raw):
    (tmp_path / "a.txt").write_bytes(raw)
    with pytest.raises(DocumentError, match="binary"):
        read_document(tmp_path / "a.txt")


def test_markdown_headings_make_the_path_of_a_passage(tmp_path):
    (tmp_path / "a.md").write_text(
        "---\ntitle: The leave policy\n---\n\nLeave\n=====\n\nAsk.\n\n## Sick *leave* ##\n\n"
        "Rest.\n\n```sh\n# not a heading\n```\n\n### Long\n\n## Other\nGo.\n"
    )
    assert read_document(tmp_path / "a.md").title == "The leave policy"
    assert passages(tmp_path / "a.md")[1:] == [
        ("Leave", "Ask."),
        ("Leave > Sick leave", "Rest.\n\n```sh\n# not a heading\n```"),
        ("Leave > Sick leave > Long", "### Long"),
        ("Leave > Other", "Go."),
    ]


def test_markdown_rules_and_tables_are_no_headings(tmp_path):
    text = "One.\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- item\n---\n"
    (tmp_path / "a.md").write_text(text)
    assert read_document(tmp_path / "a.md").headings == ()


def test_restructured_text_headings(tmp_path):
    (tmp_path / "a.rst").write_text(
        "=====\nTitle\n=====\n\nIn.\n\nPart\n----\n\nOne.\n\nTwo\n---\nX.\n"
    )
    assert passages(tmp_path / "a.rst") == [
        ("Title", "In."),
        ("Title > Part", "One."),
        ("Title > Two", "X."),
    ]


def test_a_table_becomes_a_record_a_row(tmp_path):
    (tmp_path / "a.csv").write_text('name;note\nAda;"two\nlines"\nBo;x\n')
    assert (
        read_document(tmp_path / "a.csv").text == "name: Ada\nnote: two lines\n\nname: Bo\nnote: x"
    )
    (tmp_path / "b.tsv").write_text("1\t2\n3\t4,5\n")
    assert read_document(tmp_path / "b.tsv").text == (
        "column 1: 1\ncolumn 2: 2\n\ncolumn 1: 3\ncolumn 2: 4,5"
    )


def test_json_becomes_names_and_values(tmp_path):
    value = {"site": "Bern", "open": True, "hosts": [{"ip": 1, "tags": ["a", "b"]}, {"ip": 2}]}
    (tmp_path / "a.json").write_text(json.dumps(value))
    assert passages(tmp_path / "a.json") == [
        ("", "site: Bern\nopen: yes"),
        ("hosts", "ip: 1\ntags: a, b\n\nip: 2"),
    ]
    (tmp_path / "b.json").write_text('{"a": "\\ud800x"}\n{"a": {"b": [[1], null]}}\n')
    assert read_document(tmp_path / "b.json").text == "a: \ufffdx\n\na.b.1: 1"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", '{"a": ', "not valid JSON"),
        ("a.jsonl", '{"a": 1}\n{"a"', "line 2"),
        ("a.json", "[" * 100_000, "JSON"),
        ("a.md", " \n\t\n", "empty"),
        ("a.csv", "", "empty"),
    ],
)
def test_damaged_text_files_are_refused_with_a_reason(tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(DocumentError, match=reason):
        read_document(tmp_path / name)


def test_html_keeps_headings_lists_and_tables_and_drops_menus(tmp_path):
    (tmp_path / "a.html").write_text(
        "<html><head><title>Canteen</title><style>p{}</style></head><body><nav>Home</nav>"
        "<h1>Canteen</h1><p>Lunch is <b>from 11:30</b>.<br>Daily.</p><h2>Prices</h2><table><tr>"
        "<th>Dish</th><th>Price</th></tr><tr><td>Soup</td><td>4.50</td></tr></table>"
        "<ul><li>No cash</li></ul><div>Loose <i>text</i></div><script>x()</script></body></html>"
    )
    assert passages(tmp_path / "a.html") == [
        ("Canteen", "Lunch is from 11:30. Daily."),
        ("Canteen > Prices", "Dish: Soup\nPrice: 4.50\n- No cash\n\nLoose text"),
    ]


def test_word_keeps_the_order_of_paragraphs_and_tables(tmp_path):
    source = docx.Document()
    source.add_heading("Travel", 0)
    source.add_heading("Trains", 1)
    source.add_paragraph("Second class.")
    table = source.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Bern", "120"
    source.add_paragraph("Book early.", style="List Bullet")
    source.save(str(tmp_path / "a.docx"))
    assert passages(tmp_path / "a.docx") == [
        ("Travel > Trains", "Second class.\n\nBern: 120\n- Book early.")
    ]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            "<tr><td>Lunch</td><td>18</td></tr><tr><td>Dinner</td><td>32</td></tr>",
            "Lunch: 18\n\nDinner: 32",
        ),
        (
            "<tr><th>Day</th><th>From</th><th>To</th></tr><tr><td>Mon</td><td></td><td>5</td></tr>",
            "Day: Mon\nTo: 5",
        ),
        ("<tr><td>Mon</td><td>8</td><td>5</td></tr>", "Mon | 8 | 5"),
        ("<tr><td><table><tr><td>Mon</td><td>8</td></tr></table></td></tr>", "Mon: 8"),
        ("<tr><td>Menu</td><td><h2>Hours</h2><p>From 8.</p></td></tr>", "Menu\n\nHours\n\nFrom 8."),
    ],
)
def test_rows_of_a_web_page_say_what_their_cells_are(tmp_path, rows, text):
    (tmp_path / "a.html").write_text(f"<html><body><table>{rows}</table></body></html>")
    assert read_document(tmp_path / "a.html").text == text


def test_rows_of_a_word_table_say_what_their_cells_are(tmp_path):
    source = docx.Document()
    for bold, cells in (
        (False, [["Day", "From", "To"], ["Mon", "", "5"]]),
        (True, [["Meal", "Limit"], ["Lunch", "18"]]),
        (False, [["Name", "Ada"], ["Floor", "3"]]),
    ):
        table = source.add_table(2, len(cells[0]))
        for i, row in enumerate(cells):
            for j, text in enumerate(row):
                run = table.cell(i, j).paragraphs[0].add_run(text)
                run.bold = bold and i == 0
    wide = source.add_table(1, 3)
    wide.cell(0, 0).merge(wide.cell(0, 1)).text = "Closed"
    wide.cell(0, 2).text = "always"
    source.save(str(tmp_path / "a.docx"))
    assert read_document(tmp_path / "a.docx").text.split("\n\n") == [
        "Day: Mon\nTo: 5",
        "Meal: Lunch\nLimit: 18",
        "Name: Ada",
        "Floor: 3",
        "Closed: always",
    ]


def test_pdf_has_its_pages_as_headings(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", [["Nobody may use the", "lift."], ["Room 204."]])
    assert passages(path) == [("page 1", "Nobody may use the lift."), ("page 2", "Room 204.")]


def test_a_scanned_pdf_is_told_from_a_damaged_and_an_encrypted_one(tmp_path):
    scan, damaged, locked = (tmp_path / f"{name}.pdf" for name in ("scan", "damaged", "locked"))
    write_pdf(scan, [[]])
    damaged.write_bytes(write_pdf(tmp_path / "a.pdf", [["Text."]]).read_bytes()[:200])
    writer = pypdf.PdfWriter(tmp_path / "a.pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(locked)
    for path, reason in ((scan, "no text layer.*OCR"), (damaged, "damaged"), (locked, "encrypted")):
        with pytest.raises(DocumentError, match=reason):
            read_document(path)


def test_a_word_file_that_unpacks_to_far_more_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(docx_reader, "_MAX_UNPACKED", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(2_000_000))
    with pytest.raises(DocumentError, match="unpacks to 2 MB"):
        docx_reader.read_docx(tmp_path / "bomb.docx")


def test_a_word_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "a.docx").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DocumentError, match="not a readable Word file"):
        read_document(tmp_path / "a.docx")
