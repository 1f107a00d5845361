"""What of a text may reach a terminal: no control characters, which a hostile file could hold."""

_JOINERS = "\u200c\u200d"  # invisible, but they shape letters and pictures


def is_shown(char: str) -> bool:
    """True for a character that only shows itself; white space other than a blank is none."""
    return char.isprintable() or char in _JOINERS


def printable(line: str) -> str:
    r"""A line without control characters and marks that turn the direction of writing.

    >>> printable("a \x1b[31m\u202eb")
    'a [31mb'
    """
    return "".join(filter(is_shown, line))


def plain(text: str) -> str:
    r"""A text on one line, without the control characters that a hostile document might hold.

    >>> plain("a\x1b[31m\n\u202eb")
    'a[31m b'
    """
    return " ".join("".join(c for c in text if c.isspace() or is_shown(c)).split())
