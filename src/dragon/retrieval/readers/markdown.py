"""Markdown and reStructuredText: the file's own text, with its headings found.

In: a path and its text. Out: a `Document` whose text is the very same.
"""

import re
from pathlib import Path

from dragon.retrieval.readers.document import Document, Heading, title_of

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t\r]*\n(.*?)\n---[ \t\r]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"""^title:[ \t]*["']?(.*?)["']?[ \t\r]*$""", re.MULTILINE)
# A code fence, a heading with #, or the line under a heading. It begins with a literal, which makes
# the search fast, and lengths are bounded, so that no input makes it slow.
_LINE = re.compile(
    r"\n\ufeff? {0,3}(?:(?P<fence>`{3,}|~{3,})"
    r"|(?P<marks>#{1,6})[ \t]+(?P<words>\S.{0,300}?)(?:[ \t]{1,9}#{1,99})?[ \t\r]{0,99}$"
    r"|(?P<line>={3,}|-{3,})[ \t\r]*$)",
    re.MULTILINE,
)
_UNDERLINED = re.compile(r"(?:\A|\n[ \t\r]*\n)\ufeff?(?P<words>[^\s|>#`~-][^\n]{0,200})\Z")
# A line that is underlined, and overlined where it is a title.
_RST = re.compile(
    r"^(?:(?P<over>([=\-~^\"'`#*+.:_])\2{2,})[ \t\r]*\n)?"
    r"[ \t]{0,9}(?P<text>\S.{0,200}?)[ \t\r]{0,9}\n"
    r"(?P<line>[=\-~^\"'`#*+.:_])(?P=line){2,}[ \t\r]*$",
    re.MULTILINE,
)
_MARKUP = re.compile(r"[*`]+|!?\[([^\]]*)\]\([^)]*\)|\s*\{#[^}]*\}|</?[a-zA-Z][^>]*>")


def read_markdown(path: Path, text: str) -> Document:
    r"""Markdown with its headings; code fences hide theirs.

    >>> d = read_markdown(Path("a.md"), "# Leave\n\nAsk.\n\n## *Sick* leave ##\n\nRest.\n")
    >>> d.title, [(h.level, h.text, d.text[h.start:h.end]) for h in d.headings][1:]
    ('Leave', [(2, 'Sick leave', '## *Sick* leave ##')])
    """
    front = _FRONT_MATTER.match(text)
    title = _FRONT_TITLE.search(front.group(1)) if front else None
    headings = _markdown_headings(text, front.end() if front else 0)
    return _document(path, text, headings, title.group(1) if title else "")


def read_rst(path: Path, text: str) -> Document:
    """reStructuredText; the underlining characters rank in the order of their first use."""
    ranks: dict[str, int] = {}
    headings = []
    for match in _RST.finditer(text):
        words = match["text"].strip()
        # An underline is as long as its text; words of nothing but the mark are a table's border.
        if len(words) <= match.end() - match.end("text") and words.strip(match["line"]):
            mark = match["line"] + ("over" if match["over"] else "")
            level = ranks.setdefault(mark, len(ranks) + 1)
            headings.append(Heading(match.start(), match.end(), level, words))
    return _document(path, text, headings, "")


def _markdown_headings(text: str, start: int) -> list[Heading]:
    headings: list[Heading] = []
    fence = ""
    # With a line break before it, the first line is like any other; offsets move by that one.
    for match in _LINE.finditer("\n" + text, start):
        mark = match["fence"]
        if mark:
            if not fence:
                fence = mark
            elif mark.startswith(fence):
                fence = ""
        elif not fence and (heading := _heading(text, match)):
            headings.append(heading)
    return headings


def _heading(text: str, match: re.Match[str]) -> Heading | None:
    start, end = match.start(), match.end() - 1
    if match["marks"]:
        level, words = len(match["marks"]), match["words"]
    else:
        before = max(0, start - 220)
        above = _UNDERLINED.search(text[before : start - 1])
        if not above:
            return None
        start = before + above.start("words")
        level, words = "=-".index(match["line"][0]) + 1, above["words"].strip()
    return Heading(start, end, level, plain(words) or words)


def plain(words: str) -> str:
    """A heading without its markup.

    >>> plain("The `--force` [flag](#flag) {#x}")
    'The --force flag'
    """
    return _MARKUP.sub(lambda m: m.group(1) or "", words).strip()


def _document(path: Path, text: str, headings: list[Heading], title: str) -> Document:
    top = [h for h in headings if h.level == 1] or headings
    return Document(path, title or (top[0].text if top else title_of(path)), text, tuple(headings))
