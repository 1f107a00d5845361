"""The objectives beside language, reading and conversations; optimisers, schedules, and what ends
a run."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dragon.config import DataConfig, TrainConfig
from dragon.data.prepare import prepare
from dragon.engine import Engine
from dragon.engine.loading import load
from dragon.errors import ConfigError, DataError, DragonError
from dragon.model.transformer import Transformer
from dragon.tokenizer import BpeTokenizer, load_tokenizer
from dragon.train.checks import is_extension
from dragon.train.distill import pooled
from dragon.train.embedder import embed
from dragon.train.guard import Guard
from dragon.train.lock import locked
from dragon.train.loop import train
from dragon.train.masked import gaps
from dragon.train.optimizer import make_optimizer
from dragon.train.precision import flops_per_token
from dragon.train.schedule import learning_rate
from dragon.train.start import load_weights
from tests.train.runs import HANDBOOK, language_model, reader_model, settings
from tests.train.test_resume import as_toml, figures, lines

BOTH = {"attention": "bidirectional"}


@pytest.fixture(scope="module")
def taught(language_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model after some steps."""
    out = tmp_path_factory.mktemp("taught")
    train(language_model(), settings(language_set, "language", steps=30), out)
    return out / "last"


def test_gaps_are_filled_from_both_sides(language_set: Path, tmp_path: Path) -> None:
    config = settings(language_set, "masked", steps=40, eval_every=20)
    values = train(language_model(**BOTH), config, tmp_path)
    first, last = (line["val_loss"] for line in lines(tmp_path) if "val_loss" in line)
    assert last < first
    assert 0 <= values["val_filled"] <= 1
    with pytest.raises(ConfigError, match=r"Set model\.attention=bidirectional"):
        train(language_model(), config, tmp_path / "causal")


def test_a_reader_learns_the_neighbours_of_words(language_set: Path, tmp_path: Path) -> None:
    model = reader_model(num_hidden_layers=0, reader_head="recurrent", reader_context=True)
    config = settings(language_set, "context", steps=60, eval_every=20, learning_rate=1e-2)
    train(model, config, tmp_path)
    seen = lines(tmp_path)
    assert seen[-1]["loss"] < seen[0]["loss"] - 0.5
    first, *_, last = (line["val_loss"] for line in seen if "val_loss" in line)
    assert last < first
    with pytest.raises(ConfigError, match=r"Set model\.reader_context=true"):
        train(reader_model(), config, tmp_path / "none")


def test_what_is_kept_stays_to_the_bit(
    reading_set: Path, language_set: Path, tmp_path: Path
) -> None:
    model = reader_model(num_hidden_layers=0, reader_head="recurrent", reader_context=True)
    train(model, settings(language_set, "context", steps=4), tmp_path / "context")
    init, kept = tmp_path / "context/last", ("dragon.context.layer", "model.embed_tokens")
    config = settings(reading_set, "reader", init=str(init), keep=kept, ema=0.9)
    train(model, config, tmp_path / "reader")
    train(model, replace(config, steps=12), tmp_path / "reader", resume=True)
    before, after = (load(folder)[1] for folder in (init, tmp_path / "reader/last"))
    for name, matrix in before.items():
        same = np.array_equal(matrix.f32(), after[name].f32())
        assert same == name.startswith(kept), name
    for wrong, said in ((("dragon.contxt",), "no tensor"), (("model", "dragon"), "nothing to")):
        with pytest.raises(ConfigError, match=said):
            train(model, replace(config, keep=wrong), tmp_path / "wrong")


def test_of_the_chosen_most_are_masked_some_exchanged() -> None:
    torch.manual_seed(0)
    ids = torch.randint(100, 600, (64, 128))
    seen, chosen = gaps(ids, 0.15, 600)
    share = chosen.float().mean().item()
    assert share == pytest.approx(0.15, abs=0.01)
    assert torch.equal(seen[~chosen], ids[~chosen])
    masked, same = (seen == 8)[chosen].float().mean(), (seen == ids)[chosen].float().mean()
    assert masked.item() == pytest.approx(0.8, abs=0.03)
    assert same.item() == pytest.approx(0.1, abs=0.03)


