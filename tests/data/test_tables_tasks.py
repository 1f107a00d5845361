"""Made-up tables, and questions that come wrapped in prompts."""

import random

from hypothesis import given
from hypothesis import strategies as st

from dragon.data.examples import Example
from dragon.data.exercises import _misleading
from dragon.data.questions import reworded
from dragon.data.tables import table_questions
from dragon.data.tasks import from_facts, from_prompts
from tests.data.corpus import names

SYNSETS = [{"members": [w], "pos": "n"} for w in "cabin ferry locker laundry lifeboat".split()]
SYNONYMS = {"cabin": ("stateroom",), "big": ("large",)}
PLOT = "Ada builds a boat. She sails to the island. A storm comes. The boat sinks. She swims home."


@given(st.integers(0, 10_000))
def test_answers_of_tables_stand_in_the_row_that_is_asked_for(seed: int) -> None:
    made = table_questions(SYNSETS, SYNONYMS, names(), random.Random(seed), 8)
    assert len(made) == 8
    for example in made:
        if example.answerable:
            line = example.passage[: example.end].rpartition("\n")[2]
            assert example.answer in line
            last = example.question.rstrip("?").split()
            assert any(word in last for word in [*_words(line), "stateroom"])


def _words(line: str) -> list[str]:
    return line.replace("|", " ").replace(":", " ").replace(",", " ").split()


def test_no_table_without_nouns() -> None:
    assert table_questions([], {}, names(), random.Random(0), 5) == []


def test_prompts_are_unwrapped_once() -> None:
    asked = "what did Ada build?"
    rows = [
        {
            "template": "adversarial_qa_dbert_question_context_answer",
            "prompt": f'Question: "{asked}"\n\nContext: "{PLOT}"\n\nAnswer:\n',
            "completion": "a boat",
        },
        {"template": "adversarial_qa_dbert_based_on", "prompt": "else", "completion": "a boat"},
        {
            "template": "duorc_SelfRC_extract_answer",
            "prompt": 'Extract the answer to this. If there is none, say "None".\n'
            f"Question: Where to?\nTitle: The Boat\nMovie plot: {PLOT}\n",
            "completion": "the island.",
        },
    ]
    first, second = from_prompts(rows, 900)
    assert (first.question, first.answer, first.passage) == (asked, "a boat", PLOT)
    assert (second.heading, second.answer) == ("The Boat", "the island")


def test_long_passages_are_cut_around_the_answer() -> None:
    row = {
        "template": "quoref_Read_And_Extract_",
        "prompt": "Read the following paragraph and extract the answer for the question: "
        f"What comes?\n\n{PLOT}\n",
        "completion": "A storm",
    }
    (example,) = from_prompts([row], 45)
    assert example.answer == "A storm"
    assert example.passage == "A storm comes. The boat sinks."


@given(st.integers(0, 1000))
def test_facts_stand_among_others(seed: int) -> None:
    rows = [
        {"input": f"Fact: {a} eats {b}. \nQuestion: What does {a} eat?", "output": [f"{b}."]}
        for a, b in (("the cat", "mice"), ("a heron", "fish"), ("the cow", "grass"))
    ]
    made = list(from_facts(rows, random.Random(seed)))
    assert [e.answer for e in made] == ["mice", "fish", "grass"]
    assert all(e.passage.startswith(("The ", "A ")) for e in made)


def test_what_misleads_shares_words_and_lacks_the_answer() -> None:
    example = Example("Who rang the harbour bell?", "", "Ada rang the harbour bell.", 0, 3, "x")
    others = [
        "Nobody here.",
        "Ada again, the harbour bell.",
        "The harbour bell was rung.",
        "A bell.",
        "Harbour.",
    ]
    found = {_misleading(example, others, random.Random(seed)) for seed in range(30)}
    assert found == {"The harbour bell was rung.", "A bell.", "Harbour."}
    assert _misleading(example, [example.passage], random.Random(0)) is None


def test_reworded_questions_keep_their_question_word() -> None:
    made = {reworded("How big is the cabin?", SYNONYMS, random.Random(seed)) for seed in range(99)}
    assert len(made) > 2
    assert all(question.startswith("How") for question in made)
    assert "How large is the cabin?" in made
