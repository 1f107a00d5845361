"""What is cited together, what is shown as a dispute, and what is left unsaid."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dragon.answer.evidence import (
    SIGNALS,
    Asked,
    Calibration,
    Evidence,
    signals,
    weighed,
)
from dragon.answer.extent import around
from dragon.answer.kinds import Kind
from dragon.answer.select import contradicts, select
from dragon.answer.spans import Span
from dragon.errors import CheckpointError
from dragon.retrieval import Hit, Passage
from dragon.text.vectors import WordVectors


def evidence(
    text: str, quote: str, probability: float = 0.9, number: int = 0, **at: str
) -> Evidence:
    """Evidence with given probability; `at` sets the passage's document and heading."""
    passage = Passage(
        number, at.get("document", f"{number}.md"), "", at.get("heading", ""), text, 0, 99
    )
    start = text.index(quote)
    span = Span(start, start + len(quote), 5.0, 0.8)
    known = tuple(1.0 for _ in SIGNALS)
    sentence = around(text, span.start, span.end)
    return Evidence(Hit(passage, 1.0), span, sentence, known, probability, probability)


STAY = evidence("Visitors may stay 30 days.", "30 days", number=1)


def selected(*others: Evidence) -> tuple[list[int], bool]:
    chosen = select([STAY, *others], 0.5)
    return [e.hit.passage.id for e in chosen.evidence], chosen.contradiction


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Visitors may stay 45 days.", "45 days"),
        ("Visitors may stay 45 days.", "45"),
        ("Visitors may stay sixty days on Tern.", "sixty days"),
    ],
)
def test_another_quantity_for_the_same_matter_is_a_dispute(text: str, quote: str) -> None:
    assert selected(evidence(text, quote, 0.8, 2)) == ([1, 2], True)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Visitors may stay 45 percent longer.", "45 percent"),  # of another kind
        ("Visitors may stay 30 days.", "Visitors"),  # no quantity
        ("The crew may stay 45 days.", "45 days"),  # of another case
        ("Visitors pay 45 crowns for two days.", "45 crowns"),
        ("Dogs bark 45 days.", "45 days"),
    ],
)
def test_what_is_about_something_else_is_no_dispute(text: str, quote: str) -> None:
    assert selected(evidence(text, quote, 0.8, 2)) == ([1], False)


def test_two_rules_for_two_cases_are_no_dispute() -> None:
    full = evidence("Full-time staff have 30 days of leave.", "30 days", number=1)
    part = evidence("Part-time staff have 15 days of leave.", "15 days", number=2)
    assert not contradicts(full, part)
    here = evidence(
        "You have 30 days of paid leave.", "30 days", number=1, document="a", heading="Crew"
    )
    there = evidence(
        "You have 15 days of paid leave.", "15 days", number=2, document="a", heading="Cook"
    )
    assert not contradicts(here, there)
    assert contradicts(
        here, evidence("You have 15 days of paid leave.", "15", number=3, document="b")
    )


def test_a_weak_or_uncovered_second_voice_does_not_dispute() -> None:
    other = evidence("Visitors may stay 45 days.", "45 days", 0.8, 2)
    assert not contradicts(STAY, replace(other, probability=0.5))
    uncovered = tuple(0.2 if name == "coverage" else 1.0 for name in SIGNALS)
    assert not contradicts(STAY, replace(other, signals=uncovered))


def test_times_dates_and_years_are_compared() -> None:
    def said(a: str, b: str) -> bool:
        text = "The harbour office opens {}."
        return contradicts(
            evidence(text.format(a), a, number=1), evidence(text.format(b), b, number=2)
        )

    assert said("at 8:00", "at 9:30")
    assert said("4 May", "11 June")
    assert said("seven days a week", "5 days a week")
    assert not said("seven days a week", "7 days a week")
    assert not said("at 8:00", "for 9 hours")


