"""TensorBoard reads what a run has written, each step once."""

from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dragon.train.loop import train
from tests.train.runs import language_model, settings
from tests.train.test_resume import KillAt, Killed, lines

Curve = list[tuple[int, float]]


def read(folder: Path) -> dict[str, Curve]:
    """The curves as TensorBoard shows them."""
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags}


def test_the_event_file_holds_the_metrics(language_set: Path, tmp_path: Path) -> None:
    config = replace(settings(language_set, "language"), tensorboard=True)
    with pytest.raises(Killed):  # two steps after the last checkpoint
        train(language_model(), config, tmp_path, watcher=KillAt(5, ""))
    train(language_model(), config, tmp_path, resume=True)
    curves, written = read(tmp_path / "tensorboard"), lines(tmp_path)
    for tag, name in (("train/loss", "loss"), ("train/lr", "lr"), ("val/loss", "val_loss")):
        expected = [(line["step"], line[name]) for line in written if name in line]
        assert [step for step, _ in curves[tag]] == [step for step, _ in expected]
        assert [v for _, v in curves[tag]] == pytest.approx([v for _, v in expected], rel=1e-6)