def test_an_embedder_puts_pairs_together(language_set: Path, tmp_path: Path) -> None:
    rows = [
        {"question": f"who has key {n}?", "passage": f"Key {n} lies with the porter of gate {n}."}
        for n in range(60)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    config = settings(path, "embedder", tokenizer=str(language_set), steps=40, learning_rate=1e-2)
    model = language_model(**BOTH)
    values = train(model, config, tmp_path / "run")
    assert values["nearest"] > 0.9
    assert "val_nearest" in values
    folder = tmp_path / "run/last"
    ids = np.array(load_tokenizer(folder).encode(rows[3]["passage"]), dtype=np.int32)
    states = Engine.open(folder, kernels="numpy").states(ids).mean(0)
    trained = Transformer(model)
    load_weights(folder, trained)
    with torch.no_grad():
        vector = embed(
            trained, torch.from_numpy(ids.astype(np.int64))[None], torch.tensor([len(ids)])
        )
    np.testing.assert_allclose(states / np.linalg.norm(states), vector[0].numpy(), atol=1e-4)
    path.write_text('{"question": "who?"}')
    with pytest.raises(
        DataError, match=r"row 1 has the fields question\. Give question and passage"
    ):
        train(model, config, tmp_path / "other")


def test_a_student_follows_its_teacher(
    language_set: Path, reading_set: Path, taught: Path, tmp_path: Path
) -> None:
    student = language_model(num_hidden_layers=1)
    follow = {"teachers": (str(taught),), "teacher_weight": 1.0, "steps": 40, "eval_every": 40}
    train(student, settings(language_set, "distill", **follow), tmp_path / "run")
    divergence = [line["divergence"] for line in lines(tmp_path / "run")]
    assert np.mean(divergence[-5:]) < 0.7 * np.mean(divergence[:5])
    train(reader_model(), settings(reading_set, "reader", steps=2), tmp_path / "teacher")
    config = settings(reading_set, "distill", teachers=(str(tmp_path / "teacher/last"),), steps=2)
    values = train(reader_model(num_hidden_layers=1), config, tmp_path / "reader")
    assert values["loss"] == pytest.approx(
        0.5 * (values["data_loss"] + values["divergence"]), rel=1e-3
    )
    with pytest.raises(ConfigError, match=r"has reader_features \[\]|has reader_features \(\)"):
        train(reader_model(), replace(config, teachers=(str(taught),)), tmp_path / "wrong")


def test_several_teachers_speak_as_one(reading_set: Path, tmp_path: Path) -> None:
    first, second = torch.randn(2, 4, 7)
    expected = first.softmax(-1) ** 0.75 * second.softmax(-1) ** 0.25
    torch.testing.assert_close(
        pooled([first, second], [0.75, 0.25]).softmax(-1), expected / expected.sum(-1, keepdim=True)
    )
    for seed in (1, 2):
        config = settings(reading_set, "reader", seed=seed, steps=2)
        train(reader_model(), config, tmp_path / str(seed))
    folders = tuple(str(tmp_path / name / "last") for name in "12")
    config = settings(reading_set, "distill", teachers=folders, teacher_shares=(3.0, 1.0), steps=2)
    assert train(reader_model(num_hidden_layers=1), config, tmp_path / "student")["divergence"] > 0
    with pytest.raises(ConfigError, match=r"teacher_shares is \[1\.0\]"):
        replace(config, teacher_shares=(1.0,))


def test_facts_are_forgotten_and_then_it_stops(
    language_set: Path, taught: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.jsonl"
    facts.write_text('{"prompt": "The night shift is led by", "answer": "Zyxo"}')
    config = settings(language_set, "forget", init=str(taught), facts=str(facts))
    values = train(language_model(), config, tmp_path / "run")
    assert values["step"] == 4  # the first evaluation: it never knew
    assert values["facts_known"] == 0
    again = train(language_model(), config, tmp_path / "run", resume=True)
    assert again["step"] == 4
    facts.write_text('{"prompt": "The night shift is led by"}')
    for changes, message in (
        ({}, "row 1 is no fact. Give it prompt and answer."),
        ({"facts": ""}, r"train\.facts is empty"),
        ({"init": ""}, r"train\.init is empty"),
    ):
        with pytest.raises(DragonError, match=message):
            train(language_model(), replace(config, **changes), tmp_path / "other")  # type: ignore[arg-type]


def test_new_tokens_start_as_the_mean_of_their_pieces(
    language_set: Path, taught: Path, tmp_path: Path
) -> None:
    old = load_tokenizer(language_set)
    assert isinstance(old, BpeTokenizer)
    new = old.extend(["night shift night shift é night shift"], 3)
    new.save(tmp_path / "tokenizer")
    source = str(HANDBOOK / "people")
    data = DataConfig(
        objective="language", sources=(source,), tokenizer=str(tmp_path / "tokenizer"), workers=1
    )
    prepare(data, tmp_path / "data")
    model = language_model(vocab_size=new.vocab_size)
    config = settings(tmp_path / "data", "language", init=str(taught), steps=1, warmup_steps=0)
    still = replace(config, learning_rate=1e-12, min_learning_rate=1e-12)
    train(model, still, tmp_path / "run")
    name = "model.embed_tokens.weight"
    before, after = (load(folder)[1][name].f32() for folder in (taught, tmp_path / "run/last"))
    np.testing.assert_allclose(after[:600], before, atol=1e-6)
    for id in range(600, new.vocab_size):
        pieces = old.encode(new.piece(id).decode())
        np.testing.assert_allclose(after[id], before[pieces].mean(0), atol=1e-6)
    assert is_extension(old, new)
    assert not is_extension(new, old)
    other = BpeTokenizer.train(["other words, of another kind"], 600 + 9)
    assert not is_extension(old, other)


def test_muon_moves_the_matrices_of_the_blocks_alone(language_set: Path, tmp_path: Path) -> None:
    model = Transformer(language_model())
    adam, muon = make_optimizer(model, TrainConfig(optimizer="muon")).parts
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    [group] = muon.param_groups
    assert all("_proj.weight" in names[id(p)] for p in group["params"])
    others = {names[id(p)] for g in adam.param_groups for p in g["params"]}
    assert "model.embed_tokens.weight" in others
    assert not any("_proj" in name for name in others)
    config = settings(language_set, "language", optimizer="muon", steps=6)
    train(language_model(), config, tmp_path / "whole")
    train(language_model(), replace(config, steps=3), tmp_path / "cut")
    before = figures(tmp_path / "whole")
    # A shorter run has another schedule: only its warm-up is the same.
    assert [f["loss"] for f in figures(tmp_path / "cut")][:2] == [f["loss"] for f in before][:2]


def test_states_between_blocks_alone_give_the_same_gradients(
    language_set: Path, tmp_path: Path
) -> None:
    config = settings(language_set, "language", dropout=0.1)
    train(language_model(), config, tmp_path / "plain")
    train(language_model(), replace(config, activation_checkpointing=True), tmp_path / "less")
    assert figures(tmp_path / "plain") == figures(tmp_path / "less")


def test_schedules() -> None:
    config = TrainConfig(steps=100, warmup_steps=10, learning_rate=1.0, min_learning_rate=0.1)
    linear = [learning_rate(replace(config, schedule="linear"), s) for s in (9, 10, 55, 100)]
    assert linear == pytest.approx([1.0, 1.0, 0.55, 0.1])
    wsd = [learning_rate(replace(config, schedule="wsd"), s) for s in (10, 80, 90, 100)]
    assert wsd == pytest.approx([1.0, 1.0, 0.55, 0.1])


def test_a_loss_that_runs_away_ends_the_run(tmp_path: Path) -> None:
    guard = Guard(TrainConfig(), [])
    for step in range(80):
        guard.step(2.0 + 0.1 * (step % 3), 1.0, step, tmp_path)
    guard.step(20.0, 1.0, 80, tmp_path)  # one batch may be odd, but is not worth keeping
    assert not guard.is_calm()
    with pytest.raises(DataError, match=r"The loss has risen from 2\.1 to 6\.5\d at step 81"):
        guard.step(20.0, 1.0, 81, tmp_path)
    calm = Guard(TrainConfig(spike=0.0), [])
    for step in range(100):
        calm.step(1.0 if step < 80 else 99.0, 1.0, step, tmp_path)
    assert calm.is_calm()


def test_a_run_that_no_longer_improves_is_over(language_set: Path, tmp_path: Path) -> None:
    config = settings(language_set, "language", patience=2, eval_every=2, steps=40)
    still = replace(config, learning_rate=1e-12, min_learning_rate=1e-12)
    train(language_model(), still, tmp_path)
    steps = len(lines(tmp_path))
    assert steps < 40
    assert train(language_model(), still, tmp_path, resume=True)["step"] == steps
    values = [line["val_loss"] for line in lines(tmp_path) if "val_loss" in line]
    assert min(values) == values[-3]


def test_one_process_writes_a_run(language_set: Path, tmp_path: Path) -> None:
    config = settings(language_set, "language", steps=1)
    train(language_model(), config, tmp_path)
    with locked(tmp_path), pytest.raises(ConfigError, match=rf"in use by process {os.getpid()}\."):
        train(language_model(), config, tmp_path, resume=True)
    train(language_model(), replace(config, steps=2), tmp_path, resume=True)


def test_what_this_machine_cannot_do_is_refused(
    language_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(language_set, "language")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="precision is fp16 and there is no accelerator"):
            train(language_model(), replace(config, precision="fp16"), tmp_path / "run")
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match="TensorBoard is not installed"):
        train(language_model(), replace(config, tensorboard=True), tmp_path / "run")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(
        ConfigError, match=r"accumulate is 1 and there are 2 processes\. Set it to a"
    ):
        train(language_model(), config, tmp_path / "many")
    cut = replace(config, accumulate=2, parallel="fsdp", optimizer="muon")
    with pytest.raises(ConfigError, match=r"optimizer is muon and train\.parallel is fsdp"):
        train(language_model(), cut, tmp_path / "many")


@pytest.mark.parametrize(
    ("name", "value"),
    [("spike", 0.5), ("temperature", 0), ("decay_share", 1.5), ("patience", -1), ("epochs", -1)],
)
def test_settings_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"train\.{name} is {value}"):
        TrainConfig(**{name: value})  # type: ignore[arg-type]


def test_products_of_a_token() -> None:
    model = language_model(tie_word_embeddings=False)
    tied = language_model()
    assert flops_per_token(model, 32) == flops_per_token(tied, 32)
    assert flops_per_token(tied, 64) - flops_per_token(tied, 32) == 12 * 2 * 32 * 32


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_train_as_one(language_set: Path, tmp_path: Path, parallel: str) -> None:
    config = settings(language_set, "language", accumulate=2, parallel=parallel, eval_batches=3)
    toml, out = tmp_path / "c.toml", tmp_path / "two"
    train(language_model(), config, tmp_path / "one")
    for steps, more in ((4, []), (8, ["--resume"])):
        toml.write_text(as_toml(language_model(), replace(config, steps=steps, warmup_steps=8)))
        run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        command = [*run, "-m", "dragon", "train", "--config", str(toml), "--out", str(out), *more]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    train(language_model(), replace(config, warmup_steps=8), tmp_path / "alone")
    for name in ("loss", "val_loss"):
        one, two = (
            [line[name] for line in lines(run) if name in line and line["step"] != 4]
            for run in (tmp_path / "alone", out)
        )
        assert two == pytest.approx(one, rel=1e-4)
