"""What was found out becomes files that can be read, looked at and compared."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from dragon.errors import DataError
from dragon.evaluate.compare import paired_by_set, write_comparison
from dragon.evaluate.plots import interval_chart, line_chart, nice_top
from dragon.evaluate.result import Plot, Result, Table, average, share
from dragon.evaluate.scorecard import Scorecard, as_html, as_json, line, read, write

PLOT = Plot("Risk", "coverage", "risk", {"a & b": ((0.1, 0.0), (1.0, 0.4)), "c": ((1.0, 0.2),)})
RESULT = Result(
    "grammar",
    "Which is <right>?",
    4,
    (
        share("accuracy", [True, True, False, True]),
        *(share(name, [True, False]) for name in ("binding", "ellipsis", "quantifiers")),
        average("change", [0.5, -0.25]),
    ),
    (Table("By set", ("set", "accuracy"), (("a|b", 0.5), ("c", 1.0))),),
    (PLOT,),
    {"seed": 0},
)
CARD = Scorecard("<model>", {"parameters": "1.0M", "layers": 2}, (RESULT,), {"x": "Not here."})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write(CARD, tmp_path / "card")
    assert read(tmp_path / "card") == CARD
    names = sorted(p.name for p in (tmp_path / "card").iterdir())
    assert names == ["grammar-1.svg", "scorecard.html", "scorecard.json", "scorecard.md"]
    again = {p.name: p.read_bytes() for p in (tmp_path / "card").iterdir()}
    write(read(tmp_path / "card"), tmp_path / "card")
    assert again == {p.name: p.read_bytes() for p in (tmp_path / "card").iterdir()}


def test_the_page_runs_nothing_and_escapes_what_it_is_told() -> None:
    page = as_html(CARD)
    assert "<script" not in page
    assert "{{" not in page
    assert "<model>" not in page
    assert "&lt;model&gt;" in page
    assert "Which is &lt;right&gt;?" in page
    assert "http:" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_every_score_stands_with_count_and_interval() -> None:
    said = line(RESULT)
    assert said.startswith('{"name": "grammar", "metrics": {"accuracy": 0.75,')
    assert said.endswith('"count": 4}')
    assert "\n" not in said
    text = as_json(CARD)
    for score in RESULT.scores:
        assert score.low <= score.value <= score.high
        assert f'"name": "{score.name}"' in text


def test_plots_are_whole_svg() -> None:
    row = {"one": RESULT.scores[0], "two": RESULT.scores[4]}
    for text in (line_chart(PLOT), interval_chart("t", {"a<b": row}, {"chance": 0.5})):
        root = ElementTree.fromstring(text)
        assert root.tag.endswith("svg")
    assert line_chart(Plot("none", "x", "y", {})).startswith("<svg")
    assert interval_chart("none", {}).startswith("<svg")


@pytest.mark.parametrize(("value", "top"), [(0.0011, 0.002), (99, 100), (1, 1), (5.1, 10)])
def test_an_axis_ends_at_a_round_figure(value: float, top: float) -> None:
    assert nice_top(value) == pytest.approx(top)


def test_models_are_compared_where_both_were_asked(tmp_path: Path) -> None:
    other = Scorecard("b", {}, (RESULT, Result("language", "", 1, ())), {})
    paths = write_comparison({"one": CARD, "two": other}, tmp_path)
    assert [p.name for p in paths] == ["comparison.md", "grammar.svg"]
    text = paths[0].read_text()
    assert "| grammar | one | two |" in text
    assert "| accuracy | 0.750 (0.301 to 0.954) | 0.750 (0.301 to 0.954) |" in text
    assert "change" not in paths[1].read_text()  # no share
    with pytest.raises(DataError, match="no evaluation in common"):
        write_comparison({"one": CARD, "two": Scorecard("b", {}, (), {})}, tmp_path)


def test_models_are_compared_set_by_set(tmp_path: Path) -> None:
    better = Table("By set", ("set", "accuracy"), (("c", 0.9), ("a|b", 0.8), ("new", 0.0)))
    other = Scorecard("b", {}, (replace(RESULT, tables=(better,)),), {})
    [score] = paired_by_set({"one": CARD, "two": other})["grammar"]
    assert (score.name, score.count) == ("two - one", 2)
    assert score.value == pytest.approx((0.3 - 0.1) / 2)
    assert (score.low, score.high) == pytest.approx((-0.1, 0.3))
    text = write_comparison({"one": CARD, "two": other}, tmp_path)[0].read_text()
    assert "| two - one | 0.100 (-0.100 to 0.300) | 2 |" in text


def test_what_is_no_scorecard_is_refused(tmp_path: Path) -> None:
    for text in ("{}", "[", '{"results": [{"name": "x"}]}'):
        (tmp_path / "scorecard.json").write_text(text)
        with pytest.raises(DataError, match="is no scorecard"):
            read(tmp_path)
    with pytest.raises(DataError, match="is no scorecard"):
        read(tmp_path / "nowhere")
