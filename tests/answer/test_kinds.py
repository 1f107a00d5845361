"""The kind of answer that a question wants, and which candidates are of it."""

import pytest

from dragon.answer.kinds import fit, wanted


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How often is the bell tested?", "often"),
        ("How long do I have to wait?", "length"),
        ("How much notice must I give?", "length"),
        ("On which day of the week does everyone come in?", "weekday"),
        ("What time does the store open?", "clock"),
        ("What year was the Sedge built?", "date"),
        ("By when do I hand it in?", "date"),
        ("When does it close?", "date"),
        ("Which share does the employer pay?", "share"),
        ("What does a parking card cost?", "money"),
        ("How many points do I need?", "count"),
        ("How far may it be?", "amount"),
        ("To whom do I write?", "name"),
        ("Where do we meet?", "place"),
        ("What is the phone number of the nurse?", "contact"),
    ],
)
def test_what_a_question_wants(question: str, name: str) -> None:
    kind = wanted(question)
    assert kind is not None
    assert kind.name == name


@pytest.mark.parametrize(
    "question", ["What do I do when it rains?", "Why is it locked?", "Which form do I need?", ""]
)
def test_an_open_question_wants_no_kind(question: str) -> None:
    assert wanted(question) is None


def test_what_is_counted() -> None:
    kind = wanted("How many vacation days can I take with me?")
    assert kind is not None
    assert kind.stems == {"vacat", "day"}


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("How many points do I need?", "[16] of 20 points", "the talk takes [90] minutes"),
        ("How long does it take?", "about [two weeks]", "see [the manual]"),
        ("How often is it checked?", "[every two years]", "[six] visits"),
        ("Which share is paid?", "[9.5 percent] of it", "[three times] the pay"),
        ("What does it cost?", "it is [40 crowns]", "after [40 days]"),
        ("On which weekday is it?", "on [Wednesday]", "in the [office]"),
        ("Who signs it?", "[Maud Hallorin] signs", "by [4 May]"),
        ("Who signs it?", "[your manager] signs", "in the [morning]"),
        ("Where do we gather?", "[at the old anchor]", "[Tuesdays at 10:30]"),
        ("Which phone number do I call?", "call [0412 553 19]", "call [the desk]"),
    ],
)
def test_the_right_candidate_fits_better(question: str, right: str, wrong: str) -> None:
    kind = wanted(question)
    assert kind is not None
    assert marked(right, kind) > marked(wrong, kind)


def marked(text: str, kind: object) -> float:
    start, end = text.index("["), text.index("]") - 1
    return fit(text.replace("[", "").replace("]", ""), start, end, kind)  # type: ignore[arg-type]
