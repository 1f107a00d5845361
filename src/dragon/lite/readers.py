"""HTML and Word files as plain text, roughly: what their readers see, marked as Markdown is.

In: HTML, or a .docx file. Out: text with `#` headings, `-` list items and `|` table rows.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

LARGEST_XML = 50_000_000  # bytes; a small file may unpack to anything
_HIDDEN = frozenset("script style head nav footer template noscript svg".split())
_BLOCKS = frozenset("p div section article header main table ul ol blockquote pre tr li br".split())
_STARTS = {"li": "- ", "tr": "|"} | {f"h{n}": "#" * n + " " for n in range(1, 7)}
_WORD_XML = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag in _STARTS:
            self.parts.append("\n" + ("" if tag in ("tr", "li") else "\n") + _STARTS[tag])
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag in _BLOCKS:
            self.parts.append("\n" if tag == "br" else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("td", "th"):
            self.parts.append(" |")
        elif tag in ("p", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"):
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def read_html(markup: str) -> str:
    r"""The text of an HTML page, without scripts, styles and navigation.

    >>> read_html("<h1>Leave</h1><p>Ask <b>first</b>.</p><script>x</script>")
    '# Leave\n\nAsk first.'
    """
    parser = _Text()
    parser.feed(markup)
    parser.close()
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if line != "-")).strip()


def read_docx(file: Path) -> str:
    """The text of a Word file: paragraphs, headings, lists and tables (ECMA-376, part 1).

    Raises:
        ValueError: if it is none.
    """
    try:
        with ZipFile(file) as archive:
            if archive.getinfo("word/document.xml").file_size > LARGEST_XML:
                raise ValueError(f"larger than {LARGEST_XML:,} bytes")
            root = ElementTree.fromstring(archive.read("word/document.xml"))
    except (BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise ValueError(f"not a Word file ({error})") from error
    blocks = []
    for block in root.iterfind(f"{_WORD_XML}body/*"):
        if block.tag == f"{_WORD_XML}tbl":
            blocks.append("\n".join(map(_row, block.iter(f"{_WORD_XML}tr"))))
        else:
            blocks.append(_paragraph(block))
    return "\n\n".join(filter(None, blocks))


def _row(row: ElementTree.Element) -> str:
    cells = (_runs(cell) for cell in row.iter(f"{_WORD_XML}tc"))
    return "| " + " | ".join(cells) + " |"


def _paragraph(block: ElementTree.Element) -> str:
    text = _runs(block)
    style = block.find(f"{_WORD_XML}pPr/{_WORD_XML}pStyle")
    name = style.get(f"{_WORD_XML}val", "") if style is not None else ""
    level = re.fullmatch(r"Heading([1-6])", name)
    if not text:
        return ""
    if name == "Title" or level:
        return f"{'#' * (int(level[1]) if level else 1)} {text}"
    return f"- {text}" if name.startswith("List") else text


def _runs(element: ElementTree.Element) -> str:
    return "".join(t.text or "" for t in element.iter(f"{_WORD_XML}t")).strip()
