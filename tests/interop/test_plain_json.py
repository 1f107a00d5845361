"""Plain JSON: every bit there and back; what is malformed is named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dragon.checkpoint import read_config, read_json, update_extras, write_checkpoint
from dragon.config import ModelConfig
from dragon.engine.folder import open_weights
from dragon.errors import CheckpointError
from dragon.interop.plain_json import _shortest, export_json, import_json
from dragon.tokenizer import load_tokenizer
from tests.interop.models import make, tensors

TINY = ModelConfig(12, 8, 10, 1, 2, 1, 16, reader_features=(3,), attention="bidirectional")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "tiny", TINY, tensors(TINY), extras={"threshold": 0.5})
    export_json(tmp_path / "tiny", tmp_path / "m.json")
    return tmp_path / "m.json"


def test_there_and_back(tmp_path: Path) -> None:
    folder, back = make("qwen2", tmp_path / "model"), tmp_path / "back"
    update_extras(folder, {"training": {"tokens": 5}})
    export_json(folder, tmp_path / "m.json")
    import_json(tmp_path / "m.json", back)
    assert read_config(back) == read_config(folder)
    assert read_json(back, "config.json") == read_json(folder, "config.json")
    before, after = open_weights(folder), open_weights(back)
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        np.testing.assert_array_equal(after[name].array.view(np.uint32), tensor.array.view("u4"))
    assert load_tokenizer(back).to_json() == load_tokenizer(folder).to_json()
    export_json(back, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "m.json").read_bytes()


def test_a_reader_and_its_threshold(tmp_path: Path, file: Path) -> None:
    import_json(file, tmp_path / "back")
    assert read_config(tmp_path / "back") == TINY
    assert read_json(tmp_path / "back", "config.json")["dragon"]["threshold"] == 0.5
    assert file.read_text().count("\n") > 40  # a row of a matrix on a line


@settings(max_examples=100)
@given(arrays(np.float32, 5, elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_every_float_survives(row: np.ndarray) -> None:
    read = np.array(json.loads(f"[{', '.join(_shortest(row))}]")).astype(np.float32)
    np.testing.assert_array_equal(read.view(np.uint32), row.view(np.uint32))


def changed(values: dict[str, Any], *path: str, to: Any) -> None:
    *first, last = path
    for name in first:
        values = values[name]
    values[last] = to


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (["format"], "x", "is no dragon-json file of version 1"),
        (["version"], 2, "is no dragon-json file of version 1"),
        (["config"], [], "config is no object"),
        (["config", "hidden_size"], "x", "model.hidden_size is 'x'"),
        (["config", "colour"], 1, "config.colour is not a setting"),
        (["config", "num_hidden_layers"], 2, "lacks model.layers.1"),
        (["tensors"], None, "tensors is no object"),
        (["tensors", "model.norm.weight"], 3, "model.norm.weight has rows"),
        (["tensors", "model.norm.weight", "rows"], [[1, 2]], "model.norm.weight has rows"),
        (["tensors", "model.norm.weight", "rows"], [["x"] * 8], "something else than numbers"),
        (["tensors", "model.norm.weight", "rows"], [[1, [2]]], "something else than numbers"),
        (["tensors", "model.norm.weight", "rows"], [[float("nan")] * 8], "no finite number"),
        (["tensors", "model.norm.weight", "rows"], [[1e300] * 8], "no finite number"),
    ],
)
def test_what_is_malformed_is_named(
    tmp_path: Path, file: Path, path: list[str], value: Any, problem: str
) -> None:
    values = json.loads(file.read_text())
    changed(values, *path, to=value)
    file.write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=problem):
        import_json(file, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    for text in ("", "[" * 100_000, "\xff"):
        (tmp_path / "m.json").write_text(text, "latin-1")
        with pytest.raises(CheckpointError, match="is not readable JSON"):
            import_json(tmp_path / "m.json", tmp_path / "back")


def test_a_value_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    values = tensors(TINY)
    values["model.norm.weight"][3] = np.nan
    write_checkpoint(tmp_path / "tiny", TINY, values)
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight holds a value that is no"):
        export_json(tmp_path / "tiny", tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()
