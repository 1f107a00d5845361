"""A follow-up takes the last question along; a full question stands alone."""

from pathlib import Path

import pytest

from dragon.answer import Answerer
from dragon.answer.answerer import LONGEST_QUESTION
from dragon.answer.followups import Conversation, is_follow_up
from dragon.answer.reader import Reader
from dragon.retrieval import Index

LEAVE = "How many days of annual leave do new employees get?"


@pytest.mark.parametrize(
    "question",
    [
        "And part-time staff?",
        "Why?",
        "Why not?",
        "Who signs it?",
        "Who signs that?",
        "Who signs?",
        "What about the crew of the night ferry?",
        "How long?",
        "How much is it?",
        "When exactly?",
        "Until when?",
        "Is there a form for that?",
        "Do they need a passport?",
        "What happens then?",
        "And if I am ill?",
        "Or at the end of the year?",
        "What is their deadline?",
    ],
)
def test_a_follow_up_keeps_the_context(question: str) -> None:
    talk = Conversation()
    talk.standalone(LEAVE)
    asked = talk.standalone(question)
    assert asked.endswith(LEAVE)
    assert asked != LEAVE


@pytest.mark.parametrize(
    "question",
    [
        "Who signs the form P9?",
        "Who is Maud Hallorin?",
        "How long is parental leave?",
        "How many parking places are there in the yard?",
        "Is there a canteen in Lantern House?",
        "Who signs the form that visitors need?",
        "Do visitors need their passport?",
        "What does a captain do before the boat leaves?",
        "How much does the company pay towards a bicycle?",
        "What is form F8 for?",
    ],
)
def test_a_full_question_stands_alone(question: str) -> None:
    talk = Conversation()
    talk.standalone(LEAVE)
    assert talk.standalone(question) == question
    assert talk.standalone("Why?").endswith(question)


def test_without_a_question_before_there_is_nothing_to_keep() -> None:
    assert Conversation().standalone("Why?") == "Why?"


def test_a_chain_of_follow_ups_reaches_back_and_stays_short() -> None:
    talk = Conversation()
    talk.standalone(LEAVE)
    assert talk.standalone("And seasonal staff?") == f"seasonal staff? {LEAVE}"
    assert talk.standalone("Why?") == f"Why? seasonal staff? {LEAVE}"
    assert talk.standalone("And for cooks?") == f"for cooks? Why? seasonal staff? {LEAVE}"
    assert talk.standalone("What about pilots?") == f"pilots? Why? seasonal staff? {LEAVE}"
    for _ in range(200):
        asked = talk.standalone("And those of the northern harbour?")
    assert len(asked) < LONGEST_QUESTION


def test_a_swap_is_answered_by_what_says_it(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# Visitors, dogs and boats\n\nVisitors may stay 30 days. Dogs may stay 3 days.\n"
    )
    stay = "How many days may visitors stay?"
    with Index.open(tmp_path / "index.db", create=True) as index:
        index.add([tmp_path / "a.md"])
        answerer = Answerer(index, reader)

        def quotes(question: str) -> list[str]:
            talk = Conversation()
            talk.standalone(stay)
            answer = answerer.ask(question, talk.standalone(question))
            return [citation.quote for citation in answer.citations]

        assert [c.quote for c in answerer.ask(stay).citations] == ["30"]
        assert quotes("And visitors?") == ["30"]
        assert quotes("And dogs?") == ["3"]
        assert quotes("And boats?") == ["30"]
        assert quotes("And cats?") == []


def test_a_long_question_is_never_a_follow_up() -> None:
    assert not is_follow_up("And " + "so on " * 100)
