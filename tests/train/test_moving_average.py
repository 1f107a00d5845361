"""A moving average of the weights is what a run saves, and it resumes from the live ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from dragon.engine.loading import load
from dragon.train.loop import train
from dragon.train.moving_average import MovingAverage
from tests.train.runs import reader_model
from tests.train.test_resume import KillAt, Killed, assert_same, dropping, lines


def test_it_is_the_mean_that_its_decay_says() -> None:
    model = nn.Linear(1, 1, bias=False)
    seen, average = [], MovingAverage(model, 0.5)
    for step in range(1, 30):
        with torch.no_grad():
            model.weight.fill_(float(step % 7))
        seen.append(float(step % 7))
        average.update(step)
    expected = 0.0
    for step, value in enumerate(seen, start=1):
        kept = min(0.5, (step - 1) / (step + 9))
        expected = kept * expected + (1 - kept) * value
    with average.in_place():
        assert float(model.weight.detach()) == pytest.approx(expected, rel=1e-5)
    assert float(model.weight.detach()) == seen[-1], "outside it has its own weights"


def test_without_decay_nothing_changes() -> None:
    model = nn.Linear(2, 2)
    before, average = model.weight.detach().clone(), MovingAverage(model, 0.0)
    average.update(1)
    with average.in_place():
        assert torch.equal(model.weight, before)
    assert average.live() == {}


def test_a_run_saves_the_mean_and_resumes_from_its_own_weights(
    reading_set: Path, tmp_path: Path
) -> None:
    averaged = dropping(reading_set, ema=0.9)
    whole, stopped, plain = (tmp_path / name for name in ("whole", "stopped", "plain"))
    train(reader_model(), averaged, whole)
    with pytest.raises(Killed):
        train(reader_model(), averaged, stopped, watcher=KillAt(5, ""))
    train(reader_model(), averaged, stopped, resume=True)
    assert_same(whole, stopped)
    train(reader_model(), dropping(reading_set), plain)
    losses = [[line["loss"] for line in lines(run)] for run in (whole, plain)]
    assert losses[0] == losses[1], "the average does not touch the training"
    kept, last = (load(run / "last")[1] for run in (whole, plain))
    assert any(not np.array_equal(kept[n].f32(), last[n].f32()) for n in kept)
