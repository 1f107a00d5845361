"""One form for each text: Unicode NFC, no control characters, no remnants of mark-up.

In: a text as it was found. Out: the same as people read it; lines stay lines.
"""

import html
import re
import unicodedata

# Control and format characters, but for line feed and tab; and what is not to be exchanged.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb"
    "\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]"
)
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_TAGS = re.compile(
    r"<(script|style|ref|math|gallery)\b[^<>]*>.*?</\1>|<!--.*?-->"
    r"|</?(?:a|abbr|b|big|blockquote|body|br|center|cite|div|em|font|h[1-6]|head|hr|html|i|img|"
    r"li|link|meta|nowiki|ol|p|ref|references|s|section|small|span|strong|sub|sup|table|tbody|td|"
    r"th|thead|tr|tt|u|ul)(?:\s[^<>]{0,300})?/?>",
    re.DOTALL | re.IGNORECASE,
)
_WIKI = (
    (re.compile(r"\{\{[^{}]*\}\}"), ""),
    (re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]"), r"\1"),
    (re.compile(r"'{3,5}([^'\n]+)'{3,5}"), r"\1"),
    (re.compile(r"^={2,6}\s*(.*?)\s*={2,6}$", re.MULTILINE), r"\1"),
    (re.compile(r"\[(?:edit|citation needed)\]|(?<=[.,;\"”])\[\d{1,3}\]"), ""),
)
# UTF-8 that was read as Windows-1252: "â€™" for an apostrophe, "Ã©" for é.
_MOJIBAKE = re.compile(
    "(?:[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a-\u2122\u0152-\u0192\u02c6\u02dc]{1,3})+"
)
_EMPTY_LINES = re.compile(r"\n{3,}")
_HOLES = re.compile(r"\(\s*[,;]?\s*\)|\s+(?=[,.;:](?:\s|$))")


def tidy(text: str) -> str:
    r"""The text in one form.

    >>> tidy("Cafe\u0301s <b>are</b>\x00 here &amp; the [[Rose|roses]] donâ€™t.\r\n")
    'Cafés are here & the roses don’t.'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "<" in text:
        text = _TAGS.sub(_blank, text)
    if "&" in text:
        text = html.unescape(text)
    if "Ã" in text or "â€" in text or "Â" in text:
        text = _MOJIBAKE.sub(_decoded, text)
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text))
    if "[[" in text or "{{" in text or "'''" in text or "==" in text or "]" in text:
        for pattern, other in _WIKI:
            text = pattern.sub(other, text)
    text = _BLANKS.sub(" ", _HOLES.sub("", text))
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", text).strip()


def _blank(match: re.Match[str]) -> str:
    tag = match.group().lower()
    return "\n" if tag.startswith(("<p", "</p", "<br", "<div", "</div", "<li", "<tr", "<h")) else ""


def _decoded(match: re.Match[str]) -> str:
    try:
        return match.group().encode("cp1252").decode("utf-8")
    except UnicodeError:
        return match.group()
