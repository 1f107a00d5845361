"""Given passages, exchanged entities, doubt: with a reader whose weights point at numbers."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.answer.reader import Reader
from dragon.errors import DataError
from dragon.evaluate.doubt import abstention, risk_area, risk_coverage
from dragon.evaluate.given import Shelf, read, shelf
from dragon.evaluate.grounded import grounding
from dragon.evaluate.questions import Question
from dragon.evaluate.swap import exchanged, kind_of, outcome, pools, swap_scores, swapped
from tests.answer.number_reader import write_number_reader

TEXTS = {
    "Stay": "Visitors may stay 30 days.",
    "Signs": "Who signs? 45 people sign the book.",
    "Canteen": "The canteen opens at noon.",
}
STAY = Question("How many days may visitors stay?", ("30",), "Stay.md", TEXTS["Stay"])
SIGN = Question("How many people sign the book?", ("45",), "Signs.md", TEXTS["Signs"])
TAX = Question("Which tax do ships pay?", (), "Canteen.md", TEXTS["Canteen"])


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader.open(write_number_reader(tmp_path_factory.mktemp("reader")))


@pytest.fixture(scope="module")
def texts(reader: Reader) -> Iterator[Shelf]:
    with shelf([STAY, SIGN, TAX], reader) as opened:
        yield opened


def test_right_passages_and_others_are_parted(texts: Shelf) -> None:
    asked = texts.ask(STAY)
    assert [h.passage.text.strip() for h in asked.right] == [TEXTS["Stay"]]
    assert asked.right[0].score > 0
    assert all("30" not in h.passage.text for h in asked.others)
    assert texts.ask(TAX).right[0].score == 0  # the search finds nothing in it


def test_a_passage_that_holds_the_answer_misleads_nobody(reader: Reader) -> None:
    other = Question("How many ships sail?", ("30",), "Ships.md", "Some 30 ships sail for days.")
    with shelf([STAY, other], reader) as opened:
        assert opened.ask(STAY).others == ()


def test_the_answer_follows_the_passage(reader: Reader, texts: Shelf) -> None:
    asked = [texts.ask(STAY), texts.ask(SIGN)]
    assert read(reader, STAY.question, asked[0].right).text == "30"
    assert swapped(reader, asked) == ["new", "new"]
    passages, new = exchanged(asked[0], pools(["30", "45"])) or ((), "")
    assert (passages[0].passage.text.strip(), new) == ("Visitors may stay 45 days.", "45")


def test_what_is_no_entity_stays_as_it_is(texts: Shelf) -> None:
    asked = texts.ask(STAY)
    assert exchanged(asked, {"number": [], "year": [], "name": []}) is None
    assert kind_of("the old canteen") is None
    assert [kind_of(a) for a in ("$3.50", "1850", "Bank of England")] == ["number", "year", "name"]


def test_memory_is_told_from_reading() -> None:
    assert [outcome(s, "Oslo", ["Bergen"]) for s in ("oslo", "the Bergen", "Rome", "")] == [
        "new",
        "old",
        "other",
        "other",
    ]
    follows, memory = swap_scores(["new", "new", "old", "other"])
    assert (follows.value, follows.count) == (0.5, 4)
    assert (memory.value, memory.count) == (pytest.approx(1 / 3), 3)


def test_a_result_has_all_conditions(reader: Reader) -> None:
    result = grounding("toy", reader, [STAY, SIGN, TAX])
    scores = result.metrics
    assert (result.name, result.count) == ("grounding-toy", 3)
    for name in ("exact_match", "f1", "swap_follows", "citations_verbatim", "citations_support"):
        assert scores[name] == 1
    assert scores["abstained_without_passages"] == 1
    assert scores["swap_memorisation"] == scores["baseline_exact_match"] == 0
    assert set(result.plots[0].lines) == {
        "all answerable",
        "half without evidence",
        "with trick questions",
    }
    assert grounding("toy", reader, [STAY, SIGN, TAX]) == result


def test_the_limit_holds_for_each_kind(reader: Reader) -> None:
    assert grounding("toy", reader, [STAY, SIGN, TAX], limit=1).count == 2


def test_questions_without_their_text_are_refused(reader: Reader) -> None:
    for questions in ([Question("Why?", ("x",), "a.md", " ")], [TAX], []):
        with pytest.raises(DataError, match="no context, or none has an answer"):
            grounding("toy", reader, questions)


def test_sure_and_right_is_the_best_curve() -> None:
    good = risk_area([0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    bad = risk_area([0.1, 0.2, 0.8, 0.9], [True, True, False, False])
    assert good.value < bad.value
    assert risk_coverage([0.9, 0.1], [True, False])[-1] == (1.0, 0.5)


def test_silence_is_bought_at_its_price() -> None:
    yes = [i / 100 for i in range(100)]
    score = abstention(yes, [0.01, 0.02, 0.5, 0.9], 0.05, "a")
    assert (score.value, score.count) == (0.5, 4)
    assert score.low <= score.value <= score.high
    assert abstention([0.9] * 20, [0.1] * 5, 0.05, "a").value == 1


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_curves_stay_in_their_square(answers: list[tuple[float, bool]]) -> None:
    probability, right = [p for p, _ in answers], [r for _, r in answers]
    curve = risk_coverage(probability, right)
    assert all(0 < x <= 1 and 0 <= y <= 1 for x, y in curve)
    assert curve[-1] == (1.0, pytest.approx(1 - sum(right) / len(right)))
