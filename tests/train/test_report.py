"""A report is one file that loads nothing, of one run or of several."""

import json
import re
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.train.loop import train
from dragon.train.report.chart import Series, chart, ticks
from tests.train.runs import language_model, settings

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(language_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reported") / "first <b>"
    train(language_model(), settings(language_set, "language"), folder)
    return folder


def test_one_run(run: Path, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(run), "--html", str(page)]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    text = page.read_text("utf-8")
    assert "first &lt;b&gt;" in text
    assert "first <b>" not in text
    for part in ("Loss (nats)", "Learning rate", "Tokens per second", "Gradient norm", "Settings"):
        assert part in text
    assert text.count('class="broad"') == 2  # the loss, and the third of the small ones
    assert "What the best checkpoint writes" in text
    assert "8 of 8" in text
    assert not re.search(r"<script|https?://|src=|@import", text)
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert f"{last['loss']:.4f}" in text
    assert f"step 8: {last['val_loss']:.4g}" in text


def test_runs_beside_each_other(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "second"
    other.mkdir()
    values = json.loads((run / "config.json").read_text())
    values["train"]["learning_rate"] = 0.5
    (other / "config.json").write_text(json.dumps(values))
    (other / "metrics.jsonl").write_text('{"step": 1, "loss": 2.5}\n{"step": 2, "lo')
    page = tmp_path / "report.html"
    assert main(["report", str(run), str(other), "--html", str(page), "--no-samples"]) == 0
    text = page.read_text("utf-8")
    assert text.count('class="differs"') == 1
    assert "<td>0.003</td><td>0.5</td>" in text
    assert '<circle class="c1"' in text  # a line of one point would not be seen
    assert "writes" not in text


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (None, "holds no run: it has no metrics.jsonl"),
        ("", "has no step yet"),
        ('{"step": 1\n{"step": 2, "loss": 1}\n', "metrics.jsonl:1 is no line of metrics"),
        ('{"step": 1, "loss": 1}\n', "config.json cannot be read"),
    ],
)
def test_what_is_no_run_is_refused(
    tmp_path: Path, capsys: Capture, lines: str | None, message: str
) -> None:
    if lines is not None:
        (tmp_path / "metrics.jsonl").write_text(lines)
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "--html", str(page)]) == 1
    assert message in capsys.readouterr().err
    assert not page.exists()


def test_too_many_runs_and_no_place_are_refused(run: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["report", *[str(run)] * 7, "--no-samples", "--html", str(tmp_path / "x")]) == 2
    assert "7 runs to report. Name 1 to 6." in capsys.readouterr().err
    assert main(["report", str(run), "--no-samples", "--html", str(tmp_path)]) == 2
    assert "is a folder. Give the name of a file." in capsys.readouterr().err


def test_an_outlier_does_not_flatten_the_rest() -> None:
    points = [(float(n), 1.0 + n / 1000) for n in range(100)]
    points[0] = (0.0, 500.0)
    drawn = chart([Series("norm", points, 0)], "norm")
    heights = [float(y) for y in re.findall(r",([\d.]+)", drawn.split('points="')[1].split('"')[0])]
    assert max(heights) - min(heights[1:]) > 100
    assert chart([Series("none", [], 0)], "none") == ""
    assert ticks(0.9, 1.1) == [0.9, 0.95, 1.0, 1.05, 1.1]
