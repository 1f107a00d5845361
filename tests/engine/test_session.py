"""Reading in pieces, together or alone gives what reading at once gives; bad input is named."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.kernels import _why_not_native, native_is_built
from dragon.errors import InputError
from tests.engine.models import configs, engine, prompt

KERNELS = ["numpy", "native"] if native_is_built() else ["numpy"]
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


on_every_kernels = pytest.mark.parametrize("kernels", KERNELS)


def covered(kernels: str, config: ModelConfig) -> bool:
    return kernels == "numpy" or _why_not_native(config) is None


@on_every_kernels
@given(configs(attention="causal"), st.lists(st.integers(1, 9), min_size=1, max_size=7))
def test_in_pieces_equals_at_once(kernels: str, config: ModelConfig, pieces: list[int]) -> None:
    assume(covered(kernels, config))
    ids, _ = prompt(config, sum(pieces))
    whole = engine(config, kernels)
    session, start = whole.session(), 0
    expected = whole.logits(ids)
    for piece in pieces:
        part = ids[start : start + piece]
        start += piece
        logits = session.step(int(part[0])) if piece == 1 else session.prefill(part)
        np.testing.assert_allclose(logits, expected[start - 1], **CLOSE)


@on_every_kernels
@given(configs(attention="prefix"), st.integers(1, 20), st.integers(1, 9))
def test_a_prefix_is_read_in_both_directions(
    kernels: str, config: ModelConfig, first: int, more: int
) -> None:
    assume(covered(kernels, config))
    ids, _ = prompt(config, first + more)
    whole = engine(config, kernels)
    expected = whole.logits(ids, prefix_length=first)
    session = whole.session()
    np.testing.assert_allclose(session.prefill(ids[:first]), expected[first - 1], **CLOSE)
    for i in range(first, first + more):
        np.testing.assert_allclose(session.step(int(ids[i])), expected[i], **CLOSE)


@on_every_kernels
@given(configs(reader_features=(5, 2)), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_batched_equals_alone(kernels: str, config: ModelConfig, lengths: list[int]) -> None:
    assume(covered(kernels, config))
    reader = engine(config, kernels)
    batch = [prompt(config, length, seed) for seed, length in enumerate(lengths)]
    together = reader.read(batch)
    assert [len(scores) for scores in together] == lengths
    for one, scores in zip(batch, together, strict=True):
        np.testing.assert_allclose(reader.read([one])[0], scores, **CLOSE)


@on_every_kernels
@given(configs(attention="causal"), st.integers(0, 2**32))
def test_generation_is_streamed_repeatable_and_stops(
    kernels: str, config: ModelConfig, seed: int
) -> None:
    assume(covered(kernels, config))
    writer = engine(config, kernels)
    first = list(writer.generate([1, 2], max_tokens=6, temperature=1.0, top_k=9, seed=seed))
    assert first == list(writer.generate([1, 2], max_tokens=6, temperature=1.0, top_k=9, seed=seed))
    stopped = list(
        writer.generate(
            [1, 2], max_tokens=6, temperature=1.0, top_k=9, seed=seed, stop_ids={first[2]}
        )
    )
    assert stopped == first[: first.index(first[2])]


SMALL = ModelConfig(20, 16, 24, 2, 2, 1, 10, reader_features=(3, 4))


@on_every_kernels
def test_greedy_follows_the_logits(kernels: str) -> None:
    writer = engine(SMALL, kernels)
    ids = [3, 1]
    for token in writer.generate([3, 1], max_tokens=5):
        assert token == writer.logits(np.array(ids))[-1].argmax()
        ids.append(token)
    assert len(ids) == 7


@on_every_kernels
def test_generation_ends_with_the_context(kernels: str) -> None:
    writer = engine(SMALL, kernels)
    assert len(list(writer.generate([1] * 8, max_tokens=99))) == 3  # the last is never read back
    assert list(writer.generate([1], max_tokens=0)) == []


@on_every_kernels
@pytest.mark.parametrize(
    ("ids", "says"),
    [
        ([], "at least one"),
        ([20], "20 is outside the vocabulary of 20"),
        ([-1], "-1 is outside"),
        ([1] * 11, "11 tokens; the model reads 10"),
        ([[1]], "one dimension"),
        ([0.5], "float64"),
    ],
)
def test_ids_out_of_range_are_refused(kernels: str, ids: list[int], says: str) -> None:
    model = engine(SMALL, kernels)
    with pytest.raises(InputError, match=says):
        model.logits(np.array(ids))
    with pytest.raises(InputError, match=says):
        model.generate(np.array(ids), max_tokens=1)
    with pytest.raises(InputError, match=says):
        model.read([(np.array(ids), np.zeros((len(ids), 2), np.uint8))])


@on_every_kernels
def test_features_out_of_range_are_refused(kernels: str) -> None:
    model, ids = engine(SMALL, kernels), np.array([1, 2])
    for features in ([[0, 4], [0, 0]], [[3, 0], [0, 0]], [[0, 0]], [[0], [0]], [[-1, 0], [0, 0]]):
        with pytest.raises(InputError):
            model.read([(ids, np.array(features))])


@on_every_kernels
def test_an_overlong_sequence_is_refused_and_kept(kernels: str) -> None:
    session = engine(SMALL, kernels).session()
    session.prefill(np.array([1] * 8))
    with pytest.raises(InputError, match="11 tokens; the model reads 10"):
        session.prefill(np.array([1] * 3))
    assert session.length == 8
    session.prefill(np.array([1] * 2))


@on_every_kernels
def test_what_a_model_cannot_do_is_refused(kernels: str) -> None:
    causal = engine(ModelConfig(20, 16, 24, 1, 2, 1, 10), kernels)
    with pytest.raises(InputError, match="no span scorer"):
        causal.read([prompt(SMALL, 3)])
    with pytest.raises(InputError, match="prefix_length"):
        causal.logits(np.array([1]), prefix_length=1)
    both = engine(ModelConfig(20, 16, 24, 1, 2, 1, 10, attention="bidirectional"), kernels)
    with pytest.raises(InputError, match="both directions"):
        both.generate([1], max_tokens=1)
    prefix = engine(ModelConfig(20, 16, 24, 1, 2, 1, 10, attention="prefix"), kernels)
    with pytest.raises(InputError, match="prefix_length is 5 of 1"):
        prefix.logits(np.array([1]), prefix_length=5)


@on_every_kernels
def test_an_empty_batch_is_an_empty_answer(kernels: str) -> None:
    assert engine(SMALL, kernels).read([]) == []
