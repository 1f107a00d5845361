"""Probabilities of texts: what the engine says one by one, whatever is read together."""

from pathlib import Path

import numpy as np
import pytest

from dragon.errors import CheckpointError, InputError
from dragon.evaluate.likelihood import LanguageModel
from tests.answer.number_reader import write_number_reader
from tests.evaluate.models import TEXTS, write_knowing, write_random

VARIANTS = [{}, {"position": "learned", "norm": "layernorm"}, {"pointer_head": True}]
VARIANTS += [{"attention": "prefix"}, {"sliding_window": 3}]


@pytest.mark.parametrize("fields", VARIANTS, ids=str)
@pytest.mark.parametrize("kernels", [None, "numpy"])
def test_together_as_alone(tmp_path: Path, fields: dict[str, object], kernels: str | None) -> None:
    model = LanguageModel.open(write_random(tmp_path, **fields), kernels=kernels)
    sequences = [model.encode(text)[:n] for text in TEXTS for n in (2, 5, 9)]
    together = model.log_probs(sequences)
    for ids, found in zip(sequences, together, strict=True):
        logits = model.engine.logits(np.array(ids[:-1]), 0).astype(np.float64)
        whole = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        assert found == pytest.approx([whole[i, t] for i, t in enumerate(ids[1:])], abs=1e-4)


def test_an_ending_and_its_prompt_make_the_whole(tmp_path: Path) -> None:
    model = LanguageModel.open(write_random(tmp_path))
    [ending] = model.continuations("Ada Lind was born in", [" Oslo."])
    before, whole = model.totals(["Ada Lind was born in", "Ada Lind was born in Oslo."])
    assert before + ending == pytest.approx(whole, abs=1e-4)


def test_what_is_known_by_heart_is_likely_and_is_written(tmp_path: Path) -> None:
    model = LanguageModel.open(write_knowing(tmp_path, [TEXTS[2]]))
    known, unknown = model.totals([TEXTS[2], "The locker Ida of has Vik the number 47123."])
    assert known > unknown
    assert model.write(["The locker of"], 2) == ["Ida Vik"]
    assert model.write(["saw " * 99 + "The locker of"], 2) == ["Ida Vik"]  # its end is read


def test_what_is_sampled_follows_the_seed(tmp_path: Path) -> None:
    model = LanguageModel.open(write_random(tmp_path))
    first = model.write(["", "She"], 8, 1.0, seed=4)
    assert model.write(["", "She"], 8, 1.0, seed=4) == first
    assert model.write(["", "She"], 8, 1.0, seed=5) != first


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    model = LanguageModel.open(write_random(tmp_path / "m"))
    with pytest.raises(InputError, match="the model reads 32"):
        model.log_probs([[1] * 33])
    with pytest.raises(InputError, match="two tokens at least"):
        model.log_probs([[1]])
    with pytest.raises(CheckpointError, match="reads in both directions"):
        LanguageModel.open(write_number_reader(tmp_path / "reader"))
