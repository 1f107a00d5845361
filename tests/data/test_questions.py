"""Questions synthesised from text: the answer stands where they say."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.config import DataConfig
from dragon.data.examples import from_glossary, from_qamr, from_squad, located
from dragon.data.exercises import _from_article, passages
from dragon.data.questions import Wording, cloze_questions, recurring_spans
from dragon.text.sentences import sentence_spans
from tests.data.corpus import ARTICLE, ROWS, names

NAMES = names()
SYNONYMS = {"built": ("constructed", "made"), "moved": ("went",)}
seeds = st.integers(0, 10_000)


@given(seeds, st.integers(0, 5))
def test_cloze_answers_stand_where_they_say(seed: int, most: int) -> None:
    made = cloze_questions(ARTICLE, "Light", NAMES, SYNONYMS, random.Random(seed), most)
    assert len(made) <= most
    sentences = set()
    for example in made:
        assert example.passage == ARTICLE
        assert example.answer == ARTICLE[example.start : example.end] != ""
        assert example.question[0] == example.question[0].upper()
        sentences.add(next(s for s in sentence_spans(ARTICLE) if s[0] <= example.start < s[1]))
    assert len(sentences) == len(made)  # each asks of another sentence


def test_cloze_questions_ask_by_the_kind_of_the_answer() -> None:
    asked = {
        (example.source, example.question.split()[0].lower())
        for seed in range(300)
        for example in cloze_questions(
            ARTICLE, "", NAMES, SYNONYMS, random.Random(seed), 4, Wording(0, 0, 0)
        )
    }
    assert ("cloze-date", "when") in asked
    assert ("cloze-reason", "why") in asked
    assert ("cloze-number", "how") in asked
    assert ("cloze-name", "who") in asked
    assert ("cloze-date", "who") not in asked


@given(seeds, st.integers(0, 4))
def test_recurring_spans_leave_their_query_out_of_the_passage(seed: int, most: int) -> None:
    made = recurring_spans(ARTICLE, "", random.Random(seed), most)
    assert len(made) <= most
    assert made or not most
    for example in made:
        assert example.answer
        gone = [
            ARTICLE[a:b] for a, b in sentence_spans(ARTICLE) if ARTICLE[a:b] not in example.passage
        ]
        assert len(gone) == 1
        assert example.answer in gone[0]
        assert len(example.passage) < len(ARTICLE)
        assert set(example.question.split()) & set(gone[0].split())


@given(
    st.lists(st.sampled_from(["A short one. ", ARTICLE + " ", "x" * 500 + ". "]), max_size=6), seeds
)
def test_passages_are_pieces_of_the_text(parts: list[str], seed: int) -> None:
    text, at = "".join(parts), 0
    for passage in passages(text, 600, random.Random(seed)):
        assert 120 <= len(passage) <= 1200
        at = text.index(passage, at) + len(passage)


@given(seeds)
def test_no_answer_means_that_it_is_not_there(seed: int) -> None:
    config = DataConfig(unanswerable=0.9, longest=300)
    pairs = list(_from_article(ROWS[0], NAMES, SYNONYMS, config, random.Random(seed)))
    for before, example in pairwise(pairs):
        if not example.answerable:
            assert example.question == before.question
            assert before.answer not in example.passage
            assert example.source == f"{before.source}-none"


def test_questions_without_an_answer_are_made() -> None:
    config = DataConfig(unanswerable=0.9, longest=300)
    made = list(_from_article(ROWS[0], NAMES, SYNONYMS, config, random.Random(1)))
    assert {example.answerable for example in made} == {True, False}


def test_squad_takes_the_answer_that_most_people_gave() -> None:
    row = {
        "title": "A_b", "context": "It was the red fox.", "question": " What? ",
        "answers": ["the red fox", "red fox", "fox", "red fox"],
    }  # fmt: skip
    (example,) = from_squad([row], "squad")
    assert (example.answer, example.heading, example.question) == ("red fox", "A b", "What?")
    (none,) = from_squad([{**row, "answerable": False}], "squad")
    assert not none.answerable
    assert not list(from_squad([{**row, "answers": ["wolf"]}], "squad"))


def test_an_answer_that_does_not_stand_there_is_no_example() -> None:
    assert located("Q", "", "passage", "nowhere", "x") is None


@given(seeds)
def test_qamr_and_glossaries_stand_where_they_say(seed: int) -> None:
    sentences = [f"The keeper number {n} of Hroy counts {n + 30} ships." for n in range(9)]
    rows = [
        {"sentence": s, "question": "How many?", "answer": s[-9:-7], "contiguous": True,
         "split": "train"}
        for s in sentences
    ]  # fmt: skip
    made = list(from_qamr([*rows, {**rows[0], "split": "test"}], random.Random(seed)))
    assert [example.answer for example in made] == [str(n + 30) for n in range(9)]
    entries = [{"term": f"term {n}", "meaning": f"what is number {n}"} for n in range(12)]
    for example in from_glossary(entries, random.Random(seed)):
        asks_term = example.answer.lower().startswith("term")
        number = example.answer.split()[-1]
        assert number in example.question
        assert asks_term == ("what is number" in example.question)


@pytest.mark.parametrize("text", ["", "One sentence only.", "no capitals or marks"])
def test_poor_texts_give_no_exercise_and_no_error(text: str) -> None:
    rng = random.Random(0)
    assert recurring_spans(text, "", rng, 3) == []
    assert cloze_questions(text, "", NAMES, {}, rng, 3) == []
