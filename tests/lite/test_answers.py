import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.evaluate.questions import load_questions
from dragon.evaluate.scores import contains
from dragon.lite.__main__ import shown
from dragon.lite.answers import LONGEST_QUESTION, as_object, ask, prove
from dragon.lite.documents import Document, LiteError
from dragon.lite.index import Index
from dragon.lite.session import Session

QUESTIONS = load_questions(Path(__file__).parents[2] / "examples/handbook/questions.jsonl")


def test_score_on_the_handbook(handbook: Index) -> None:
    """The figures of docs/lite.md, of a program without anything random in it."""
    answers = [(q, ask(handbook, q.question)) for q in QUESTIONS]
    told = [(q, [quote.text for quote in a.quotes]) for q, a in answers if q.answerable]
    right = sum(contains(" ".join(quotes), q.answers) for q, quotes in told)
    silent = sum(a.abstained for q, a in answers if not q.answerable)
    refused = sum(not quotes for _, quotes in told)
    assert (right, silent, refused) == (20, 13, 15)
    for _, answer in answers:
        for quote in (*answer.quotes, *answer.nearest):
            text = handbook.documents[quote.document].text
            assert text[quote.start : quote.end] == quote.text


def test_a_false_quote_never_leaves(handbook: Index) -> None:
    quote = ask(handbook, "How many days may I carry over?").nearest[0]
    prove(handbook, quote)
    for change in ({"start": quote.start + 1}, {"end": quote.end - 1}, {"text": "Nothing."}):
        with pytest.raises(AssertionError, match="a false quote"):
            prove(handbook, quote._replace(**change))


def test_a_table_row_answers_with_the_words_of_its_columns(handbook: Index) -> None:
    answer = ask(handbook, "How many paid days do I get for my own wedding?")
    assert answer.quotes[0].text == "| Your own wedding | 2 |"
    assert next(shown(answer)) == "[1] Your own wedding – 2"


def test_it_abstains_and_shows_what_is_nearest(handbook: Index) -> None:
    answer = ask(handbook, "Who won the regatta in Tarrick last summer?")
    assert answer.abstained
    assert answer.nearest
    assert ask(handbook, "Xyzzy plugh?").nearest == ()


@given(st.lists(st.text(max_size=60), max_size=4), st.text(min_size=1, max_size=60))
def test_every_text_can_be_asked_anything(texts: list[str], question: str) -> None:
    index = Index(Document(f"{i}.md", "t", text) for i, text in enumerate(texts))
    if not question.strip():
        return
    answer = ask(index, question, threshold=0)
    for quote in answer.quotes:
        assert index.documents[quote.document].text[quote.start : quote.end] == quote.text
        assert 0 <= quote.score <= 1
    assert json.loads(json.dumps(as_object(answer)))["question"] == question


@pytest.mark.parametrize("question", ["", " \n", "x" * (LONGEST_QUESTION + 1)])
def test_a_question_must_be_one(handbook: Index, question: str) -> None:
    with pytest.raises(LiteError, match="question"):
        ask(handbook, question)


def test_a_follow_up_takes_the_words_of_the_question_before(handbook: Index) -> None:
    talk = Session(handbook)
    talk.ask("How many days of annual leave do permanent staff have?")
    follow_up = talk.ask("And seasonal staff?")
    assert "annual leave" in follow_up.asked
    assert "Seasonal staff earn two days" in follow_up.quotes[0].text
    assert talk.ask("Who may give interviews to the press?").asked.startswith("Who may give")


def test_bm25_of_a_small_case() -> None:
    index = Index([Document("a.md", "", "cat cat dog"), Document("b.md", "", "dog bird fish")])
    # idf = ln(1 + 1.5 / 1.5), f = 2, both passages of mean length
    (score, number), *rest = index.search(index.weights(["cat"]))
    assert (number, rest) == (0, [])
    assert score == pytest.approx(0.693147 * 2 * 2.2 / (2 + 1.2), rel=1e-5)
    assert index.idf("dog") < index.idf("cat") < index.idf("unheard")
