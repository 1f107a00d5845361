"""Runs of capitalised words, cut into names.

In: a text in which everything that is already known is masked. Out: `Phrase`s: the tokens of one
name each, with what stands before and after it. What kind of name it is decides `classify`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.told import told_after, told_before, told_deed, told_next
from dragon.data.entities.types import Kind
from dragon.data.entities.words import (
    EVENTS,
    ORG_HEADS,
    PLACE_STARTS,
    PLACE_TAILS,
    SHIPS,
    TITLES,
)
from dragon.text.words import STOP_WORDS

UPPER = "".join(chr(code) for code in range(0x41, 0x530) if unicodedata.category(chr(code)) == "Lu")
_ABBREVIATED = (
    "St|Mt|Ft|Dr|Mr|Mrs|Ms|Prof|Jr|Sr|Rev|Hon|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|Inc|Ltd|Co|Corp|Ave"
    "|Bros"
)
_TOKEN = (
    rf"(?:(?:{_ABBREVIATED})\.|[{UPPER}]\.(?:-?[{UPPER}]\.)*(?!\w)"
    rf"|[{UPPER}]\w*(?:[-’'&]\w+)*)"
)
_PARTICLE = (
    r"(?:de|la|los|del|della|di|da|do|dos|du|des|von|van|der|den|el|al|bin|ibn|le|les|y|et|zu)"
)
_LINK = rf"(?:of the|of|at|and|&|for|{_PARTICLE}(?: {_PARTICLE})?)"
RUN = re.compile(
    rf"(?<![\w@/])(?:(?:du|di|von|van|ibn|bin) )?{_TOKEN}(?:,? [JS]r\.| (?:{_LINK} )?{_TOKEN})*"
)
_PART = re.compile(rf"{_TOKEN}|of the|[&\w]+")
_SENTENCE_END = re.compile(r"(?:^|[.!?:;…\n“\"(•*>|—‘-]|(?:^|\s)'|\n#+)[\s\"'“‘(*_-]*$")
_WORD_BEFORE = re.compile(r"([^\W\d_]+(?: of)?)[\s,\"“(]*$")
_WORD_AFTER = re.compile(r"[\s,\"”)’']*(?:s\s+)?([^\W\d_]+)")

# Words that open a sentence with a capital and join no name that follows them.
OPENERS = STOP_WORDS | frozenset(
    """
    according additionally afterwards already also although among amongst another around because
    before besides beyond both born despite during each early either elsewhere especially even
    eventually every few finally first following former formerly fortunately furthermore generally
    given hence here however if including indeed initially instead its just last late later latter
    like likewise many meanwhile moreover most much neither nevertheless next nonetheless notably
    now numerous often once one only originally other others otherwise overall perhaps previously
    rather recently second see several shortly similarly since so some sometimes soon still
    subsequently such then there thereafter therefore these third this those though three through
    throughout thus today together traditionally two typically under unfortunately unlike until
    upon use using usually via what whatever when whenever where whereas whether which while whilst
    who with within without yet
    """.split()
)
_OF_HEADS = (
    ORG_HEADS
    | PLACE_TAILS
    | frozenset(
        """
        treaty battle order knights sons daughters state isle gulf cape bay duchy principality
        siege university bank office faculty school republic kingdom commonwealth city state house
        """.split()
    )
)


class Token(NamedTuple):
    """A word of the text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name and its surroundings.

    Attributes:
        tokens: its words.
        before, after: the words next to it, lower case, empty at a border of the text.
        opens: whether it stands where a sentence begins.
        title: whether a title (Dr, King) stood before it.
        joined: whether only a blank stands between it and the word before.
        told: what the words around it say that it is.
        deed: what is done with it says so.
    """

    tokens: tuple[Token, ...]
    before: str
    after: str
    opens: bool
    title: bool
    joined: bool
    told: Kind | None
    deed: Kind | None

    @property
    def text(self) -> str:
        """Its words with single blanks."""
        return " ".join(token.text for token in self.tokens)


def phrases(text: str, lexicon: Lexicon) -> Iterator[Phrase]:
    """The names of a text, in order."""
    for run in RUN.finditer(text):
        opens = bool(_SENTENCE_END.search(text[max(0, run.start() - 8) : run.start()]))
        tokens = [_token(m, run.start()) for m in _PART.finditer(run.group())]
        for group, opening in _split(tokens, opens, lexicon):
            yield from _phrase(text, group, opening, lexicon)


def _token(match: re.Match[str], offset: int) -> Token:
    text = match.group()
    start = match.start() + offset
    for possessive in ("'s", "’s", "'", "’"):
        if text.endswith(possessive) and len(text) > len(possessive) + 1:
            text = text.removesuffix(possessive)
            break
    return Token(start, start + len(text), text)


def _split(
    tokens: list[Token], opens: bool, lexicon: Lexicon
) -> Iterator[tuple[list[Token], bool]]:
    """Cut a run at openers, at `of` and `and` that join nothing, and after a possessive."""
    while tokens and tokens[0].text.lower() in OPENERS and tokens[0].text not in ("US", "IT"):
        if tokens[0].text in ("First", "Second") and not opens:
            break
        if tokens[0].text.isupper() and len(tokens[0].text) > 2:
            break
        tokens, opens = tokens[1:], opens and tokens[0].text == "The"
    group: list[Token] = []
    first = opens
    for number, token in enumerate(tokens):
        small = token.text.lower()
        rest = tokens[number + 1 :]
        if small in ("of", "of the"):
            joined = bool(group) and group[-1].text.lower().strip(".") in _OF_HEADS
            joined = joined or bool(group and rest and rest[0].text == "Year")
        elif small == "at":
            joined = bool(group) and group[-1].text in ("University", "College", "School")
        elif small in ("and", "for"):
            joined = _joins(group, rest, lexicon)
        else:
            apart = bool(group) and token.start - group[-1].end > 1 and "r." not in token.text
            apart = apart or (bool(group) and group[-1].text[-1] == "." and small in OPENERS)
            if apart or (small in STOP_WORDS and len(token.text) > 1 and not group):
                joined = False
            else:
                group.append(token)
                continue
        if joined:
            group.append(token)
            continue
        if group:
            yield group, first
        group, first = [], False
        if small not in ("of", "of the", "at", "and", "for") and small not in STOP_WORDS:
            group = [token]
    if group:
        yield group, first


def _joins(group: list[Token], rest: list[Token], lexicon: Lexicon) -> bool:
    """`Physics and Astronomy Department` is one name; `Ann and Bob` are two."""
    if not group or not rest:
        return False
    heads = [t.text.lower() for t in rest[:3]]
    small = [t.text.lower() for t in group]
    if any(h in ORG_HEADS for h in heads[1:]) and all(lexicon.is_common(w) for w in small):
        return True
    return any(w in ORG_HEADS for w in small) and lexicon.is_common(heads[0])


def _phrase(text: str, group: list[Token], opens: bool, lexicon: Lexicon) -> Iterator[Phrase]:
    while group and group[-1].text in ("of", "of the", "at", "and", "for", "&"):
        group.pop()
    title = False
    while len(group) > 1 and _is_title(group):
        title, opens, group = True, False, group[1:]
        while group and group[0].text in ("of", "of the"):
            title, group = False, group[1:]
    if not group:
        return
    inner = next((i for i in range(1, len(group) - 1) if _is_title(group[i:])), 0)
    if inner and not _is_headed(group):
        yield from _phrase(text, group[:inner], opens, lexicon)
        yield from _phrase(text, group[inner:], False, lexicon)
        return
    if opens and len(group) == 2 and _is_opener(group, lexicon):
        group, opens = group[1:], False
    head = group[0].text
    whole = " ".join(token.text for token in group)
    if (
        len(group) > 1
        and head in lexicon.nations
        and not (_is_headed(group) or lexicon.is_place(whole) or group[-1].text.lower() in EVENTS)
    ):
        yield _made(text, group[:1], opens, False)
        if len(group) > 2 or not lexicon.is_common(group[1].text):
            yield from _phrase(text, group[1:], False, lexicon)
        return
    yield _made(text, group, opens, title)


def _is_title(group: list[Token]) -> bool:
    small = group[0].text.lower().rstrip(".")
    if (small not in TITLES and small != "ceo") or (group[0].text.isupper() and small != "ceo"):
        return False
    if small in ("san", "saint", "st") or small in PLACE_STARTS:
        return not _is_headed(group) and small == "saint"
    return not _is_headed(group[1:]) or group[1].text in ("of", "of the")


def _is_opener(group: list[Token], lexicon: Lexicon) -> bool:
    """An adjective or verb that has its capital from the sentence: `Typical Guiana birds`."""
    first, second = group[0].text, group[1].text
    known = lexicon.is_first_name(first) or first in lexicon.surnames or lexicon.is_place(first)
    known = known or first.lower() in ORG_HEADS or first in SHIPS
    return lexicon.is_common(first) and not known and not lexicon.is_common(second)


def _is_headed(group: list[Token]) -> bool:
    """Whether a word says of what kind the whole is: University, River, Ltd."""
    smalls = [t.text.lower().rstrip(".") for t in group]
    if smalls[-1] in ORG_HEADS or smalls[-1] in PLACE_TAILS:
        return True
    return any(s in _OF_HEADS for s in smalls[:-1] if s not in ("of", "of the"))


def _made(text: str, group: list[Token], opens: bool, title: bool) -> Phrase:
    before = _WORD_BEFORE.search(text, max(0, group[0].start - 24), group[0].start)
    end = group[-1].end
    after = _WORD_AFTER.match(text, end)
    return Phrase(
        tuple(group),
        before.group(1).lower() if before else "",
        after.group(1).lower() if after else "",
        opens,
        title,
        text[group[0].start - 2 : group[0].start - 1].isalpha(),
        told_after(text, end) or told_next(text, end) or told_before(text, group[0].start),
        told_deed(text, group[0].start),
    )