def test_what_agrees_is_cited_together_and_never_more_than_three() -> None:
    others = [evidence(f"Stay {n} thirty days here.", "thirty days", 0.7, i) for i, n in
              enumerate(("at most", "for up to", "no more than", "about"), 2)]  # fmt: skip
    assert selected(*others) == ([1, 2, 3], False)


def test_agreement_is_of_the_same_quantity_in_another_passage() -> None:
    months = evidence("Crew may stay 30 months.", "30 months", 0.8, 2)
    again = evidence("Visitors may stay 30 days.", "Visitors may stay 30 days", 0.8, 1)
    weak = evidence("It is 30 days.", "30 days", 0.1, 3)
    assert selected(months, again, weak) == ([1], False)


def test_below_the_threshold_nothing_is_said() -> None:
    assert select([replace(STAY, probability=0.49)], 0.5).evidence == ()
    assert select([], 0.0).evidence == ()


def test_signals_are_finite_and_count_what_the_sentence_covers() -> None:
    hit = replace(STAY.hit, score=9.0)
    asked = Asked(("stay", "visitor"), Kind("amount"), 9.0)
    found = signals(asked, hit, Span(18, 20, 50.0, 0.0), (0, 26), 0.5)
    named = dict(zip(SIGNALS, found, strict=True))
    assert named["margin"] == 12
    assert named["coverage"] == 1
    assert named["gap"] == 0
    assert named["retrieval"] == 4
    assert named["share"] < -10
    assert named["sentence"] == math.log(0.5)
    assert named["kind"] == 1
    assert named["meaning"] == 0
    wrong = signals(replace(asked, kind=Kind("name")), hit, Span(0, 0, 0.0, 0.0), (0, 26), 0.5)
    assert dict(zip(SIGNALS, wrong, strict=True))["kind"] == -1


def test_the_best_ranked_comes_first_and_shares_add_up() -> None:
    first = Calibration((1.0, *[0.0] * (len(SIGNALS) - 1)), threshold=0.0)
    rows = [(STAY.hit, STAY.span, STAY.sentence, (v, *STAY.signals[1:])) for v in (1.0, 3.0, 2.0)]
    found = weighed(first, rows)
    assert [e.rank for e in found] == [3.0, 2.0, 1.0]
    assert found[0].probability > found[1].probability > found[2].probability
    alone = weighed(first, rows[1:2])
    assert alone[0].probability > found[0].probability  # rivals cost belief
    assert weighed(first, []) == []


def test_the_meaning_signal_counts_words_of_like_meaning() -> None:
    vectors = WordVectors(["guest", "visitor", "bread"], np.array([[9, 1], [9, 2], [0, 9]], "i1"))
    near = Asked(("guest",), None, 0.0, vectors)
    far = Asked(("bread",), None, 0.0, vectors)
    assert near.meant({"visitor", "stay"}) > 0.9
    assert far.meant({"visitor", "stay"}) < 0.3
    assert Asked(("guest",), None, 0.0).meant({"guest"}) == 0


def test_a_calibration_is_read_from_the_model_or_refused() -> None:
    assert Calibration.of_model({}) == Calibration()
    rest = [0] * (len(SIGNALS) - 1)
    values = {"ranking": [2, *rest], "weights": [1, *rest, 3], "bias": 0, "threshold": 0.5}
    read = Calibration.of_model({"dragon": {"calibration": values}})
    assert read.rank((1.5, *(9 for _ in rest))) == 3
    assert read.probability((0.0, *(9 for _ in rest)), 1.0) == 0.5
    assert read.probability((1e9, *rest), 1.0) == pytest.approx(1)
    assert read.probability((0.0, *rest), math.exp(-1)) == pytest.approx(1 / (1 + math.e**3))
    for wrong in ([], {"weights": [1]}, values | {"weights": [1, 2]}, values | {"bias": "x"}):
        with pytest.raises(CheckpointError, match="calibration"):
            Calibration.of_model({"dragon": {"calibration": wrong}})
