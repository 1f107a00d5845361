"""Model folders: float or int8, on whichever kernels; damaged ones are refused by name."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.kernels import COMPILED, make_body, native_is_built
from dragon.errors import CheckpointError, ConfigError, InputError
from dragon.quantize import quantize_checkpoint
from dragon.weights import num_parameters
from tests.engine.models import as_weights, needs_native, prompt, random_tensors

CONFIG = ModelConfig(
    200, 128, 192, 2, 4, 2, 64, reader_features=(3, 4), pointer_head=True, attention="causal"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "float"
    write_checkpoint(path, CONFIG, random_tensors(CONFIG), extras={"threshold": 0.5})
    return path


@pytest.fixture(scope="module")
def int8(folder: Path) -> Path:
    quantize_checkpoint(folder, folder.with_name("int8"))
    return folder.with_name("int8")


def test_an_opened_folder_reads(folder: Path) -> None:
    batch = [prompt(CONFIG, 30)]
    expected = Engine(CONFIG, as_weights(random_tensors(CONFIG)), kernels="numpy").read(batch)
    np.testing.assert_allclose(Engine.open(folder).read(batch), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_read(tmp_path: Path, folder: Path, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, tmp_path / "half")
    kind = getattr(torch, dtype)
    half = {k: v.to(kind) for k, v in load_file(folder / "model.safetensors").items()}
    save_file(half, tmp_path / "half" / "model.safetensors")
    rounded = {name: values.float().numpy() for name, values in half.items()}
    batch = [prompt(CONFIG, 20)]
    expected = Engine(CONFIG, as_weights(rounded), kernels="numpy").read(batch)
    ours = Engine.open(tmp_path / "half", kernels="numpy").read(batch)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)
    # Compiled kernels may round activations to bfloat16 where the weights are.
    close = 5e-2 if dtype == "bfloat16" else 1e-4
    ours = Engine.open(tmp_path / "half").read(batch)
    np.testing.assert_allclose(ours, expected, rtol=close, atol=close)


def test_an_int8_folder_is_the_same_model_on_a_quarter_of_the_room(
    folder: Path, int8: Path
) -> None:
    declared = json.loads((int8 / "config.json").read_text())["dragon"]
    assert declared["quantization"]["bits"] == 8
    assert declared["threshold"] == 0.5
    assert (int8 / "generation_config.json").exists()
    assert (int8 / "model.safetensors").stat().st_size < 2 * num_parameters(CONFIG)
    ids, _ = prompt(CONFIG, 40)
    exact = Engine.open(folder, kernels="numpy").logits(ids)
    for kernels in ("numpy", "native") if native_is_built() else ("numpy",):
        ours = Engine.open(int8, kernels=kernels).logits(ids)
        assert np.sqrt(np.mean((ours - exact) ** 2)) < 0.05 * exact.std()


def test_int8_matrices_are_mapped_and_not_copied(int8: Path) -> None:
    weights = Engine.open(int8, kernels="numpy").embedding.tokens
    assert not weights.q8.flags.owndata  # type: ignore[union-attr]
    assert weights.q8.ctypes.data % 64 == 0  # type: ignore[union-attr]


def test_safetensors_opens_what_we_quantise(int8: Path) -> None:
    from safetensors.numpy import load_file

    tensors = load_file(int8 / "model.safetensors")
    assert tensors["model.embed_tokens.weight.q8"].dtype == np.uint8


def test_what_cannot_be_quantised_is_refused(folder: Path, int8: Path, tmp_path: Path) -> None:
    for wrong, named in (({"bits": 3}, "3 bits"), ({"group": 48}, "groups of 48")):
        with pytest.raises(ConfigError, match=named):
            quantize_checkpoint(folder, tmp_path / "x", **wrong)
    with pytest.raises(ConfigError, match="calibration"):
        quantize_checkpoint(folder, tmp_path / "x", method="gptq")
    with pytest.raises(InputError, match="source itself"):
        quantize_checkpoint(folder, folder)
    with pytest.raises(CheckpointError, match="already quantised"):
        quantize_checkpoint(int8, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def changed(folder: Path, target: Path, **values: Any) -> Path:
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text())
    config.update(values)
    (target / "config.json").write_text(json.dumps(config))
    return target


def test_damaged_folders_are_refused(folder: Path, int8: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No model folder"):
        Engine.open(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"config\.json says"):
        Engine.open(changed(folder, tmp_path / "a", intermediate_size=64))
    with pytest.raises(CheckpointError, match=r"layers\.2"):
        Engine.open(changed(folder, tmp_path / "b", num_hidden_layers=3))
    with pytest.raises(CheckpointError, match="int8 layout"):
        Engine.open(changed(int8, tmp_path / "c", intermediate_size=64))
    with pytest.raises(CheckpointError, match="quantised as"):
        Engine.open(changed(int8, tmp_path / "d", dragon={"quantization": {"bits": 3}}))
    (tmp_path / "b" / "model.safetensors").write_bytes(
        (folder / "model.safetensors").read_bytes()[:-4]
    )
    with pytest.raises(CheckpointError, match="truncated"):
        Engine.open(tmp_path / "b")


@pytest.mark.parametrize(("name", "value"), [("KERNELS", "cuda"), ("THREADS", "0")])
def test_wrong_settings_are_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"DRAGON_{name}", value)
    with pytest.raises(ConfigError, match=value):
        Engine.open(folder)


@needs_native
def test_an_instruction_set_of_another_processor_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dragon._native import runs_on

    for isa in COMPILED:
        monkeypatch.setenv("DRAGON_KERNELS", isa)
        if runs_on(isa):
            assert Engine.open(folder).body.isa == isa  # type: ignore[attr-defined]
        else:
            with pytest.raises(ConfigError, match=isa):
                Engine.open(folder)


@needs_native
def test_what_native_does_not_cover_runs_on_numpy_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = ModelConfig(20, 16, 24, 1, 2, 1, 10, norm_placement="post")
    weights = as_weights(random_tensors(config))
    for _ in range(2):
        assert make_body(config, weights, None, None).name == "numpy"
    assert capsys.readouterr().err.count("post-norm") == 1
    with pytest.raises(ConfigError, match="post-norm"):
        make_body(config, weights, "native", None)


def test_without_compiled_kernels_one_line_says_so(folder: Path) -> None:
    script = (
        "import sys; sys.modules['dragon._native'] = None\n"
        "from pathlib import Path; from dragon.engine import Engine\n"
        f"print([Engine.open(Path({str(folder)!r})).kernels for _ in range(2)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['numpy', 'numpy']"
    assert done.stderr.count("no compiled kernels found") == 1


def test_the_engine_needs_no_pytorch(folder: Path) -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from dragon.engine import Engine\n"
        f"print(list(Engine.open(Path({str(folder)!r})).generate([1], max_tokens=2)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )
    assert done.stdout.startswith(b"[")
