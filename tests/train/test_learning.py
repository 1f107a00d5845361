"""Both objectives learn; the schedule; the order of batches; starting from other weights."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dragon.checkpoint import read_config
from dragon.config import TrainConfig
from dragon.errors import DataError
from dragon.model.transformer import Transformer
from dragon.train.batches import reading_order
from dragon.train.embeddings import cooccurrence_embeddings
from dragon.train.loop import train
from dragon.train.optimizer import make_optimizer
from dragon.train.reader import ReaderObjective, hide
from dragon.train.schedule import learning_rate
from tests.train.runs import language_model, reader_model, settings


def test_a_language_model_learns(language_set: Path, tmp_path: Path) -> None:
    config = settings(language_set, "language", steps=60, batch_tokens=1024, eval_every=60)
    figures = train(language_model(), config, tmp_path)
    assert figures["val_loss"] < np.log(600) - 0.8  # a guess costs log V nats
    assert figures["val_perplexity"] == pytest.approx(np.exp(figures["val_loss"]), rel=0.05)
    assert read_config(tmp_path / "best") == language_model()


def test_a_reader_learns(reading_set: Path, tmp_path: Path) -> None:
    config = settings(reading_set, "reader", steps=60, batch_tokens=2048, eval_every=60)
    seen: list[float] = []

    class Watch:
        def begin(self, steps: int) -> None:
            assert steps == 60

        def step(self, metrics: dict[str, float]) -> None:
            seen.append(metrics["span_loss"])

        def note(self, text: str) -> None:
            assert text.startswith("step 60: val_loss ")

    figures = train(reader_model(), config, tmp_path, watcher=Watch())
    assert np.mean(seen[-10:]) < np.mean(seen[:5]) - 0.8
    assert 0 <= figures["val_exact"] <= 1


def test_a_run_can_start_from_another(
    reading_set: Path, language_set: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    train(reader_model(), settings(reading_set, "reader", steps=2), first)
    config = settings(reading_set, "reader", steps=1, learning_rate=1e-9, min_learning_rate=1e-10)
    config_from = TrainConfig(**{**_dict(config), "init": str(first / "last")})
    train(reader_model(), config_from, tmp_path / "second")
    from safetensors.numpy import load_file

    before = load_file(first / "last/model.safetensors")
    after = load_file(tmp_path / "second/last/model.safetensors")
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in before)


def _dict(config: TrainConfig) -> dict[str, object]:
    return {name: getattr(config, name) for name in TrainConfig.__dataclass_fields__}


def test_a_loss_that_is_no_number_stops_the_run(language_set: Path, tmp_path: Path) -> None:
    config = settings(language_set, "language", learning_rate=1e30, steps=20, clip=1e30)
    with pytest.raises(DataError, match=r"Lower train\.learning_rate"):
        train(language_model(), config, tmp_path)


@given(st.integers(1, 500), st.integers(0, 600), st.floats(1e-5, 1.0), st.floats(0.01, 1.0))
def test_the_schedule_rises_then_falls(steps: int, warmup: int, peak: float, share: float) -> None:
    config = TrainConfig(
        steps=steps, warmup_steps=warmup, learning_rate=peak, min_learning_rate=peak * share
    )
    rates = [learning_rate(config, step) for step in range(steps)]
    assert all(0 < rate <= peak * (1 + 1e-9) for rate in rates)
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    if steps > warmup:
        assert learning_rate(config, steps) == pytest.approx(peak * share)


def test_norms_biases_and_tables_do_not_decay() -> None:
    model = Transformer(reader_model())
    decayed, plain = make_optimizer(model, TrainConfig()).param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert all("_proj" in names[id(p)] or "span" in names[id(p)] for p in decayed["params"])
    assert plain["weight_decay"] == 0
    assert {"model.embed_tokens.weight", "dragon.span.bias", "dragon.features.0.weight"} <= {
        names[id(p)] for p in plain["params"]
    }


@given(st.lists(st.integers(1, 200), min_size=1, max_size=80), st.integers(32, 600))
def test_an_epoch_holds_every_example_once(lengths: list[int], batch_tokens: int) -> None:
    order = reading_order(np.array(lengths), batch_tokens, seed=3)
    seen: list[int] = []
    while len(seen) < len(lengths):
        batch = next(order).tolist()
        widths = {-(-lengths[i] // 32) for i in batch}
        assert len(widths) == 1  # one shape a batch
        assert len(batch) == 1 or len(batch) * widths.pop() * 32 <= batch_tokens
        seen += batch
    assert sorted(seen) == list(range(len(lengths)))


def test_batches_from_a_step_on_are_the_same_batches(reading_set: Path) -> None:
    config = settings(reading_set, "reader", accumulate=2)
    objective = ReaderObjective(reader_model(), config)
    whole = list(islice(objective.batches(0), 40))
    later = list(islice(objective.batches(7), 26))
    assert all(torch.equal(a.ids, b.ids) for a, b in zip(whole[14:], later, strict=True))


def test_answers_are_never_hidden(reading_set: Path) -> None:
    objective = ReaderObjective(reader_model(), settings(reading_set, "reader"))
    torch.manual_seed(0)
    for batch in islice(objective.batches(0), 10):
        ids, hidden = hide(batch, 0.5)
        assert (ids != batch.ids).any()
        for row, (start, end) in enumerate(batch.answers.tolist()):
            if start > 0:
                answer = slice(start, end + 1)
                assert torch.equal(ids[row, answer], batch.ids[row, answer])
        text = batch.features[..., 0] >= 15
        assert not (hidden & ~text)[:, 1:].any()


def test_tokens_in_like_company_start_alike() -> None:
    rng = np.random.default_rng(0)
    # 2 and 3 stand between 10 and 11; 4 and 5 between 12 and 13.
    ways = [[10, 2, 11], [10, 3, 11], [12, 4, 13], [12, 5, 13]]
    tokens = np.concatenate([[*ways[way], 0, 0, 0, 0, 0] for way in rng.integers(0, 4, 2000)])
    vectors = cooccurrence_embeddings(tokens.astype(np.uint16), 16, 8)
    like = torch.nn.functional.cosine_similarity
    assert like(vectors[2], vectors[3], dim=0) > like(vectors[2], vectors[4], dim=0)
    assert vectors.norm(dim=1).max() == pytest.approx(0.02 * 8**0.5, rel=1e-4)
