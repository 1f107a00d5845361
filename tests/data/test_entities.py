"""Names, dates and numbers are found without a model; how well is measured against hand marks."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.data.entities import Lexicon, find_entities
from dragon.data.entities.evaluate import score, unmarked

ROOT = Path(__file__).parents[2]
MARKED = ROOT / "benchmarks" / "entities.jsonl"
LEXICON = Lexicon.built_in()


_TOOLS = ("Oxa", "Vell", "Quatz")
_TOWN = [("Indianova", "PLACE"), ("Mississippi", "PLACE")]


def found(text: str) -> list[tuple[str, str]]:
    return [(text[a:b], kind) for a, b, kind in find_entities(text, LEXICON)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She met Dr. Vikram Oster.", [("Vikram Oster", "PERSON")]),
        ("They live in Kerblova.", [("Kerblova", "PLACE")]),
        ("He studied at the University of Quatz.", [("University of Quatz", "ORG")]),
        ("In 1902 and the 1970s it grew.", [("1902", "DATE"), ("1970s", "DATE")]),
        ("On 3 March 1871 it rained.", [("3 March 1871", "DATE")]),
        ("It cost $2.5 million.", [("$2.5 million", "AMOUNT")]),
        ("It has 12,400 seats and two doors.", [("12,400", "NUMBER"), ("two", "NUMBER")]),
        ("It is 4.2 km long.", [("4.2 km", "AMOUNT")]),
        ("Pass it to useState.", [("useState", "COINED")]),
        ("The French girl laughed.", [("French", "PLACE")]),
        ("Her novel The Silent River sold well.", [("The Silent River", "WORK")]),
        ("Oxa is a village in the north.", [("Oxa", "PLACE")]),
        ("Oxa (OX) is a free football club of the north.", [("Oxa", "ORG"), ("OX", "ORG")]),
        ("Vell Quatz is the third album by us.", [("Vell Quatz", "WORK")]),
        ("Oxa Vell, who sold ropes, left.", [("Oxa Vell", "PERSON")]),
        ("Oxavell was founded by nobody.", [("Oxavell", "ORG")]),
        ("They use tools such as Oxa, Vell and Quatz.", [(w, "COINED") for w in _TOOLS]),
        ("We heard the band Chelsea Grin.", [("Chelsea Grin", "ORG")]),
        ("He sailed on HMS Oxavell.", [("HMS Oxavell", "COINED")]),
        ("The orchid Arethusa catenata blooms.", [("Arethusa catenata", "COINED")]),
        ("It joined the 21st Artillery Division.", [("21st Artillery Division", "ORG")]),
        ("BelHard Group sold it.", [("BelHard Group", "ORG")]),
        ("She lives in Indianova, Mississippi.", _TOWN),
        ("They read Gone with the Wind.", [("Gone with the Wind", "WORK")]),
        ("She saw The Silent Island again.", [("The Silent Island", "WORK")]),
        ("She starred in Vell Quatz.", [("Vell Quatz", "WORK")]),
        ("He is a member of Vell Quatz.", [("Vell Quatz", "ORG")]),
        ("The Republicans won.", [("Republicans", "ORG")]),
        ("Unlike the others, nothing here is a name.", []),
        ("However, it ended. Nobody came!", []),
        ("", []),
    ],
)
def test_kinds(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_clear_name_settles_its_parts_elsewhere() -> None:
    text = "Tellmark was old. Everyone knew Dr. Anna Tellmark. They asked Tellmark."
    assert [kind for name, kind in found(text) if name == "Tellmark"] == ["PERSON", "PERSON"]


def test_a_word_that_the_text_writes_small_too_is_no_name() -> None:
    assert found("Mousselard is sweet. They eat mousselard.") == []
    assert found("Mousselard is sweet. They eat it.") == [("Mousselard", "PERSON")]


@given(st.text(alphabet="AbC dé.,'’\"-_0123 ofthe\n$()", max_size=120))
def test_entities_are_in_order_and_do_not_overlap(text: str) -> None:
    entities = find_entities(text, LEXICON)
    assert all(0 <= e.start < e.end <= len(text) for e in entities)
    ends = [0, *(e.end for e in entities)]
    assert all(e.start >= end for e, end in zip(entities, ends, strict=False))


def test_marked_sentences_keep_the_measured_level() -> None:
    rows = [json.loads(line) for line in MARKED.read_text("utf-8").splitlines()]
    marked = [row for row in rows if "text" in row]
    assert len(marked) >= 300
    assert {e.kind for row in marked for e in unmarked(row["text"])[1]} == set(rows[0]["types"])
    scores = score(marked, lambda text: find_entities(text, LEXICON))
    assert scores["all"].marked > 700
    assert scores["all"].coverage > 0.94
    assert scores["all"].recall > 0.79
    assert scores["all"].precision > 0.74
    assert scores["DATE"].recall > 0.95


def test_scores_count_what_is_exact_touched_and_spurious() -> None:
    rows = [{"text": "[Ida Marsh|PERSON] left [Oslo|PLACE] in [1902|DATE] again."}]
    plain, (person, _, date) = unmarked(rows[0]["text"])
    other = person._replace(end=person.end - 1), date, date._replace(start=30, end=34)
    result = score(rows, lambda text: other if text == plain else ())["all"]
    assert (result.marked, result.found, result.exact, result.touched) == (3, 3, 1, 2)
    assert result.spurious == 1
    assert result.coverage == pytest.approx(2 / 3)
