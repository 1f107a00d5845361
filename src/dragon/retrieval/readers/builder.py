"""Builds the text of a document from headings and paragraphs, keeping the headings' offsets."""

from pathlib import Path

from dragon.retrieval.readers.document import Document, Heading, clean, title_of


class Builder:
    r"""Collects blocks; a blank line stands between them, a line break between items of a list.

    >>> b = Builder()
    >>> b.heading(1, "Leave"); b.paragraph("Ask first."); b.item("- in writing")
    >>> b.document(Path("a.html"), "").text
    'Leave\n\nAsk first.\n- in writing'
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []

    def heading(self, level: int, text: str) -> None:
        """A heading that is part of the text; the lower the level, the further out."""
        if line := " ".join(clean(text).split()):
            start = self._append(line, "\n\n")
            self._headings.append(Heading(start, start + len(line), level, line))

    def mark(self, text: str) -> None:
        """A heading that is not in the text, such as a page number."""
        self._headings.append(Heading(self._length, self._length, 1, text))

    def paragraph(self, text: str) -> None:
        """A block of its own; line breaks in it are kept."""
        self._append(clean(text).strip(), "\n\n")

    def item(self, text: str) -> None:
        """A line that belongs to the block before it: an item of a list, a row of a table."""
        self._append(" ".join(clean(text).split()), "\n")

    def document(self, path: Path, title: str) -> Document:
        """The finished document; without a title, its first heading or file name is taken."""
        inner = [h.text for h in self._headings if h.end > h.start]
        name = " ".join(clean(title).split()) or (inner[0] if inner else title_of(path))
        return Document(path, name, "".join(self._parts), tuple(self._headings))

    def _append(self, text: str, separator: str) -> int:
        if text:
            if self._parts:
                self._parts.append(separator)
                self._length += len(separator)
            self._parts.append(text)
            self._length += len(text)
        return self._length - len(text)
