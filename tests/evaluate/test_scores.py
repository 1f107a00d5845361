"""The measures cannot be had cheaply, and the calibration finds what is there to be found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.answer.evidence import SIGNALS
from dragon.errors import DataError
from dragon.evaluate.calibrate import best_threshold, fit, ranking
from dragon.evaluate.grounding import best_sentence, metrics, spread
from dragon.evaluate.scores import contains, exact_match, f1, interval
from tests.evaluate.records import question, record, trial

YES = [question("30 days", "thirty days"), question("Ada Holm"), question("noon")]
NO = [question(), question()]


def test_a_perfect_run_scores_one() -> None:
    scores = metrics([record(q, q.answers[0]) for q in YES] + [record(q, "") for q in NO])
    for name in ("recall_document", "contains", "exact_match", "f1", "abstained", "verbatim"):
        assert scores[name] == 1
    assert (scores["over_refusal"], scores["answerable"], scores["unanswerable"]) == (0, 3, 2)


def test_always_silent_scores_nothing_but_silence() -> None:
    scores = metrics([record(q, "") for q in YES + NO])
    assert (scores["abstained"], scores["over_refusal"]) == (1, 1)
    assert scores["contains"] == scores["exact_match"] == scores["f1"] == scores["verbatim"] == 0


@pytest.mark.parametrize("said", ["the", "It is in the documents.", "noon", "30 days", "!"])
def test_one_answer_for_everything_does_not_score(said: str) -> None:
    scores = metrics([record(q, said) for q in YES + NO])
    assert scores["abstained"] == 0
    assert scores["contains"] <= 1 / 3
    assert scores["f1"] <= 1 / 3


def test_saying_everything_has_its_price() -> None:
    everything = "30 days Ada Holm noon and all the other words of the handbook " * 3
    scores = metrics([record(q, everything) for q in YES + NO])
    assert scores["contains"] == 1
    assert scores["exact_match"] == 0
    assert scores["f1"] < 0.2
    assert scores["abstained"] == 0


def test_recall_is_of_the_right_document() -> None:
    scores = metrics([record(q, "noon", found="b.md") for q in YES])
    assert scores["recall_document"] == 0
    assert scores["recall_answer"] == pytest.approx(1 / 3)


def test_shares_have_an_interval_and_other_figures_none() -> None:
    scores = metrics([record(q, q.answers[0]) for q in YES] + [record(q, "") for q in NO])
    low, high = spread("abstained", 1.0, scores) or (0, 0)
    assert (low, high) == interval(2, 2)
    assert spread("f1", 1.0, scores) is None
    assert spread("milliseconds", 2.0, scores) is None


def test_the_baseline_is_the_sentence_that_shares_most_words() -> None:
    hits = record(YES[0], "").answer.passages
    assert best_sentence("How many days may I stay?", hits) == "Stay 30 days."
    assert best_sentence("?", ()) == ""


@given(st.text(), st.lists(st.text(), max_size=3))
def test_scores_are_shares(given_text: str, expected: list[str]) -> None:
    assert 0 <= f1(given_text, expected) <= 1
    if exact_match(given_text, expected):
        assert f1(given_text, expected) == 1
    assert contains(given_text, expected) in (0, 1)


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_share(hits: int, count: int) -> None:
    low, high = interval(min(hits, count), count)
    assert 0 <= low <= min(hits, count) / count + 1e-12
    assert min(hits, count) / count - 1e-12 <= high <= 1


REST = (0.0,) * (len(SIGNALS) - 1)


def test_calibration_recovers_what_can_be_told_apart() -> None:
    random = np.random.default_rng(0)
    margins = random.uniform(-6, 6, 400)
    trials = [trial(True, (float(m), bool(m > 1))) for m in margins]
    calibration = fit(trials)
    assert calibration.weights[0] > 1
    assert set(calibration.weights[1:]) == {0}
    assert calibration.probability((3.0, *REST), 1.0) > 0.9
    assert calibration.probability((-1.0, *REST), 1.0) < 0.1


def test_the_ranking_puts_the_right_candidate_first() -> None:
    """A signal that differs from question to question ranks only within one."""
    random = np.random.default_rng(1)
    trials = []
    for _ in range(100):
        level = float(random.uniform(-50, 50))
        trials.append(trial(True, (level + 1, True), (level, False), (level - 1, False)))
    rank = ranking(trials)
    assert all((t.signals @ rank).argmax() == 0 for t in trials)
    assert not ranking([trial(True, (1.0, False))]).any()


def test_probabilities_are_those_of_the_sample() -> None:
    trials = [trial(True, (0.0, i % 4 == 0)) for i in range(400)]
    assert fit(trials).probability((0.0, *REST), 1.0) == pytest.approx(0.25, abs=0.02)


def test_a_close_rival_costs_belief() -> None:
    """Right where the first stands alone, wrong where a second comes near."""
    trials = [trial(True, (3.0, True), (-3.0, False))] * 30
    trials += [trial(True, (3.0, False), (2.9, False))] * 20
    calibration = fit(trials)
    signal = (3.0, *REST)
    assert calibration.probability(signal, 0.99) > calibration.probability(signal, 0.5) + 0.2


def test_the_threshold_parts_answers_from_silence() -> None:
    probability = np.array([0.7] * 3 + [0.3] * 7)
    yes = np.array([True] * 3 + [False] * 7)
    assert 0.3 < best_threshold(probability, yes, yes) <= 0.7


def test_who_expects_answers_gets_a_lower_threshold() -> None:
    # Doubtful answers: half of them right, half given to questions that have none.
    probability = np.array([0.9] * 4 + [0.4] * 4 + [0.4] * 4 + [0.1] * 4)
    right = np.array([True] * 8 + [False] * 8)
    often, rarely = (best_threshold(probability, right, right, share) for share in (0.8, 0.2))
    assert often <= 0.4 < rarely


def test_nothing_to_learn_from_is_refused() -> None:
    for trials in ([], [trial(True, (1.0, False))], [trial(True, (1.0, True))]):
        with pytest.raises(DataError, match="Calibrate on more"):
            fit(trials)
