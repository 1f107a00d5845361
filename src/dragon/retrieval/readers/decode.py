"""Bytes to text without changing a character, so that offsets hold in the file itself.

In: the bytes of a text file. Out: their text: UTF-8 as it is (a byte order mark stays, as
character 0), UTF-16 and UTF-32 where a byte order mark says so, else Windows-1252, which old
Western files are in and which reads nearly any bytes; bytes that are no text at all are refused
first.
"""

import codecs

from dragon.errors import DocumentError

_BYTE_ORDER_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PRINTABLE = bytes([*range(7, 14), 27, *range(32, 256)])
_SAMPLE = 65536


def decode(raw: bytes) -> str:
    """Decode a text file.

    Raises:
        DocumentError: where the bytes are not text.

    >>> decode("naïve".encode("cp1252")) == decode("naïve".encode()) == "naïve"
    True
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return _strictly(raw, encoding)
    if b"\0" in raw or _control_share(raw[:_SAMPLE]) > 0.02:
        raise DocumentError("binary, not text.", "Rename it to what it is, or remove it.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise DocumentError(
            f"binary, or damaged {encoding.upper()}.", "Save it as UTF-8 text."
        ) from None


def _control_share(sample: bytes) -> float:
    return len(sample.translate(None, _PRINTABLE)) / max(1, len(sample))
