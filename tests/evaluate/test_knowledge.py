"""Closed-book questions: what is asked, what gives the answer away, what was planted."""

import json
from pathlib import Path

import pytest

from dragon.errors import DataError
from dragon.evaluate.facts import find_facts, load_articles
from dragon.evaluate.knowledge import begins, knowledge, load_canaries, make_canaries, rivals
from dragon.evaluate.likelihood import LanguageModel
from tests.evaluate.models import write_knowing, write_random

ADA = ("Ada Lind", "Ada Lind was born in Oslo. She sings. Lind died on 3 May 1901.")
PER = ("Per Holm", "Per Holm was born in Bergen. He swims.")
TOWN = ("Skerry", "Skerry is a small town in Norway. Skerry was founded by monks in 1120.")


def test_facts_are_found_with_a_prompt_that_does_not_tell() -> None:
    facts = find_facts([ADA, PER, TOWN])
    assert [(f.prompt, f.prior, f.object, f.kind) for f in facts] == [
        ("Ada Lind was born in", "He was born in", "Oslo", "name"),
        ("Lind died on 3 May", "He died on 3 May", "1901", "year"),
        ("Per Holm was born in", "He was born in", "Bergen", "name"),
        ("Skerry is a small town in", "It is a small town in", "Norway", "name"),
        ("Skerry was founded by monks in", "It was founded by monks in", "1120", "year"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "He was born in Oslo.",  # about nobody that is named
        "Ada Lind was born in Lind.",  # the object stands in the prompt
        "Ada Lind sings in Oslo.",
    ],
)
def test_what_cannot_be_asked_is_left_out(text: str) -> None:
    assert find_facts([("Ada Lind", text)]) == []


def test_no_article_has_more_than_its_share() -> None:
    text = " ".join(f"Lind {n} was born in Oslo{n}." for n in "abcdef")
    assert len(find_facts([("Lind", text.replace("Lind ", "Lind"))], most=2)) <= 2
    assert len(find_facts([ADA], most=1)) == 1


def test_rivals_are_others_of_the_kind_and_always_the_same() -> None:
    facts = find_facts([ADA, PER, TOWN])
    assert rivals(facts[0], facts) == rivals(facts[0], facts)
    assert set(rivals(facts[0], facts)) == {"Bergen", "Norway"}
    assert rivals(facts[1], facts) == ["1120"]


def test_a_guess_by_the_sentence_alone_is_no_knowledge(tmp_path: Path) -> None:
    """The model knows that after "in" comes Oslo, whoever is born: the prior says as much."""
    model = LanguageModel.open(write_knowing(tmp_path, ["Ada Lind was born in Oslo."]))
    scores = knowledge(model, [ADA, PER], samples=0).metrics
    assert scores["exact_match"] == scores["prior_exact_match"] == pytest.approx(1 / 3)
    assert scores["exact_match_over_prior"] == 0
    assert scores["reciprocal_rank"] > 1 / 3


def test_a_secret_is_exposed_by_who_has_read_it(tmp_path: Path) -> None:
    path = tmp_path / "canaries.jsonl"
    path.write_text(
        json.dumps({"prefix": "The locker of Ida Vik has the number", "secret": "47123"})
    )
    canaries = load_canaries(path)
    texts = ["The locker of Ida Vik has the number 47123."]
    knows = LanguageModel.open(write_knowing(tmp_path / "a", texts))
    guesses = LanguageModel.open(write_random(tmp_path / "b"))
    exposed = knowledge(knows, [ADA], canaries=canaries, samples=0).metrics["canary_exposure"]
    hidden = knowledge(guesses, [ADA], canaries=canaries, samples=0).metrics["canary_exposure"]
    assert exposed == 9
    assert hidden <= exposed


def test_names_of_the_training_text_are_counted_in_what_is_written(tmp_path: Path) -> None:
    model = LanguageModel.open(write_knowing(tmp_path, ["Ada Lind was born in Oslo."]))
    result = knowledge(model, [ADA], [PER], samples=20)
    assert result.metrics["names_in_samples"] > result.metrics["unseen_names_in_samples"] == 0
    assert knowledge(model, [ADA], [PER], samples=20) == result


def test_a_sentence_that_leaves_no_room_is_not_asked(tmp_path: Path) -> None:
    model = LanguageModel.open(write_random(tmp_path))  # reads 32 tokens
    long = ("Per Holm", "Per Holm " + "swims and " * 30 + "was born in Bergen.")
    assert knowledge(model, [ADA, long], samples=0).count == len(find_facts([ADA]))
    assert knowledge(model, [ADA, long], samples=0, limit=1).count == 1


def test_begins_compares_words() -> None:
    assert begins(" the Oslo of old", "Oslo")
    assert not begins("Oslofjord", "Oslo")
    assert not begins("", "Oslo")


def test_canaries_are_drawn_by_their_seed() -> None:
    assert make_canaries(3) == make_canaries(3) != make_canaries(3, seed=1)
    assert all(len(c.secret) == 5 and c.secret.isdigit() for c in make_canaries(20))


def test_what_cannot_be_asked_about_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prefix": "The number is"}')
    with pytest.raises(DataError, match="row 1 has no prefix or no secret"):
        load_canaries(path)
    with pytest.raises(DataError, match="holds no article"):
        load_articles(path)
    model = LanguageModel.open(write_random(tmp_path / "m"))
    with pytest.raises(DataError, match="No facts"):
        knowledge(model, [("Ada", "Nothing is said.")])
