"""Chapter 1: text becomes words, stems and sentences, each with the place where it stands.

In: a text. Out: words in lower case, light stems, sentences as (start, end) character offsets.
"""

import re
from functools import lru_cache

Span = tuple[int, int]

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

# They hold a sentence together and say nothing of its subject.
STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before being but by can could "
    "did do does doing during each few for from further get gets got had has have having he her "
    "here hers him his how i if in into is it its just let may me might more most must my no nor "
    "not now of off on once only or other our ours out over own same shall she should so some such "
    "than that the their them then there these they this those to too under until up upon us very "
    "was we were what when where which while who whom whose why will with would you your yours "
    "please tell".split()
)

_ENDINGS = re.compile(r"(?:ations?|ings?|edly|ed|ies|ied|ly|es|s|e|y)$")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr etc vs no nos fig al approx dept inc ltd co e.g i.e a.m p.m "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# A closing mark and what can begin a sentence; a blank line; a new item of a list or a table.
_BORDER = re.compile(
    r"""[.!?…]["'”’)\]]*(?=\s+["'“‘(\[*_`]*[A-Z0-9À-Þ#|-])|\n(?=\s*(?:\n|[-*+•|#]|\d+[.)]\s))"""
)


def words(text: str) -> list[str]:
    """The words of a text, in lower case.

    >>> words("Anna's 3rd e-mail")
    ["anna's", '3rd', 'e', 'mail']
    """
    return [word.replace("’", "'") for word in WORD.findall(text.casefold())]


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A word without its commonest endings; short words stay as they are.

    Much rougher than Porter's (1980) rules, but three lines: it only has to bring the forms of one
    word together, whatever it makes of them.

    >>> [stem(w) for w in ("carry", "carries", "carried", "ferries", "planned", "planning")]
    ['carr', 'carr', 'carr', 'ferr', 'plan', 'plan']
    """
    word = word.removesuffix("'s")
    if len(word) < 4 or any(c.isdigit() for c in word):
        return word
    cut = _ENDINGS.sub("", word)
    if len(cut) < 3:
        return word
    if cut[-1] == cut[-2] and cut[-1] in "bdgmnpt":  # planned
        return cut[:-1]
    return cut[:-1] if cut[-1] in "yie" and len(cut) > 3 else cut  # carrying, as carry


def stems(text: str) -> list[str]:
    """The stems of all words of a text, in order."""
    return [stem(word) for word in words(text)]


def content(text: str) -> list[str]:
    """The stems of the words that carry content, in order, each once.

    >>> content("How many days of leave do I get?")
    ['man', 'day', 'leav']
    """
    return list(dict.fromkeys(stem(word) for word in words(text) if word not in STOP_WORDS))


def sentences(text: str, start: int, stop: int) -> list[Span]:
    """Where the sentences of text[start:stop] stand; list items and table rows are sentences too.

    >>> t = "Ask Dr. Lee. Then wait!"
    >>> [t[a:b] for a, b in sentences(t, 0, len(t))]
    ['Ask Dr. Lee.', 'Then wait!']
    """
    found, begin = [], start
    for border in _BORDER.finditer(text, start, stop):
        if not _abbreviates(text, begin, border.start()):
            found.append(trimmed(text, begin, border.end()))
            begin = border.end()
    found.append(trimmed(text, begin, stop))
    return [(a, b) for a, b in found if a < b]


def _abbreviates(text: str, begin: int, stop: int) -> bool:
    last = text[max(begin, stop - 8) : stop].split()[-1:]
    return text[stop] == "." and bool(last) and last[0].strip("(").lower() in _ABBREVIATIONS


def trimmed(text: str, start: int, stop: int) -> Span:
    """The same stretch without the white space around it."""
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    return start, stop


def clean(text: str) -> str:
    r"""A text on one line, without control characters, as it may reach a terminal.

    >>> clean("a\x1b[31m\n\u202eb")
    'a[31m b'
    """
    return visible(" ".join(text.split()))


def unmarked(sentence: str) -> str:
    """A sentence as it is read out: on one line, without the marks of lists and tables.

    >>> unmarked("| Moving house | 1 |"), unmarked("- Ask first.")
    ('Moving house – 1', 'Ask first.')
    """
    return re.sub(r" *\| *", " – ", re.sub(r"^[-*+•|#]+ |\|$", "", clean(sentence)).strip())


def visible(line: str) -> str:
    """A line without control characters and marks that turn the direction of writing."""
    return "".join(c for c in line if c.isprintable() or c in "\u200c\u200d")
