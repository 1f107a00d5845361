from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.retrieval.passages import cut
from dragon.retrieval.readers import Document
from dragon.retrieval.readers.markdown import read_markdown, read_rst

PATH = Path("a.md")
TEXTS = st.text(st.sampled_from("abAB1é漢 .,?!…#=-*`|\n\n\r\t\ufeff"), max_size=800)


def spans(text, limit):
    return list(cut(Document(PATH, "", text, passage_limit=limit)))


@given(TEXTS, st.integers(8, 60), st.sampled_from([read_markdown, read_rst]))
def test_every_character_is_in_a_passage_or_a_heading_in_order(text, limit, reader):
    document = reader(PATH, text)
    covered = set()
    last = 0
    for start, end, _ in cut(Document(PATH, "", text, document.headings, limit)):
        assert last <= start < end <= len(text)
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        is_heading = any(h.start <= start and end <= h.end for h in document.headings)
        assert end - start <= limit or is_heading
        covered.update(range(start, end))
        last = end
    for heading in document.headings:
        covered.update(range(heading.start, heading.end))
    assert all(i in covered or c.isspace() or c == "\ufeff" for i, c in enumerate(text))


def test_paragraphs_are_merged_up_to_the_limit():
    text = "\n\n".join(["x" * 30] * 5)
    assert [end - start for start, end, _ in spans(text, 100)] == [94, 62]


def test_a_long_paragraph_is_cut_between_sentences():
    text = "This is a sentence. " * 20
    for start, end, _ in spans(text, 100):
        assert text[start:end].startswith("This")
        assert text[start:end].endswith("sentence.")


def test_an_abbreviation_at_the_border_is_no_end():
    text = "a" * 60 + " met Dr. Lee. " + "Then they left together and went home."
    assert [text[s:e][-8:] for s, e, _ in spans(text, 80)] == ["Dr. Lee.", "nt home."]


def test_only_a_sentence_over_the_limit_is_cut_and_then_between_words():
    text = "Short one. Long " + "word " * 60
    pieces = [text[start:end] for start, end, _ in spans(text, 100)]
    assert pieces[0] == "Short one."
    assert " ".join(pieces) == text.strip()


def test_a_word_over_the_limit_is_cut_anyway():
    assert [e - s for s, e, _ in spans("x" * 250, 100)] == [100, 100, 50]


@pytest.mark.parametrize("filler", [" ", "\n", "\n ", "#", "a\n", "`", "=\n", ". "])
def test_no_text_makes_cutting_slow(filler):
    # A square of this length would take minutes, and the timeout of the tests would end it.
    text = "# A\n\n" + filler * 300_000
    assert list(cut(read_markdown(PATH, text))) is not None
    assert list(cut(read_rst(PATH, text))) is not None
