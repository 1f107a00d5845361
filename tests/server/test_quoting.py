"""What is written freely is shown as far as quotes prove it, however it is cut into pieces."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.retrieval import Hit, Passage
from dragon.server.quoting import LONGEST_QUOTE, Quoting
from dragon.text.printable import plain

LEAVE = 'Permanent staff have 27 days of annual leave.\nThey call it "the summer" at home.'
FERRY = "The last ferry leaves\n  at 21:40 every day [1]."
TEXTS = {"leave.md": f"# Leave\n\n{LEAVE}\n", "ferry.md": FERRY}
HITS = tuple(
    Hit(Passage(i, name, name, "", text, start, start + len(text)), 1.0)
    for i, (name, text, start) in enumerate(
        [("leave.md", LEAVE, TEXTS["leave.md"].index("Perm")), ("ferry.md", FERRY, 0)]
    )
)


def followed(*pieces: str) -> tuple[str, Quoting]:
    quoting = Quoting(HITS, TEXTS)
    told = [*(quoting.feed(piece) for piece in pieces), quoting.finish()]
    shown = "".join(one.text for one in told)
    assert shown == quoting.text
    assert [c for one in told for c in one.citations] == quoting.citations
    return shown, quoting


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('You get 27: "have 27 days of annual leave" [1].', 'You get 27: "have 27 days of annual '),
        ("It leaves “at 21:40 every day”.", 'It leaves "at 21:40 every day" [1].'),
        ("Es heißt „at 21:40 every day“.", 'Es heißt "at 21:40 every day" [1].'),
        ("« The last ferry leaves at 21:40 »", '"The last ferry leaves at 21:40" [1]'),
        ('"have 27 days of annual leave."', '"have 27 days of annual leave." [1]'),
        ('"have 27 days of annual leave!"', '"have 27 days of annual leave" [1]'),
    ],
)
def test_a_quote_that_stands_in_a_passage_is_cited(written: str, shown: str) -> None:
    text, quoting = followed(written)
    assert text.startswith(shown)
    (citation,) = quoting.citations
    assert TEXTS[citation.document][citation.start : citation.end] == citation.quote
    assert text[quoting.marks[0] :].startswith("[1]")


@pytest.mark.parametrize(
    "written",
    [
        "You have 27 days of annual leave.",
        'The rules say "have 28 days of annual leave".',
        'It is "27 days".',  # too short to prove anything
        'ends inside a word: "taff have 27 days of"',
        '"have 27 days of annual leave',  # never closed
        '"Permanent staff ... annual leave"',
        "",
    ],
)
def test_without_a_proven_quote_nothing_is_shown(written: str) -> None:
    text, quoting = followed(written)
    assert (text, quoting.citations) == ("", [])


def test_what_is_not_proven_loses_its_marks() -> None:
    text, quoting = followed(
        'Staff "certainly have many days": "have 27 days of annual leave" [2], [3; 4].\n'
        'See "The last ferry leaves at 21:40" and "have 27 days of annual leave".\n\n'
        'And "nobody said this here".'
    )
    assert text == (
        'Staff certainly have many days: "have 27 days of annual leave" [1],.\n'
        'See "The last ferry leaves at 21:40" [2] and "have 27 days of annual leave" [1].'
    )
    assert quoting.unproven == 2
    assert [c.document for c in quoting.citations] == ["leave.md", "ferry.md"]


def test_a_mark_that_is_never_closed_does_not_hold_the_rest_for_ever() -> None:
    quoting = Quoting(HITS, TEXTS)
    assert quoting.feed('"The last ferry leaves at 21:40" and 5" pipes ').text.endswith("and 5")
    told = quoting.feed("x" * LONGEST_QUOTE)
    assert len(told.text) > LONGEST_QUOTE


MARKS = ('"', "“", "”", "«", "»", "\n", " [", "[1]", "[2, 3]", " ")
SAID = ("have 27 days of annual leave", "at 21:40 every day", 'no "such words here" at all', "x")
PARTS = st.sampled_from([*MARKS, *SAID, LEAVE, FERRY, "27 days", "The last"])


@given(st.lists(PARTS, max_size=12), st.lists(st.integers(0, 400), max_size=8))
def test_however_it_comes_in_pieces(parts: list[str], cuts: list[int]) -> None:
    written = "".join(parts)
    whole, quoting = followed(written)
    places = [0, *sorted(min(cut, len(written)) for cut in cuts), len(written)]
    again, other = followed(*(written[a:b] for a, b in pairwise(places)))
    assert (again, other.citations, other.marks) == (whole, quoting.citations, quoting.marks)
    for citation, mark in zip(quoting.citations, quoting.marks, strict=True):
        assert TEXTS[citation.document][citation.start : citation.end] == citation.quote
        shown = f'"{plain(citation.quote)}" '
        assert whole[mark - len(shown) :].startswith(f"{shown}[{citation.number}]")
    quotes = {f'"{plain(c.quote)}"' for c in quoting.citations}
    rest = whole
    for quote in sorted(quotes, key=len, reverse=True):
        rest = rest.replace(quote, "")
    assert not re.search('["“„«]', rest)
