"""Settings, Adam, training, writing, and the files of a model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.errors import ConfigError, DataError, InputError
from dragon.reference.dataset import Entry
from dragon.reference.examples import batches, make_example, pad_id
from dragon.reference.files import Model, open_model, save_model
from dragon.reference.optimizer import Optimizer, clipped
from dragon.reference.settings import StageConfig, small
from dragon.reference.softmax import IGNORED
from dragon.reference.training import Epoch, starting_values, train
from dragon.reference.writing import answer, write
from dragon.tokenizer.special import END
from dragon.tokenizer.word import WordTokenizer
from tests.reference.networks import TINY, doubles

ENTRIES = [
    Entry("", "The otter eats crabs.", "line 1"),
    Entry("", "The owl eats moths.", "line 2"),
    Entry("What does the otter eat?", "The otter eats crabs.", "line 3"),
    Entry("What does the owl eat?", "The owl eats moths.", "line 4"),
]
FAST = StageConfig(epochs=40, batch_size=4, learning_rate=5e-3)


@pytest.fixture(scope="module")
def tokenizer() -> WordTokenizer:
    return WordTokenizer.train([f"{e.instruction} {e.text}" for e in ENTRIES])


@pytest.fixture(scope="module")
def learnt(tokenizer: WordTokenizer) -> tuple[Model, list[Epoch]]:
    config = small(tokenizer.vocab_size, hidden_size=32, intermediate_size=32, num_hidden_layers=1)
    tensors = starting_values(config, 0, "float32")
    examples = [make_example(tokenizer, entry, 80) for entry in ENTRIES]
    epochs = train(tensors, config, FAST, examples, pad_id(tokenizer))
    return Model(config, tensors, tokenizer), epochs


def test_the_loss_falls_and_answers_are_learnt(learnt: tuple[Model, list[Epoch]]) -> None:
    model, epochs = learnt
    assert [e.number for e in epochs] == list(range(1, 41))
    assert epochs[-1].loss < 0.2 < 2 < epochs[0].loss
    for entry in ENTRIES[2:]:
        said = answer(model.tensors, model.config, model.tokenizer, entry.instruction, 20)
        assert said == entry.text


def test_training_is_repeatable_and_obeys_its_precision(tokenizer: WordTokenizer) -> None:
    config = small(tokenizer.vocab_size, hidden_size=16, intermediate_size=8, num_hidden_layers=1)
    stage = replace(FAST, epochs=2, dropout=0.2, weight_decay=0.1, precision="float64")
    examples = [make_example(tokenizer, entry, 80) for entry in ENTRIES]
    runs = []
    for _ in range(2):
        tensors = starting_values(config, 3, "float32")
        train(tensors, config, stage, examples, pad_id(tokenizer))
        runs.append(tensors)
    for name, tensor in runs[0].items():
        assert tensor.dtype == np.float64
        assert (tensor == runs[1][name]).all()


def test_a_saved_model_opens_in_the_engine(
    learnt: tuple[Model, list[Epoch]], tmp_path: Path
) -> None:
    model, _ = learnt
    save_model(tmp_path / "m", model)
    again = open_model(tmp_path / "m")
    assert again.config == model.config
    for name, tensor in model.tensors.items():
        assert (again.tensors[name] == tensor).all()
    end = model.tokenizer.id(END)
    prompt = [end, *model.tokenizer.encode("The otter")]
    ours = list(write(again.tensors, again.config, prompt, 10, end))
    engine = Engine.open(tmp_path / "m")
    assert list(engine.generate(prompt, max_tokens=10, stop_ids=[end])) == ours


def test_writing_stops_at_the_end_of_the_context() -> None:
    p = doubles(TINY)
    written = list(write(p, TINY, [1, 2, 3], 100, stop=-1))
    assert len(written) == TINY.max_position_embeddings - 3 + 1
    assert list(write(p, TINY, [1, 2, 3], 2, stop=-1)) == written[:2]
    assert list(write(p, TINY, [1, 2, 3], 100, stop=written[0])) == []


@pytest.mark.parametrize(
    ("config", "prompt", "tokens", "said"),
    [
        (replace(TINY, attention="bidirectional"), [1], 5, "both directions"),
        (TINY, [], 5, "0 tokens"),
        (TINY, [1] * 13, 5, "13 tokens"),
        (TINY, [1], 0, "max_tokens is 0"),
    ],
)
def test_what_cannot_be_written_is_said(
    config: ModelConfig, prompt: list[int], tokens: int, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        write(doubles(config), config, prompt, tokens, stop=0)


def test_answers_are_learnt_and_their_questions_are_not(tokenizer: WordTokenizer) -> None:
    example = make_example(tokenizer, ENTRIES[2], 80)
    learnt = [t for t in example.targets if t != IGNORED]
    assert learnt == [*tokenizer.encode(ENTRIES[2].text), tokenizer.id(END)]
    assert len(example.ids) == len(example.targets)
    whole = make_example(tokenizer, ENTRIES[0], 80)
    assert whole.targets == [*whole.ids[1:], tokenizer.id(END)]
    with pytest.raises(DataError, match=r"line 1: it has 6 tokens; the model reads 5"):
        make_example(tokenizer, ENTRIES[0], 5)


def test_an_epoch_holds_every_example_once(tokenizer: WordTokenizer) -> None:
    examples = [make_example(tokenizer, entry, 80) for entry in ENTRIES]
    pad = pad_id(tokenizer)
    seen = []
    for ids, targets in batches(examples, 3, pad, np.random.default_rng(0)):
        assert ids.shape == targets.shape
        assert (targets[ids == pad] == IGNORED).all()
        seen += [[i for i in row if i != pad] for row in ids.tolist()]
    assert sorted(seen) == sorted(e.ids for e in examples)


def test_adamw_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    random = np.random.default_rng(0)
    ours = {"a.weight": random.standard_normal((3, 4))}
    theirs = torch.nn.Parameter(torch.from_numpy(ours["a.weight"].copy()))
    optimizer = Optimizer(rate=0.01, decay=0.1)
    reference = torch.optim.AdamW([theirs], lr=0.01, weight_decay=0.1)
    for _ in range(5):
        gradient = random.standard_normal((3, 4))
        optimizer.step(ours, {"a.weight": gradient})
        theirs.grad = torch.from_numpy(gradient)
        reference.step()
    np.testing.assert_allclose(ours["a.weight"], theirs.detach().numpy(), rtol=1e-12)


def test_short_gradients_are_not_clipped() -> None:
    assert clipped({"w": np.array([3.0, 4.0])}, 10.0)["w"].tolist() == [3.0, 4.0]
    assert clipped({"w": np.array([3.0, 4.0])}, 0.0)["w"].tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"batch_size": 5000},
        {"learning_rate": 0.0},
        {"learning_rate": 1.5},
        {"learning_rate": float("nan")},
        {"weight_decay": -0.1},
        {"clip": -1.0},
        {"dropout": 1.0},
        {"seed": -1},
        {"precision": "float16"},
        {"epochs": 1.5},
    ],
)
def test_every_setting_has_its_range(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        StageConfig(**values)  # type: ignore[arg-type]


def test_a_run_that_explodes_says_so(tokenizer: WordTokenizer) -> None:
    config = small(tokenizer.vocab_size, hidden_size=16, intermediate_size=8, num_hidden_layers=1)
    tensors = starting_values(config, 0, "float32")
    tensors["lm_head.weight"][:] = np.inf
    examples = [make_example(tokenizer, entry, 80) for entry in ENTRIES]
    with np.errstate(all="ignore"), pytest.raises(ConfigError, match="Lower the learning rate"):
        train(tensors, config, FAST, examples, pad_id(tokenizer))


def test_only_a_causal_model_learns_to_write(tokenizer: WordTokenizer) -> None:
    config = small(tokenizer.vocab_size, attention="bidirectional")
    with pytest.raises(ConfigError, match="must be causal"):
        train({}, config, FAST, [], 0)
