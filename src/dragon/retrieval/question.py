"""A question in words becomes a full-text query that no character in it can break.

In: any text. Out: an FTS5 query, its content words joined by OR.
"""

import re
from itertools import pairwise

from dragon.errors import InputError
from dragon.text.words import is_unspaced

MAX_WORDS = 2000
_MAX_TERMS = 64
_WORD = re.compile(r"[^\W_]+")

_STOP_WORDS = """
    a about after all also am an and any are as at be been before being between both but by can
    could did do does doing for from further had has have having he her here hers him his how i
    if in into is it its me more most my of on or other our ours out over own she should so
    some such than that the their theirs them then there these they this those through to too
    under until up us very was we were what when where which while who whom whose why will with
    would you your yours s t
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def terms(question: str) -> list[str]:
    """The words to search for, each once, in order; stop words only if there is nothing else.

    Raises:
        InputError: for a question that is empty or longer than 2,000 words.

    >>> terms("How many days of leave does HR grant?")
    ['many', 'days', 'leave', 'hr', 'grant']
    >>> terms("Who is it?")
    ['who', 'is', 'it']
    """
    words = [word.lower() for word in _WORD.findall(question)]
    if not question.strip():
        raise InputError("The question is empty.", "Ask in a few words.")
    if len(words) > MAX_WORDS or len(question) > 20 * MAX_WORDS:
        raise InputError(
            f"The question has {len(words)} words and {len(question)} characters.",
            f"Ask in at most {MAX_WORDS} words.",
        )
    content = [word for word in words if word not in STOP_WORDS]
    return list(dict.fromkeys(content or words))[:_MAX_TERMS]


def match_expression(words: list[str]) -> str:
    """An FTS5 query for any of the words.

    >>> match_expression(["days", "near"])
    '"days" OR "near"'
    """
    return " OR ".join(f'"{word}"' for word in words)


def pairs(question: str) -> list[str]:
    """Pairs of neighbouring characters, for scripts that put no space between words.

    >>> pairs("東京都の?")
    ['東京', '京都', '都の']
    """
    found = (a + b for a, b in pairwise(question) if is_unspaced(a) and is_unspaced(b))
    return list(dict.fromkeys(found))[:_MAX_TERMS]
