"""What `dragon export hf` writes opens in `transformers` and computes the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from dragon.checkpoint import read_config
from dragon.engine import Engine
from dragon.errors import InputError
from dragon.interop.hugging_face import export_hugging_face
from dragon.quantize import quantize_checkpoint
from dragon.tokenizer import load_tokenizer
from tests.interop.models import MODELS, make

IDS = np.random.default_rng(0).integers(0, 300, 60)
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def engine_logits(folder: Path) -> np.ndarray:
    return Engine.open(folder, kernels="numpy").logits(IDS)


@pytest.mark.parametrize("name", MODELS)
def test_transformers_computes_the_same(tmp_path: Path, name: str) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = make(name, tmp_path / "model")
    export_hugging_face(folder, tmp_path / "out")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    assert model.config.model_type == name.partition("-")[0].replace("llama3", "llama")
    with torch.no_grad():
        theirs = model(torch.from_numpy(IDS)[None]).logits[0].numpy()
    np.testing.assert_allclose(engine_logits(folder), theirs, **CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_exported_and_opened_again_is_the_same_model(tmp_path: Path, name: str) -> None:
    folder, out = make(name, tmp_path / "model"), tmp_path / "out"
    export_hugging_face(folder, out)
    assert "dragon" not in json.loads((out / "config.json").read_text())
    assert read_config(out) == read_config(folder)
    np.testing.assert_array_equal(engine_logits(out), engine_logits(folder))
    text = "The ships, 17"
    assert load_tokenizer(out).encode(text) == load_tokenizer(folder).encode(text)


def test_packed_weights_become_float(tmp_path: Path) -> None:
    quantize_checkpoint(make("llama", tmp_path / "model"), tmp_path / "int8")
    export_hugging_face(tmp_path / "int8", tmp_path / "out")
    np.testing.assert_allclose(
        engine_logits(tmp_path / "out"), engine_logits(tmp_path / "int8"), **CLOSE
    )


def test_what_no_family_computes_is_refused(tmp_path: Path) -> None:
    for changed, problem in [
        ({"attention": "bidirectional"}, "attention is bidirectional"),
        ({"pointer_head": True}, "has a pointer head"),
        ({"reader_features": (20,), "reader_head": "recurrent"}, "reads with a recurrent head"),
        ({"norm_placement": "post"}, "No family of transformers computes this model"),
    ]:
        folder = make("llama", tmp_path / "model", **changed)
        with pytest.raises(InputError, match=problem):
            export_hugging_face(folder, tmp_path / "out")
    with pytest.raises(InputError, match="is the model itself"):
        export_hugging_face(tmp_path / "model", tmp_path / "model")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["gpt2", "qwen3"])
def test_another_librarys_folder_is_quantised(tmp_path: Path, name: str) -> None:
    export_hugging_face(make(name, tmp_path / "model"), tmp_path / "theirs")
    quantize_checkpoint(tmp_path / "theirs", tmp_path / "int8")
    exact, ours = engine_logits(tmp_path / "theirs"), engine_logits(tmp_path / "int8")
    assert np.sqrt(np.mean((ours - exact) ** 2)) < 0.1 * exact.std()
