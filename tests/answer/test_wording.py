"""Evidence reads well alone, marks the quote where it is, and lets no control character through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.answer.extent import LONGEST_SENTENCE, around, readable
from dragon.answer.wording import worded
from dragon.text.printable import plain

TABLE = (
    "Leave for events:\n\n| Event | Paid days |\n|:--|--:|\n"
    "| Moving house | 1 |\n| A [wedding](w.md) | 2 |"
)


def said(text: str, quote: str) -> tuple[str, str]:
    """The wording of a quote's sentence, and the quote in it."""
    start = text.index(quote)
    span = start, start + len(quote)
    wording = worded(text, readable(text, around(text, *span), span), span)
    return wording.text, wording.text[wording.start : wording.end]


@pytest.mark.parametrize(
    ("text", "quote", "wording"),
    [
        (TABLE, "1", "Event: Moving house; Paid days: 1"),
        (TABLE, "2", "Event: A wedding; Paid days: 2"),
        ("| Moving house | 1 |\n| Wedding | 2 |", "2", "Wedding – 2"),
        ("| a \\| b | 1 |", "1", "a \\| b – 1"),
        ("| a | 1", "1", "a – 1"),
        ("# Sick leave", "Sick", "Sick leave"),
        ("- Bring **two** photos.", "photos", "Bring two photos."),
        ("- Bring **two** photos.", "two", "Bring two photos."),
        ("The *Pale Heron* sails.", "Pale Heron", "The Pale Heron sails."),
        ("Run `stop --now` first.", "stop --now", "Run stop --now first."),
        ("It is 2*3*4 or 2 * 3.", "or", "It is 2*3*4 or 2 * 3."),
        ("Bring:\n\n- a pen\n- two\n  photos\n- a card", "card", "Bring: a card"),
        ("Come. To pass:\r\n1. Ask.\r\n2. Pay 5.", "5", "To pass: Pay 5."),
        ("Do this.\n- Pay 5.", "5", "Pay 5."),
        ("See [the form](https://x.eu/f) F8.", "F8", "See the form F8."),
        ("See [it](https://x.eu/f).", "https://x.eu/f", "See [it](https://x.eu/f)."),
        ("Ask Ada.\nShe  knows\tall.", "all", "Ask Ada. She knows all."),
        ("- Ask Ada. She knows.", "knows", "Ask Ada. She knows."),
        ("Go. Pay 5. Then wait.", "5", "Pay 5. Then wait."),
        ("It costs 5. But ask. Go.", "5", "It costs 5."),
        ("Pay 5.\n\nThen wait.", "5", "Pay 5."),
        ("item: Ladder\nplace: Shed\ncount: 1", "Shed", "item: Ladder; place: Shed; count: 1"),
        ("Note: the pump\nis old.", "old", "Note: the pump is old."),
        ("2. Fees\n   The fee is 500 crowns.", "500", "Fees: The fee is 500 crowns."),
        ("- Bring two\n  photos.", "photos", "Bring two photos."),
        ("Ada and\nBo Lind sing.", "sing", "Ada and Bo Lind sing."),
    ],
)
def test_a_sentence_reads_on_its_own(text: str, quote: str, wording: str) -> None:
    assert said(text, quote) == (wording, quote)


def test_an_endless_sentence_is_cut_between_words() -> None:
    text = "word " * 300 + "needle " + "word " * 300
    wording, quote = said(text, "needle")
    assert len(wording) <= LONGEST_SENTENCE + len(quote)
    assert {*wording.split()} == {"word", "needle"}


@pytest.mark.parametrize(
    ("text", "quote", "wording"),
    [
        ("item: Ladder\nplace: Shed", "Ladder\nplace: Shed", "item: Ladder place: Shed"),
        ("Fees\n   The fee is 500.", "Fees\n   The fee", "Fees The fee is 500."),
    ],
)
def test_nothing_is_put_into_a_quote(text: str, quote: str, wording: str) -> None:
    assert said(text, quote) == (wording, plain(quote))


@given(st.text(max_size=80), st.data())
def test_the_quote_is_marked_where_it_is(text: str, data: st.DataObject) -> None:
    printed = [i for i, c in enumerate(text) if c.isprintable() and not c.isspace()]
    if not printed:
        return
    first = data.draw(st.sampled_from(printed))
    last = data.draw(st.sampled_from([i for i in printed if i >= first]))
    span = first, last + 1
    sentence = readable(text, around(text, *span), span)
    assert sentence[0] <= first < last + 1 <= sentence[1]
    if not text.startswith("|", sentence[0]):  # a quote never spans two cells: see test_spans
        wording = worded(text, sentence, span)
        assert wording.text[wording.start : wording.end] == plain(text[first : last + 1])
        assert plain(wording.text) == wording.text


@given(st.text())
def test_plain_text_holds_no_control_character(text: str) -> None:
    assert all(c.isprintable() or c in "\u200c\u200d" for c in plain(text))
    assert not {*plain(text)} & {*"\x1b\x07\x9b\u202e\u2066\u200f\r\n"}


def test_letters_of_every_script_survive() -> None:
    assert plain("می\u200cخواهم é नमस्ते 東京") == "می\u200cخواهم é नमस्ते 東京"
