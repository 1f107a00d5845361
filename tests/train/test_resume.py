"""A run that is killed and resumed is the run that was never stopped, to the bit."""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from dragon.cli.main import main
from dragon.config import ModelConfig, TrainConfig
from dragon.errors import CheckpointError, ConfigError
from dragon.train.loop import train
from tests.train.runs import reader_model, settings

EXACT = ("step", "loss", "lr", "grad_norm", "span_loss", "mask_loss", "val_loss", "val_exact")


def lines(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def figures(run: Path) -> list[dict[str, float]]:
    """What must be the same; speeds are not."""
    return [{k: v for k, v in line.items() if k in EXACT} for line in lines(run)]


class Killed(BaseException):
    """Ends a run where it stands; nothing in the loop catches it."""


class KillAt:
    """Ends the run when a step has been logged, or a note is about to be."""

    def __init__(self, step: int, note: str) -> None:
        self.at, self.at_note = step, note

    def begin(self, steps: int) -> None:
        assert steps == 8

    def step(self, metrics: dict[str, float]) -> None:
        if metrics["step"] == self.at:
            raise Killed

    def note(self, text: str) -> None:
        if self.at_note and text.startswith(self.at_note):
            raise Killed


def dropping(data: Path, ema: float = 0.0) -> TrainConfig:
    return settings(data, "reader", dropout=0.1, mask_share=0.15, accumulate=2, ema=ema)


# Checkpoints fall on steps 3, 6, 8 and evaluations on 4, 8: stopped between two checkpoints, right
# after a line, and (8) after the checkpoint of a step but before its line in the log.
@pytest.mark.parametrize(("step", "note"), [(5, ""), (3, ""), (4, ""), (0, "step 8")])
def test_stopped_and_resumed_is_uninterrupted(
    reading_set: Path, tmp_path: Path, step: int, note: str
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(reader_model(), dropping(reading_set), whole)
    with pytest.raises(Killed):
        train(reader_model(), dropping(reading_set), stopped, watcher=KillAt(step, note))
    assert len(lines(stopped)) < 8
    train(reader_model(), dropping(reading_set), stopped, resume=True)
    assert_same(whole, stopped)


def assert_same(whole: Path, stopped: Path, file: str = "model.safetensors") -> None:
    assert figures(stopped) == figures(whole)
    assert [line["step"] for line in lines(stopped)] == list(range(1, len(lines(whole)) + 1))
    for name in ("last", "best"):
        ours, theirs = (load_file(run / name / file) for run in (whole, stopped))
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


def test_kill_9_and_resume_from_the_command_line(reading_set: Path, tmp_path: Path) -> None:
    toml, whole, killed = tmp_path / "c.toml", tmp_path / "whole", tmp_path / "killed"
    toml.write_text(as_toml(reader_model(), dropping(reading_set)))
    with start(toml, killed) as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith("step 5/8"):
            pass
        process.kill()
    assert main(["train", "--out", str(killed), "--resume"]) == 0
    assert main(["train", "--config", str(toml), "--out", str(whole)]) == 0
    assert_same(whole, killed)


# Kills itself at the n-th call that makes a checkpoint safe or gives it its name.
DEADLY = """
import os, signal, sys

left = int(sys.argv.pop(1))

def deadly(call):
    def counted(*args, **named):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **named)
    return counted

for name in ("fsync", "rename", "replace"):
    setattr(os, name, deadly(getattr(os, name)))

from dragon.cli.main import main

sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", [2, 5, 8, 11, 14, 17])
def test_kill_9_while_a_checkpoint_is_written(reading_set: Path, tmp_path: Path, call: int) -> None:
    toml, whole, killed = tmp_path / "c.toml", tmp_path / "whole", tmp_path / "killed"
    config = replace(dropping(reading_set), save_every=1)
    toml.write_text(as_toml(reader_model(), config))
    train(reader_model(), config, whole)
    arguments = ["train", "--config", str(toml), "--out", str(killed)]
    command = [sys.executable, "-c", DEADLY, str(call), *arguments]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    begun = (killed / "last").exists() or (killed / ".last.old").exists()
    assert main([*arguments, *(["--resume"] if begun else [])]) == 0
    assert_same(whole, killed)


def start(toml: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dragon", "train", "--config", str(toml), "--out", str(out)]
    return subprocess.Popen([*command, "--log-every", "1"], stderr=subprocess.PIPE, text=True)


def as_toml(model: ModelConfig, config: TrainConfig) -> str:
    sections = {"model": asdict(model), "train": asdict(config)}
    return "".join(
        f"[{section}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items())
        for section, values in sections.items()
    )


def test_resuming_a_finished_run_does_nothing(reading_set: Path, tmp_path: Path) -> None:
    done = train(reader_model(), settings(reading_set, "reader"), tmp_path)
    again = train(reader_model(), settings(reading_set, "reader"), tmp_path, resume=True)
    assert again == done
    assert again["step"] == 8
    assert "val_loss" in again


def test_a_run_killed_between_two_renames_goes_on(reading_set: Path, tmp_path: Path) -> None:
    train(reader_model(), settings(reading_set, "reader", steps=3), tmp_path)
    (tmp_path / "last").rename(tmp_path / ".last.old")
    longer = settings(reading_set, "reader", steps=4)
    assert train(reader_model(), longer, tmp_path, resume=True)["step"] == 4


def test_what_may_not_be_resumed(reading_set: Path, tmp_path: Path) -> None:
    config = settings(reading_set, "reader", steps=2)
    with pytest.raises(CheckpointError, match="holds no run to resume"):
        train(reader_model(), config, tmp_path / "none", resume=True)
    train(reader_model(), config, tmp_path / "run")
    with pytest.raises(ConfigError, match="holds a run already"):
        train(reader_model(), config, tmp_path / "run")
    other = settings(reading_set, "reader", steps=2, batch_tokens=1024)
    with pytest.raises(ConfigError, match=r"train\.batch_tokens is 1024; .* started with 512"):
        train(reader_model(), other, tmp_path / "run", resume=True)
    (tmp_path / "run/last/training_state.pt").write_bytes(b"PK not a state")
    with pytest.raises(CheckpointError, match=r"training_state.pt is damaged"):
        train(reader_model(), config, tmp_path / "run", resume=True)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The operating system refuses to write further, as it does when the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# Room for the weights (about 200 kB) but not for the optimiser's state, then not even for those.
@pytest.mark.parametrize("room", [300_000, 50_000])
def test_a_full_disk_leaves_the_last_checkpoint(
    reading_set: Path, tmp_path: Path, room: int
) -> None:
    config = settings(reading_set, "reader", steps=3)
    train(reader_model(), config, tmp_path)
    before = {p.name: p.read_bytes() for p in (tmp_path / "last").iterdir()}
    longer = settings(reading_set, "reader", steps=6)
    with largest_file(room), pytest.raises(CheckpointError, match=r"cannot be written.*--resume"):
        train(reader_model(), longer, tmp_path, resume=True)
    assert {p.name: p.read_bytes() for p in (tmp_path / "last").iterdir()} == before
    assert not [p for p in tmp_path.iterdir() if p.name.endswith((".new", ".old"))]
    assert train(reader_model(), longer, tmp_path, resume=True)["step"] == 6


def test_ctrl_c_says_how_to_go_on(
    reading_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml, out = tmp_path / "c.toml", tmp_path / "run"
    config = settings(reading_set, "reader", steps=100_000, save_every=1, eval_every=100_000)
    toml.write_text(as_toml(reader_model(), config))
    with start(toml, out) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("step 1/100000  loss ")
        assert main(["train", "--out", str(out), "--resume"]) == 2
        assert f"in use by process {process.pid}. Wait for it" in capsys.readouterr().err
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait() == 130
    assert f"Go on: dragon train --out {out} --resume" in said
    assert said.endswith("interrupted\n")
    assert "Traceback" not in said
    steps = len(lines(out)) + 2
    assert main(["train", "--config", str(toml), "--out", str(out), "--resume",
                 "--set", f"train.steps={steps}"]) == 0  # fmt: skip
    assert [line["step"] for line in lines(out)] == list(range(1, steps + 1))
