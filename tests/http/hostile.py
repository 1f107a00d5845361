"""Files that are made to harm whoever reads them; each is small, and most unpack to a lot."""

import io
import zipfile
import zlib
from itertools import pairwise

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_PARTS = {
    "[Content_Types].xml": "<Types "
    'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
    'Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
    'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>',
    "_rels/.rels": "<Relationships "
    'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>',
}


def pdf(content: bytes, filters: bytes = b"", kids: bytes = b"3 0 R") -> bytes:
    """A PDF of one page with a content stream."""
    stream = b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), filters, content)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[%s]>>" % kids,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
        stream,
    )
    body, places = b"%PDF-1.4\n", b""
    for number, text in enumerate(objects, 1):
        places += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"xref\n0 5\n0000000000 65535 f \n" + places + b"trailer<</Size 5/Root 1 0 R>>\n"
    return body + table + b"startxref\n%d\n%%%%EOF" % len(body)


def docx(document: str) -> bytes:
    """A Word file whose text is this XML."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_PARTS, "word/document.xml": document}.items():
            archive.writestr(name, text)
    return data.getvalue()


def written(head: str, text: str) -> str:
    """XML of a document with one paragraph."""
    return (
        f"{head}<w:document {_WORD}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>"
        "</w:document>"
    )


def packed_twice(size: int) -> bytes:
    """A PDF of some hundred bytes whose page unpacks to `size` bytes of blanks."""
    inner = zlib.compress(b" " * size, 1)
    return pdf(zlib.compress(inner, 9), b"/Filter[/FlateDecode/FlateDecode]")


def laughing(levels: int) -> str:
    """Entities that stand for ten of the one before: 10 ** levels words (CVE-2003-1564)."""
    names = "abcdefghij"[: levels + 1]
    made = [f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names)]
    head = f'<!DOCTYPE z [<!ENTITY a "ha ">{"".join(made)}]>'
    return written(head, f"&{names[-1]};")


def files() -> dict[str, bytes]:
    """Names and contents; none of them can be read."""
    return {
        "packed-twice.pdf": packed_twice(256 << 20),
        "circle.pdf": pdf(b"", kids=b"2 0 R 2 0 R"),
        "deep.pdf": b"%PDF-1.4\n1 0 obj\n" + b"[" * 100_000 + b"\ntrailer<</Root 1 0 R>>\n%%EOF",
        "endless.pdf": pdf(b"[" * 200_000),
        "laughing.docx": docx(laughing(9)),
        "deep.html": b"<html><body>" + b"<div>" * 100_000 + b"The vault has 12 doors.",
    }


def reaching_out(path: str) -> bytes:
    """A Word file that asks for the text of another file."""
    return docx(
        written(f'<!DOCTYPE z [<!ENTITY a SYSTEM "file://{path}">]>', "The vault has 12 doors. &a;")
    )
