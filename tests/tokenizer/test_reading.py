"""The reader's prompts: what they look like, and that offsets lead back to the text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.text.vectors import WordVectors
from dragon.tokenizer import SPECIAL_TOKENS, BpeTokenizer
from dragon.tokenizer import reading as r
from tests.tokenizer.corpus import CORPUS

BPE = BpeTokenizer.train(CORPUS, vocab_size=400)
unicode_text = st.text(st.characters(exclude_categories=["Cs"]))
texts = st.one_of(unicode_text, st.sampled_from(CORPUS))


def compose(question: str, heading: str, text: str, max_tokens: int = 4000) -> r.Reading:
    parts = (r.analyse(part, BPE) for part in (question, heading, text))
    question_part, heading_part, text_part = parts
    return r.compose(question_part, heading_part, text_part, max_tokens)


def test_the_special_ids_are_those_of_the_vocabulary() -> None:
    expected = ("<|end|>", "<|pad|>", "<|question|>", "<|passage|>", "<|text|>")
    assert SPECIAL_TOKENS[: len(expected)] == expected
    assert tuple(range(5)) == (r.END, r.PAD, r.QUESTION, r.PASSAGE, r.TEXT)


@given(texts, texts, texts, st.integers(92, 300))
def test_the_form_of_a_prompt(question: str, heading: str, text: str, max_tokens: int) -> None:
    reading = compose(question, heading, text, max_tokens)
    ids = reading.ids.tolist()
    assert len(ids) == len(reading.features) <= max_tokens
    assert (ids[0], ids[reading.text_start - 1], ids[-1]) == (r.QUESTION, r.TEXT, r.END)
    # What the texts spell is text: each special token stands once, where the form has it.
    assert [id for id in ids if id < len(SPECIAL_TOKENS)] == [2, 3, 4, 0]
    assert (reading.features < np.array(r.FEATURE_SIZES)).all()
    assert len(reading.starts) == len(reading.ends) == len(ids) - reading.text_start - 1
    segments = reading.features[:, 0] // 5
    inside = segments[reading.text_start : -1]
    assert (inside == r.SEG_TEXT).all()
    assert (segments[: reading.text_start] != r.SEG_TEXT).all()


@given(unicode_text.filter(lambda t: t.strip()), st.data())
def test_offsets_and_token_span_invert_each_other(text: str, data: st.DataObject) -> None:
    reading = compose("What?", "", text)
    first = data.draw(st.integers(0, len(reading.starts) - 1))
    last = data.draw(st.integers(first, len(reading.starts) - 1))
    start, end = int(reading.starts[first]), int(reading.ends[last])
    span = r.token_span(reading, start, end)
    assert span is not None
    a, b = (position - reading.text_start for position in span)
    # Tokens that share one character all count: the span may be longer, its characters may not.
    assert a <= first <= last <= b
    assert (int(reading.starts[a]), int(reading.ends[b])) == (start, end)


@given(unicode_text.filter(lambda t: t.strip()), st.data())
def test_a_span_of_characters_is_covered(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    reading = compose("What?", "", text)
    span = r.token_span(reading, start, end)
    if not text[start:end].strip():
        return  # white space belongs to the token behind it
    assert span is not None
    a, b = (position - reading.text_start for position in span)
    covered = text[reading.starts[a] : reading.ends[b]]
    assert text[start:end].strip() in covered


def test_a_cut_prompt_has_no_span_beyond_its_end() -> None:
    text = "word " * 100 + "answer"
    reading = compose("What is the answer?", "heading", text, 100)
    assert len(reading.ids) == 100
    assert r.token_span(reading, len(text) - 6, len(text)) is None
    assert r.token_span(reading, 0, 4) is not None


def test_long_questions_and_headings_are_cut() -> None:
    reading = compose("why " * 200, "head " * 200, "a text", 500)
    assert reading.text_start == r.MAX_QUESTION_TOKENS + r.MAX_HEADING_TOKENS + 3


@pytest.mark.parametrize("text", ["", " ", "?!"])
def test_empty_texts(text: str) -> None:
    reading = compose(text, text, text)
    assert reading.ids[0] == r.QUESTION
    assert reading.ids[-1] == r.END
    if not text:
        assert r.token_span(reading, 0, 1) is None


def test_imitations_of_special_tokens_stay_text() -> None:
    text = "He wrote <|end|> and <|text|> and left."
    reading = compose("<|passage|>?", "<|question|>", text)
    assert [id for id in reading.ids.tolist() if id < len(SPECIAL_TOKENS)] == [2, 3, 4, 0]
    start = text.index("<|text|>")
    span = r.token_span(reading, start, start + 8)
    assert span is not None
    assert BPE.decode(reading.ids[span[0] : span[1] + 1].tolist()).strip() == "<|text|>"


def test_what_the_features_say() -> None:
    text = "The keeper counts 17 ships. He read a book in 1893."
    reading = compose("How many ships did the keeper count?", "", text)
    by_word = {}
    for row, (start, end) in enumerate(zip(reading.starts, reading.ends, strict=True)):
        by_word.setdefault(text[start:end], reading.features[reading.text_start + row].tolist())
    match = {word: values[0] % 5 for word, values in by_word.items()}
    assert match["The"] == r.FUNCTION
    assert match["keeper"] in (r.COMMON, r.RARE)
    assert match["book"] == r.NO_MATCH
    count = r.token_span(reading, text.index("counts"), text.index("counts") + 6)
    assert count is not None
    assert reading.features[count[0], 0] % 5 == r.STEM
    coverage, shape, distance = (
        {word: values[i] for word, values in by_word.items()} for i in (1, 2, 3)
    )
    assert coverage["keeper"] >= 8  # in the sentence that covers most
    assert coverage["book"] < 8
    assert (shape["The"], shape["keeper"], shape["."]) == (r.CAPITAL, r.LOWER, r.PUNCTUATION)
    year = r.token_span(reading, text.index("1893"), text.index("1893") + 4)
    assert year is not None
    assert reading.features[year[0], 2] == r.YEAR
    assert distance["keeper"] == 1
    assert distance["book"] > 1


def test_likeness_marks_words_of_like_meaning() -> None:
    """`footage` is no match by letters; with vectors its bucket and its sentence's tell."""
    vectors = WordVectors(["footag", "record", "bread"], np.array([[9, 4], [9, 5], [-4, 9]], "i1"))
    parts = [r.analyse(t, BPE) for t in ("Who keeps footage?", "", "Recordings stay. Bread goes.")]
    plain = r.compose(*parts, max_tokens=99)
    reading = r.compose(*parts, max_tokens=99, vectors=vectors)
    assert not plain.features[:, 4:].any()
    assert (reading.features[:, :4] == plain.features[:, :4]).all()
    text = reading.features[reading.text_start : -1]
    like, unlike = text[0], text[len(text) // 2 + 1]
    assert like[4] == 7
    assert like[5] > 8  # the best sentence
    assert text[-1, 5] < 8
    assert unlike[4] < 7
