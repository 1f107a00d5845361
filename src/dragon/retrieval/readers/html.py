"""HTML: the main text without menus and scripts, its headings, lists and tables.

In: a path and its text. Out: a `Document`. trafilatura finds the main text; where it leaves out
much of what a reader sees, as it does on small or unusual pages, the whole body is taken.
"""

import re
from pathlib import Path

import trafilatura
from lxml import etree, html

from dragon.errors import DocumentError
from dragon.retrieval.readers.builder import Builder
from dragon.retrieval.readers.document import Document
from dragon.retrieval.readers.tables import column_names, loose_row, record

_HIDDEN = [
    "script",
    "style",
    "noscript",
    "template",
    "nav",
    "footer",
    "aside",
    "form",
    "button",
    "svg",
    "head",
    "iframe",
]
_HEADING = re.compile(r"h([1-6])$")
_ROWS = frozenset({"tr", "row"})
_TABLES = _ROWS | {"table"}
_STRUCTURE = ("table", "h1", "h2", "h3", "h4", "head", "ul", "ol", "list")
_ITEMS = frozenset({"li", "item", "dt", "dd"})
_BLOCKS = frozenset({"p", "pre", "blockquote", "quote", "figcaption", "caption", "code", "ab"})
_UNITS = _ROWS | _ITEMS | _BLOCKS | {"head"}
_ENOUGH = 0.7


def read_html(path: Path, text: str) -> Document:
    """Read a page.

    Raises:
        DocumentError: if it is not HTML.
    """
    try:
        # Bytes, since lxml refuses a string with an encoding declaration.
        page = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError) as error:
        raise DocumentError(f"not readable HTML ({error}).") from None
    title = page.findtext(".//title") or ""
    etree.strip_elements(page, *_HIDDEN, etree.Comment, with_tail=False)
    body = page.find("body")
    visible = page if body is None else body
    main = _main_text(text)
    builder = Builder()
    _walk(main if main is not None and _holds_most(main, visible) else visible, builder)
    return builder.document(path, title)


def _main_text(text: str) -> etree._Element | None:
    found = trafilatura.bare_extraction(
        text, favor_recall=True, include_comments=False, include_tables=True
    )
    return getattr(found, "body", None)


def _holds_most(main: etree._Element, visible: etree._Element) -> bool:
    # On a page that it does not understand, trafilatura returns one paragraph of everything.
    return _size(main) >= _ENOUGH * _size(visible) and _units(main) >= _ENOUGH * _units(visible)


def _units(element: etree._Element) -> int:
    return sum(map(_is_block, element.iterdescendants()))


def _size(element: etree._Element) -> int:
    return sum(len(piece.strip()) for piece in element.itertext())


def _walk(element: etree._Element, builder: Builder) -> None:
    """Depth first, with a stack: pages may nest deeper than Python's."""
    stack: list[etree._Element | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            builder.paragraph(" ".join(node.split()))
        elif not _emit(node, builder):
            for child in reversed(node):
                stack += [child.tail or "", child]
            stack.append(node.text or "")


def _emit(node: etree._Element, builder: Builder) -> bool:
    """Write a node that is a unit of text; False for one that only holds others."""
    tag = str(node.tag)
    rend = str(node.get("rend") or "h2") if tag == "head" else tag
    if level := _HEADING.match(rend):
        builder.heading(int(level[1]), _words(node))
    elif tag in _TABLES and _lays_out(node):
        return False
    elif tag == "table":
        _table(node, builder)
    elif tag in _ROWS:
        builder.paragraph(loose_row([_words(cell) for cell in node]))
    elif tag in _ITEMS:
        builder.item(("- " if tag in ("li", "item") else "") + _words(node))
    elif tag == "pre":
        builder.paragraph("".join(map(str, node.itertext())))
    elif tag in _BLOCKS or not any(_is_block(child) for child in node.iterdescendants()):
        builder.paragraph(_words(node))
    else:
        return False
    return True


def _lays_out(table: etree._Element) -> bool:
    """Whether the cells of a table or row hold parts of a page, not values."""
    parts = set(table.iterdescendants(*_STRUCTURE))
    return not parts.issubset(table)  # its own children are captions


def _table(table: etree._Element, builder: Builder) -> None:
    """A table; its first row names the columns where it is marked so."""
    for caption in table.iterchildren("caption", "head"):
        builder.paragraph(_words(caption))
    rows = [list(row) for row in table.iter(*_ROWS)]
    names = _names(rows)
    for cells in rows[bool(names) :]:
        texts = [_words(cell) for cell in cells]
        # A cell over several rows or columns moves the others from under their names.
        named = names and len(texts) == len(names)
        builder.paragraph(record(names, texts) if named else loose_row(texts))


def _names(rows: list[list[etree._Element]]) -> list[str]:
    named = len(rows) > 1 and all(map(_is_head, rows[0]))
    return column_names([_words(cell) for cell in rows[0]]) if named else []


def _is_head(cell: etree._Element) -> bool:
    return cell.tag == "th" or cell.get("role") == "head"


def _is_block(node: etree._Element) -> bool:
    tag = str(node.tag)
    return tag in _UNITS or _HEADING.match(tag) is not None


def _words(node: etree._Element) -> str:
    for line_break in node.iter("br", "lb"):
        line_break.tail = " " + (line_break.tail or "")
    return " ".join("".join(map(str, node.itertext())).split())
