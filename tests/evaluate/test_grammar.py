"""Pairs of sentences: ties are wrong, names change together and keep their gender."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.errors import DataError
from dragon.evaluate.grammar import Pair, grammar, judge, load_pairs
from dragon.evaluate.likelihood import LanguageModel
from dragon.evaluate.renaming import Renamer, is_neutral
from tests.evaluate.models import TEXTS, write_knowing

SENTENCES = [
    "Mary hurt herself.",
    "John hurt himself.",
    "Eva hurt herself.",
    "Every dog hurt itself.",
]
SENTENCES += ["She saw Mary.", "He saw John.", "He saw Eva."]


def row(number: int, term: str = "binding") -> dict[str, object]:
    good, bad = f"Mary hurt herself {number}.", f"Mary hurt himself {number}."
    return {"UID": "a", "linguistics_term": term, "sentence_good": good, "sentence_bad": bad}


def pairs_of(folder: Path, *rows: object) -> Path:
    path = folder / "blimp.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_a_tie_is_wrong(tmp_path: Path) -> None:
    model = LanguageModel.open(write_knowing(tmp_path, TEXTS))
    known = ("Mary hurt herself.", "Mary herself hurt.")
    right = judge(model, [known, known[::-1], (known[0], known[0])])
    assert right.tolist() == [True, False, False]


def test_a_result_names_every_phenomenon_and_set(tmp_path: Path) -> None:
    model = LanguageModel.open(write_knowing(tmp_path, TEXTS))
    pairs = [Pair(s, s.replace("hurt", "saw"), "one", "binding") for s in SENTENCES[:4]]
    pairs += [Pair("She saw Mary.", "She Mary saw.", "two", "ellipsis")]
    result = grammar(model, pairs)
    assert result.metrics["accuracy"] >= 0.8
    assert {"binding", "ellipsis", "renamed", "renamed_change"} <= result.metrics.keys()
    assert [r[1] for r in result.tables[0].rows] == ["one", "two"]
    assert grammar(model, pairs) == result


def test_the_rows_are_read_and_spread(tmp_path: Path) -> None:
    path = pairs_of(tmp_path, *(row(i, "s-selection") for i in range(10)))
    assert len(load_pairs(path)) == 10
    chosen = load_pairs(path, 2)
    assert [p.good for p in chosen] == ["Mary hurt herself 0.", "Mary hurt herself 5."]
    assert chosen[0].phenomenon == "argument_structure"


@pytest.mark.parametrize(
    ("rows", "message"),
    [([row(1), {"UID": "a"}], "row 2 has no field 'sentence_good'"), ([], "holds no pair")],
)
def test_malformed_rows_are_refused(tmp_path: Path, rows: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_pairs(pairs_of(tmp_path, *rows))


def test_names_are_exchanged_alike_and_keep_their_gender() -> None:
    renamer = Renamer(SENTENCES)
    assert renamer.real("Mary hurt herself.", "Mary hurt himself.") == (
        "Eva hurt herself.",
        "Eva hurt himself.",
    )
    assert renamer.real("Every dog sleeps.", "Every dog sleep.") == (
        "Every dog sleeps.",
        "Every dog sleep.",
    )
    good, bad = renamer.invented("She saw Mary.", "She saw Mary Mary.")
    assert good.startswith("She saw ")
    assert "Mary" not in good + bad
    assert bad.count(good.split()[-1].strip(".")) == 2
    assert renamer.holds_name("He saw John.")
    assert not renamer.holds_name("Every dog sleeps.")
    assert not is_neutral("He saw John.")
    assert is_neutral("Every dog sleeps.")


@settings(max_examples=25)
@given(st.permutations(["Mary", "John", "Eva", "saw", "Every"]))
def test_different_names_stay_different(words: list[str]) -> None:
    text = " ".join(words)
    good, bad = Renamer(SENTENCES).real(text, text)
    assert good == bad
    assert len(set(good.split())) == len(words)
